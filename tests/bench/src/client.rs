//! A caller of the service, with a key of its own.

use anyhow::{Context, bail};
use serde_json::Value;

/// Calls one service; clones share its connections.
#[derive(Debug, Clone)]
pub struct Caller {
    http: reqwest::Client,
    service: String,
}

/// What was created.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Its id.
    pub id: String,
}

impl Caller {
    /// A caller of the service at this base URL.
    ///
    /// # Panics
    /// Where no HTTP client can be made at all.
    #[must_use]
    pub fn new(service: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "it calls a process of this program's own")]
        let http = reqwest::Client::builder().no_proxy().build().expect("the client has no special settings");
        Self { http, service: service.to_owned() }
    }

    /// Creates a unit by a POST to this path, which must answer 202.
    pub async fn create(&self, path: &str, body: &Value) -> anyhow::Result<Unit> {
        let url = format!("{}{path}", self.service);
        let answer = self.http.post(url).header("x-api-key", "bench").json(body).send().await?;
        let status = answer.status();
        let answer: Value = answer.json().await?;
        if status.as_u16() != 202 {
            bail!("it was not accepted: {answer}");
        }
        let id = answer["id"].as_str().or(answer["taskgroup_id"].as_str()).context("no id")?;
        Ok(Unit { id: id.to_owned() })
    }

    /// What stands at this path, read until this field of it says that the unit is over.
    pub async fn wait(&self, path: &str, ended: &str) -> anyhow::Result<Value> {
        loop {
            let unit: Value = self.open(&format!("{path}?wait=60")).await?.json().await?;
            if unit.pointer(ended).is_some_and(Value::is_string) {
                return Ok(unit);
            }
        }
    }

    /// Reads a path to its end; returns its bytes.
    pub async fn read(&self, path: &str) -> anyhow::Result<usize> {
        Ok(self.open(path).await?.bytes().await?.len())
    }

    /// The answer to a GET, which must succeed.
    pub async fn open(&self, path: &str) -> anyhow::Result<reqwest::Response> {
        let url = format!("{}{path}", self.service);
        Ok(self.http.get(url).header("x-api-key", "bench").send().await?.error_for_status()?)
    }
}
