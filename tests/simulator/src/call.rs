//! A call on its way: who calls what, with which body, under which tricks.
//!
//! What the handlers are given, and the small replies they give back.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::fault::{Effect, Faults};
use crate::owner::Owner;
use crate::refusal::{Complaint, Refusal};
use crate::request::fault;
use crate::world::World;

/// A call of an operation by somebody who may.
pub(crate) struct Call {
    pub(crate) world: Arc<World>,
    pub(crate) endpoint: Endpoint,
    pub(crate) owner: Owner,
    /// The group's id, where the path has one.
    pub(crate) group: String,
    /// The run's id, where the path has one.
    pub(crate) run: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) tricks: Tricks,
}

/// What a handler did, for the ledger; handlers that create leave it in the reply's extensions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Created {
    pub(crate) group: Option<String>,
    pub(crate) runs: Vec<String>,
}

/// What a reply has to do wrong.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tricks {
    pub(crate) cut: Option<Cut>,
    pub(crate) unknown_events: bool,
    pub(crate) unknown_status: bool,
    pub(crate) swapped_nulls: bool,
}

/// How a stream breaks off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) after_events: u32,
    pub(crate) with_error: bool,
}

impl Tricks {
    /// Draws what strikes this call.
    pub(crate) fn draw(faults: &Faults, endpoint: Endpoint, owner: &Owner) -> Self {
        let streams = matches!(endpoint, Endpoint::RunEvents | Endpoint::GroupRuns | Endpoint::GroupEvents);
        let drawn = faults.draw(endpoint, Some(owner), |effect| match effect {
            Effect::CutStream { .. } | Effect::UnknownEvents | Effect::UnknownStatus => streams,
            Effect::SwappedNulls => true,
            _ => false,
        });
        let mut tricks = Self::default();
        for effect in drawn {
            match effect {
                Effect::CutStream { after_events, with_error } => {
                    tricks.cut = Some(Cut { after_events, with_error });
                }
                Effect::UnknownEvents => tricks.unknown_events = true,
                Effect::UnknownStatus => tricks.unknown_status = true,
                _ => tricks.swapped_nulls = true,
            }
        }
        tricks
    }
}

impl Call {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let loc = [json!("body"), json!(error.column())];
            let msg = "JSON decode error";
            Refusal::Invalid(vec![fault("json_invalid", &loc, msg, &Value::Null)])
        })
    }

    /// A query parameter; empty counts as absent.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A boolean query parameter, by the words that pydantic takes.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool, Refusal> {
        match self.parameter(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(default),
            Some("true" | "1" | "yes" | "on" | "t" | "y") => Ok(true),
            Some("false" | "0" | "no" | "off" | "f" | "n") => Ok(false),
            Some(_) => Err(self.bad_parameter(name, "bool_parsing", "Input should be a valid boolean")),
        }
    }

    /// The refusal of a query parameter.
    pub(crate) fn bad_parameter(&self, name: &str, kind: &'static str, msg: &str) -> Refusal {
        let input = self.parameter(name).unwrap_or_default();
        let complaint = Complaint {
            kind,
            loc: vec![json!("query"), json!(name)],
            msg: msg.to_owned(),
            input: json!(input),
        };
        Refusal::Invalid(vec![complaint])
    }
}

/// A reply of JSON.
pub(crate) fn reply(status: StatusCode, body: &Value) -> Response {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .expect("a status and a plain header make a response")
}
