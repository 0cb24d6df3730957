//! Who asks for units, and changes them later, as the plan says.
//!
//! Asks again after a failure, with an idempotency key, so what is asked for is asked for once. Invariant: what is told of an answer is what
//! Multitask said, not what the caller wished.

use std::time::Duration;

use ambient::Clock;
use anyhow::Context;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::asked::{Asked, Change, Row};
use crate::dice::Dice;
use crate::reader::Reader;

const TRIES: usize = 5;
/// What a change finds that comes too late or too early for its unit.
const REFUSALS: [StatusCode; 3] = [StatusCode::CONFLICT, StatusCode::NOT_FOUND, StatusCode::GONE];

/// A unit that was made, and what was done to it.
#[derive(Debug)]
pub struct Made {
    /// What was asked for.
    pub asked: Asked,
    /// Its id.
    pub id: String,
    /// The change that was accepted, if one was.
    pub changed: Option<Change>,
    /// Who follows it live.
    pub reader: Option<Reader>,
}

/// Asks for things at one Multitask; clones are the same caller.
#[derive(Debug, Clone)]
pub struct Caller {
    http: reqwest::Client,
    base: String,
    receivers: String,
    clock: Clock,
}

impl Caller {
    /// A caller of the Multitask at this URL, who has ends told to receivers at that one.
    pub fn new(base: &str, receivers: &str, clock: Clock) -> anyhow::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "it calls this program's own ports")]
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, base: base.to_owned(), receivers: receivers.to_owned(), clock })
    }

    /// Asks for a unit, changes it when that is planned, and tells what became of both. Who is to follow it has begun then.
    pub async fn ask(&self, asked: Asked) -> anyhow::Result<Made> {
        let body = asked.body(&self.receivers);
        let id = if asked.twice {
            let (one, other) = tokio::join!(self.create(&asked, &body), self.create(&asked, &body));
            let (one, other) = (one?, other?);
            anyhow::ensure!(one == other, "{} was made twice, as {one} and {other}", asked.name);
            one
        } else {
            self.create(&asked, &body).await?
        };
        let url = format!("{}/{id}/events", self.base);
        // The seed stands in its name.
        let dice = Dice::new(0, &asked.name);
        let reader = asked.read.then(|| Reader::start(self.http.clone(), url, &asked.key, dice));
        let mut made = Made { asked, id, changed: None, reader };
        if let Some((after, change)) = made.asked.change.clone() {
            self.clock.sleep(Duration::from_secs_f64(after)).await;
            if self.change(&made, &change).await? {
                made.changed = Some(change);
            }
        }
        Ok(made)
    }

    /// Asks for a unit once; tells its id.
    async fn create(&self, asked: &Asked, body: &Value) -> anyhow::Result<String> {
        let (status, answer) = self.send(Method::POST, asked.path(), asked, Some(body)).await?;
        anyhow::ensure!(status.is_success(), "{} was refused with {status}: {answer}", asked.name);
        let id = answer["taskgroup_id"].as_str().or_else(|| answer["id"].as_str());
        Ok(id.with_context(|| format!("no id in {answer}"))?.to_owned())
    }

    /// Changes a unit; says whether that was accepted.
    async fn change(&self, made: &Made, change: &Change) -> anyhow::Result<bool> {
        let id = &made.id;
        let (method, path, body) = match change {
            Change::Cancel => (Method::POST, format!("/{id}/cancel"), None),
            Change::Delete => (Method::DELETE, format!("/{id}"), None),
            Change::Retry => (Method::POST, format!("/{id}/retry"), None),
            Change::Append(rows) => {
                let rows: Vec<Value> = rows.iter().map(Row::input).collect();
                (Method::POST, format!("/{id}/runs"), Some(json!({"inputs": rows})))
            }
        };
        let (status, answer) = self.send(method, &path, &made.asked, body.as_ref()).await?;
        if *change == Change::Delete && status == StatusCode::NOT_FOUND {
            // Nobody else deletes it: it was this caller, who was not told so.
            return Ok(true);
        }
        let refused = REFUSALS.contains(&status);
        anyhow::ensure!(status.is_success() || refused, "{change:?} of {id}: {status}: {answer}");
        Ok(status.is_success())
    }

    /// The JSON of a unit as its owner reads it.
    pub async fn read(&self, made: &Made, rest: &str) -> anyhow::Result<(StatusCode, Value)> {
        self.send(Method::GET, &format!("/{}{rest}", made.id), &made.asked, None).await
    }

    /// Sends a request, again after a failure of the service; the same idempotency key makes repetitions harmless.
    async fn send(
        &self,
        method: Method,
        path: &str,
        asked: &Asked,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let mut last = String::new();
        for _ in 0..TRIES {
            let request = self.http.request(method.clone(), format!("{}{path}", self.base));
            let mut request = request.header("x-api-key", &asked.key).timeout(Duration::from_secs(20));
            if method == Method::POST {
                request = request.header("idempotency-key", format!("{} {path}", asked.name));
            }
            if let Some(body) = body {
                request = request.json(body);
            }
            match request.send().await {
                Ok(answer) if !answer.status().is_server_error() => {
                    let status = answer.status();
                    let text = answer.text().await?;
                    return Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))));
                }
                Ok(answer) => {
                    last = format!("{}: {}", answer.status(), answer.text().await.unwrap_or_default());
                }
                Err(error) => last = error.to_string(),
            }
        }
        anyhow::bail!("{path} of {} is not answered: {last}", asked.name)
    }
}
