//! A simulator with a client, and time that passes while something is awaited.

use std::time::Duration;

use ambient::{Clock, Entropy};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use simulator::{Config, Simulator};

pub(crate) const KEY: &str = "test-key";

/// How the client talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

pub(crate) const PROTOCOLS: [Protocol; 2] = [Protocol::Http1, Protocol::Http2];

pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) clock: Clock,
    pub(crate) http: reqwest::Client,
}

/// A stream that was read to its end.
pub(crate) struct Stream {
    pub(crate) frames: Vec<Value>,
    /// Whether it broke instead of ending.
    pub(crate) broken: bool,
}

impl Stream {
    pub(crate) fn kinds(&self) -> Vec<&str> {
        self.frames.iter().filter_map(|frame| frame["type"].as_str()).collect()
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Config::default(), Protocol::Http1).await
    }

    pub(crate) async fn over(protocol: Protocol) -> Self {
        Self::with(Config::default(), protocol).await
    }

    pub(crate) async fn with(config: Config, protocol: Protocol) -> Self {
        let clock = config.clock.clone();
        let config = Config { entropy: Entropy::seeded(7), ..config };
        let simulator = Simulator::start(config).await.expect("it starts");
        Self { simulator, clock, http: http(protocol) }
    }

    /// A request with the usual key.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.simulator.url())).header("x-api-key", KEY)
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(self.request(Method::POST, path).json(body)).await
    }

    /// A run that was created with that body; its id.
    pub(crate) async fn create(&self, body: &Value) -> String {
        let (status, run) = self.post("/v1/tasks/runs", body).await;
        assert_eq!(status, 202, "{run}");
        text(&run["run_id"])
    }

    /// A run of `lite` about `input`; its id.
    pub(crate) async fn lite(&self, input: &Value) -> String {
        self.create(&json!({"processor": "lite", "input": input})).await
    }

    /// A group with a run of `lite` for each input; its id and theirs.
    pub(crate) async fn group(&self, inputs: &[&str]) -> (String, Vec<String>) {
        let (status, group) = self.post("/v1/tasks/groups", &json!({})).await;
        assert_eq!(status, 200, "{group}");
        let id = text(&group["taskgroup_id"]);
        let runs = self.add(&id, inputs).await;
        (id, strings(&runs["run_ids"]))
    }

    /// Adds a run of `lite` for each input; the reply.
    pub(crate) async fn add(&self, group: &str, inputs: &[&str]) -> Value {
        let inputs: Vec<Value> =
            inputs.iter().map(|input| json!({"processor": "lite", "input": input})).collect();
        let (status, reply) =
            self.post(&format!("/v1/tasks/groups/{group}/runs"), &json!({"inputs": inputs})).await;
        assert_eq!(status, 200, "{reply}");
        reply
    }

    /// Reads a stream to its end, while time passes.
    pub(crate) async fn stream(&self, path: &str) -> Stream {
        let reading = async {
            let mut response = self.request(Method::GET, path).send().await.expect("a reply");
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(response.headers()["content-type"], "text/event-stream");
            let mut text = Vec::new();
            let broken = loop {
                match response.chunk().await {
                    Ok(Some(chunk)) => text.extend_from_slice(&chunk),
                    Ok(None) => break false,
                    Err(_) => break true,
                }
            };
            Stream { frames: frames(std::str::from_utf8(&text).expect("text")), broken }
        };
        self.while_time_passes(reading).await
    }

    /// Awaits `work`, moving the clock on by a second again and again, up to a year.
    pub(crate) async fn while_time_passes<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        for _ in 0..31_536_000 {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = tokio::task::yield_now() => self.clock.advance(Duration::from_secs(1)),
            }
        }
        panic!("a year has passed in vain");
    }

    /// Moves the clock on.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the test's own client")]
pub(crate) fn http(protocol: Protocol) -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy();
    let builder = match protocol {
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http2 => builder.http2_prior_knowledge(),
    };
    builder.build().expect("plain settings make a client")
}

pub(crate) async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("a reply");
    let status = response.status().as_u16();
    (status, response.json().await.expect("a reply of JSON"))
}

/// Every frame of a stream, each held to the framing: `event:` and one `data:` line that agree, nothing else.
fn frames(text: &str) -> Vec<Value> {
    let mut blocks: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(blocks.pop(), Some(""), "a stream ends with a blank line");
    blocks
        .into_iter()
        .map(|block| {
            let (event, data) = block.split_once('\n').expect("two lines");
            let event = event.strip_prefix("event: ").expect("an event line first");
            let data = data.strip_prefix("data: ").expect("a data line second");
            assert!(!data.contains('\n'), "no third line");
            let data: Value = serde_json::from_str(data).expect("JSON");
            assert_eq!(data["type"], event);
            data
        })
        .collect()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

pub(crate) fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap_or_else(|| panic!("not a list: {value}")).iter().map(text).collect()
}

/// A schema with a text and a list of texts.
pub(crate) fn schema() -> Value {
    json!({"type": "json", "json_schema": {"type": "object",
        "properties": {"ceo": {"type": "string"}, "models": {"type": "array", "items": {"type": "string"}}},
        "required": ["ceo", "models"], "additionalProperties": false}})
}
