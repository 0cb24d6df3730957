//! Reading a stream of server-sent events.

use reqwest::Response;
use serde_json::Value;

use crate::soon;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name; `message` if it has none.
    pub name: String,
    /// Its id.
    pub id: Option<String>,
    /// Its data.
    pub data: String,
}

impl Event {
    /// The data as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error} in {}", self.data))
    }
}

/// A stream that is being read.
#[derive(Debug)]
pub struct Events {
    response: Response,
    /// What has come and is no whole event yet; a character may be cut at its end.
    buffer: Vec<u8>,
}

impl Events {
    pub(crate) fn of(response: Response) -> Self {
        Self { response, buffer: Vec::new() }
    }

    /// The status of the answer: 204 says that there is nothing more to come.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The next event; none at the end of the stream, however it came.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(at) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..at + 2).collect();
                if let Some(event) = event(std::str::from_utf8(&block).expect("events are text")) {
                    return Some(event);
                }
            }
            match soon("the next event", self.response.chunk()).await {
                Ok(Some(piece)) => self.buffer.extend_from_slice(&piece),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// The first event of this name from here on.
    pub async fn until(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before {name}"));
            if event.name == name {
                return event;
            }
        }
    }

    /// Everything up to the end of the stream.
    pub async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

/// The event that a block of lines is; none for a comment or a bare `retry`.
fn event(block: &str) -> Option<Event> {
    let mut event = Event { name: "message".to_owned(), id: None, data: String::new() };
    let mut data = Vec::new();
    for line in block.lines() {
        match line.split_once(": ") {
            Some(("event", name)) => name.clone_into(&mut event.name),
            Some(("id", id)) => event.id = Some(id.to_owned()),
            Some(("data", text)) => data.push(text),
            _ => {}
        }
    }
    event.data = data.join("\n");
    (!data.is_empty()).then_some(event)
}
