//! A caller of the service, with a key of its own.

use anyhow::{Context, bail};
use serde_json::Value;

/// Calls one service; clones share its connections.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    service: String,
}

impl Client {
    pub(crate) fn new(service: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "it calls a process of this program's own")]
        let http = reqwest::Client::builder().no_proxy().build().expect("the client has no special settings");
        Self { http, service: service.to_owned() }
    }

    /// Creates a group; returns its path.
    pub(crate) async fn create(&self, body: &Value) -> anyhow::Result<String> {
        let url = format!("{}/v1beta/tasks/groups", self.service);
        let answer = self.http.post(url).header("x-api-key", "bench").json(body).send().await?;
        let status = answer.status();
        let answer: Value = answer.json().await?;
        if status.as_u16() != 202 {
            bail!("a group was not accepted: {answer}");
        }
        Ok(format!("/{}", answer["taskgroup_id"].as_str().context("no id")?))
    }

    /// The unit once it is over, read whole as its user would.
    pub(crate) async fn wait(&self, group: &str) -> anyhow::Result<Value> {
        loop {
            let unit: Value = self.open(&format!("{group}.json?wait=60")).await?.json().await?;
            if unit["completed_at"].is_string() {
                return Ok(unit);
            }
        }
    }

    /// Reads a path to its end; returns its bytes.
    pub(crate) async fn read(&self, path: &str) -> anyhow::Result<usize> {
        Ok(self.open(path).await?.bytes().await?.len())
    }

    pub(crate) async fn open(&self, path: &str) -> anyhow::Result<reqwest::Response> {
        let url = format!("{}{path}", self.service);
        Ok(self.http.get(url).header("x-api-key", "bench").send().await?.error_for_status()?)
    }
}
