//! An answer that was read to its end.

use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// What a request was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, which must be text.
    pub text: String,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.expect("a whole body") }
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {} {}", self.status, self.text))
    }

    /// A header; empty if it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The same answer, which must have this status.
    #[expect(
        clippy::must_use_candidate,
        clippy::return_self_not_must_use,
        reason = "often the status is all that a story wants to know"
    )]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The JSON pointers of the faults that a problem lists, in order.
    #[must_use]
    pub fn pointers(&self) -> Vec<String> {
        let problem = self.json();
        let faults = problem["errors"].as_array().cloned().unwrap_or_default();
        let pointer = |fault: &Value| fault["pointer"].as_str().unwrap_or_default().to_owned();
        faults.iter().map(pointer).collect()
    }
}
