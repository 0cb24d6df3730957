//! Who asks: an owner with a key, or a visitor with nothing.

use reqwest::Method;
use serde_json::Value;

use crate::{Answer, Events, soon};

/// Seconds of one long poll.
const WAIT_SECONDS: u32 = 20;

/// Somebody who asks; clones are the same person.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) key: Option<String>,
}

/// A group that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Its URL, as it was told.
    pub url: String,
}

impl Group {
    /// The path of this group with what follows its id: `group.path(".md")`, `group.path("/events")`.
    #[must_use]
    pub fn path(&self, rest: &str) -> String {
        format!("/{}{rest}", self.id)
    }
}

impl Client {
    /// A request with this person's key, to be filled and given to [`Client::send`].
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.request_to(method, &format!("{}{path}", self.base))
    }

    /// A request to another server than Multitask, such as the upstream, with this person's key.
    pub fn request_to(&self, method: Method, url: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, url);
        match &self.key {
            Some(key) => request.header("x-api-key", key),
            None => request,
        }
    }

    /// Sends a request and reads its answer to the end.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = async { Answer::read(request.send().await.expect("an answer")).await };
        soon("an answer", answer).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// GET of what this person would like best in this form.
    pub async fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.send(self.request(Method::GET, path).header("accept", accept)).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Creates a group, which must be accepted.
    pub async fn create(&self, body: &Value) -> Group {
        let answer = self.post("/v1beta/tasks/groups", body).await.expect(202).json();
        let text =
            |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned();
        Group { id: text("taskgroup_id"), url: text("url") }
    }

    /// The JSON of a group once it is over, which must be soon.
    pub async fn finished(&self, group: &Group) -> Value {
        soon("the end of the group", self.over(group)).await
    }

    /// The JSON of a large group once it is over, however long that takes while it goes on.
    pub async fn over(&self, group: &Group) -> Value {
        let path = group.path(&format!(".json?wait={WAIT_SECONDS}"));
        let mut before = Value::Null;
        loop {
            let change = async {
                loop {
                    let result = self.get(&path).await.expect(200).json();
                    if result["status"]["is_active"] == false || result["status"]["modified_at"] != before {
                        return result;
                    }
                }
            };
            let result = soon("a change of the group", change).await;
            if result["status"]["is_active"] == false {
                return result;
            }
            before = result["status"]["modified_at"].clone();
        }
    }

    /// Opens an event stream; `last` is the id of the last event that was seen before.
    pub async fn events(&self, path: &str, last: Option<&str>) -> Events {
        let mut request = self.request(Method::GET, path).header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Events::of(soon("the stream", request.send()).await.expect("an answer"))
    }
}
