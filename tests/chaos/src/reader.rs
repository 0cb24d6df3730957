//! Who follows a task live: reads its named events, loses the connection now and then, and resumes behind the last event that it got.
//!
//! Invariant: what is kept is what came over the wire, in that order, whatever was broken off in between.

use std::time::Duration;

use ambient::Clock;
use futures::StreamExt;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::dice::Dice;

/// The wait after a stream that was broken off or refused.
const AGAIN: Duration = Duration::from_millis(200);
/// Events after which a reader loses its connection at the latest.
const LONGEST: u32 = 15;

/// What a reader got.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Read {
    /// Every event: its id, its name and its data.
    pub events: Vec<(String, String, Value)>,
    /// How often it resumed.
    pub resumed: u32,
    /// Whether it was told that all is over.
    pub complete: bool,
}

/// A reader at work.
#[derive(Debug)]
pub struct Reader {
    leave: oneshot::Sender<()>,
    task: JoinHandle<Read>,
}

impl Reader {
    /// Begins to read the events at this URL with this key; it loses the connection as these dice say.
    #[must_use]
    pub fn start(http: reqwest::Client, url: String, key: &str, dice: Dice) -> Self {
        let (leave, left) = oneshot::channel();
        let key = key.to_owned();
        let task = tokio::spawn(async move {
            let mut read = Read::default();
            tokio::select! {
                () = follow(&http, &url, &key, &dice, &mut read) => {}
                _ = left => {}
            }
            read
        });
        Self { leave, task }
    }

    /// What it got, once it was told the end, or when it has waited so long for that.
    pub async fn end(mut self, patience: Duration) -> anyhow::Result<Read> {
        if let Ok(read) = tokio::time::timeout(patience, &mut self.task).await {
            return Ok(read?);
        }
        // It may have come to its end in this moment.
        let _ = self.leave.send(());
        Ok(self.task.await?)
    }
}

/// Reads until all is over. It never returns if that is never told.
async fn follow(http: &reqwest::Client, url: &str, key: &str, dice: &Dice, read: &mut Read) {
    loop {
        let mut request = http.get(url).header("x-api-key", key);
        if let Some((last, ..)) = read.events.last() {
            request = request.header("last-event-id", last);
        }
        if let Ok(answer) = request.send().await {
            if answer.status() == reqwest::StatusCode::NO_CONTENT {
                read.complete = true;
            } else if answer.status().is_success() {
                until_broken(answer, dice.whole(1, LONGEST), read).await;
            }
        }
        if read.complete {
            return;
        }
        read.resumed += 1;
        Clock::system().sleep(AGAIN).await;
    }
}

/// Reads this stream until it ends, or until so many events have come.
async fn until_broken(answer: reqwest::Response, most: u32, read: &mut Read) {
    let mut pieces = answer.bytes_stream();
    let (mut buffer, mut left) = (Vec::new(), most);
    while let Some(Ok(piece)) = pieces.next().await {
        buffer.extend_from_slice(&piece);
        while let Some(at) = buffer.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = buffer.drain(..at + 2).collect();
            let Some(event) = event(&String::from_utf8_lossy(&block)) else { continue };
            read.complete |= event.1 == "complete";
            read.events.push(event);
            left = left.saturating_sub(1);
            if read.complete || left == 0 {
                return;
            }
        }
    }
}

/// The event that a block of lines is; none for one without data.
fn event(block: &str) -> Option<(String, String, Value)> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = serde_json::from_str(field("data")?).ok()?;
    Some((field("id").unwrap_or_default().to_owned(), field("event").unwrap_or_default().to_owned(), data))
}
