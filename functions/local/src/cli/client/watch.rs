//! `multitask watch`: follows a group to its end, a line for each change.
//!
//! A cut stream is taken up behind the last event that came, so no line comes twice.

use std::process::ExitCode;
use std::time::Duration;

use futures::StreamExt;
use reqwest::Method;
use sseer::EventStream;

use super::refused::Refused;
use super::state::{self, State};
use super::{Client, Target};

/// After a cut, before the stream is opened again; twice as long each time it fails.
const LEAST_PAUSE: Duration = Duration::from_millis(500);
const MOST_PAUSE: Duration = Duration::from_secs(30);

/// Follows the group; the exit code says how it ended.
pub(crate) async fn run(target: Target) -> anyhow::Result<ExitCode> {
    let (client, id) = target.find()?;
    Ok(follow(&client, &id, |line| println!("{line}")).await?.exit_code())
}

/// Follows a group to its end, telling each change; returns how it stands then.
pub(super) async fn follow(client: &Client, id: &str, mut tell: impl FnMut(String)) -> anyhow::Result<State> {
    let mut watch = Watch::default();
    let mut pause = LEAST_PAUSE;
    loop {
        match read(client, id, &mut watch, &mut tell).await {
            Ok(true) => return Ok(watch.state),
            Ok(false) => pause = LEAST_PAUSE,
            Err(error) if watch.last.is_none() || is_final(&error) => return Err(error),
            Err(error) => eprintln!("{error:#}; trying again in {} s", pause.as_secs_f32()),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MOST_PAUSE);
    }
}

/// Whether asking again would be answered the same.
fn is_final(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|refused| refused.status < 500 && refused.status != 429)
}

/// What is known of the group.
#[derive(Debug, Default)]
struct Watch {
    state: State,
    /// The id of the last event.
    last: Option<String>,
}

/// Reads one stream; says whether the group's end was in it.
async fn read(
    client: &Client,
    id: &str,
    watch: &mut Watch,
    tell: &mut impl FnMut(String),
) -> anyhow::Result<bool> {
    let mut request =
        client.request(Method::GET, &format!("/{id}/events")).header("accept", "text/event-stream");
    if let Some(last) = &watch.last {
        request = request.header("last-event-id", last);
    }
    let response = client.send(request).await?;
    if response.status().as_u16() == 204 {
        return Ok(true);
    }
    let mut events = std::pin::pin!(EventStream::new(response.bytes_stream()));
    while let Some(Ok(event)) = events.next().await {
        if !event.id.is_empty() {
            watch.last = Some(event.id.to_string());
        }
        match &*event.event {
            "run_update" => state::row(&event.data).into_iter().for_each(&mut *tell),
            "initial" | "group_status" | "complete" => {
                let state: State = serde_json::from_str(&event.data)?;
                if state != watch.state {
                    tell(state.line());
                    watch.state = state;
                }
                if event.event == "complete" {
                    return Ok(true);
                }
            }
            "error" => anyhow::bail!("the server says: {}", event.data),
            _ => {}
        }
    }
    Ok(false)
}
