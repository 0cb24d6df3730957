//! The control surface under `/_sim/`: for tests and programs in other processes.
//!
//! Faults, the ledger and the clock. Invariant: nothing here needs a key, and nothing here shows one.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::reply;
use crate::fault::Fault;
use crate::ledger::Ledger;
use crate::owner::Owner;
use crate::world::World;

#[derive(Deserialize)]
struct Advance {
    advance_seconds: f64,
}

/// Answers a request under `/_sim/`.
pub(crate) fn answer(
    world: &Arc<World>,
    method: &Method,
    path: &str,
    query: Option<&str>,
    body: &[u8],
) -> Response {
    match (method.as_str(), path) {
        ("GET", "") => reply(StatusCode::OK, &json!({"simulator": env!("CARGO_PKG_VERSION")})),
        ("GET", "faults") => reply(StatusCode::OK, &json!({"faults": world.faults.list()})),
        ("DELETE", "faults") => {
            world.faults.clear();
            reply(StatusCode::OK, &json!({"faults": []}))
        }
        ("PUT", "faults") => with(body, |faults: Vec<Fault>| {
            world.faults.set(faults);
            json!({"faults": world.faults.list()})
        }),
        ("POST", "faults") => with(body, |fault: Fault| {
            world.faults.add(fault);
            json!({"faults": world.faults.list()})
        }),
        ("GET", "ledger") => reply(StatusCode::OK, &ledger(world, query.unwrap_or_default())),
        ("GET", "shown") => reply(StatusCode::OK, &shown(world, query.unwrap_or_default())),
        ("GET", "clock") => reply(StatusCode::OK, &json!({"now": world.now()})),
        ("PUT", "clock") => with(body, |advance: Advance| {
            let by = Duration::try_from_secs_f64(advance.advance_seconds).unwrap_or_default();
            world.config.clock.advance(by);
            json!({"now": world.now()})
        }),
        (_, "" | "faults" | "ledger" | "shown" | "clock") => {
            reply(StatusCode::METHOD_NOT_ALLOWED, &json!({"error": "wrong method"}))
        }
        _ => reply(StatusCode::NOT_FOUND, &json!({"error": "known are faults, ledger, shown and clock"})),
    }
}

fn with<T: for<'de> Deserialize<'de>>(body: &[u8], act: impl FnOnce(T) -> Value) -> Response {
    match serde_json::from_slice(body) {
        Ok(value) => reply(StatusCode::OK, &act(value)),
        Err(error) => reply(StatusCode::UNPROCESSABLE_ENTITY, &json!({"error": error.to_string()})),
    }
}

/// What the run of this id shows of its progress in its whole life, in order.
fn shown(world: &Arc<World>, query: &str) -> Value {
    let run = query.strip_prefix("run=").unwrap_or_default();
    let shown = Ledger(Arc::clone(world)).shown(run);
    json!({"shown": shown.into_iter().map(|(_, event)| event).collect::<Vec<_>>()})
}

/// The ledger with the runs of a `key`, a `group`, a `metadata=name:value`, or all of these.
fn ledger(world: &Arc<World>, query: &str) -> Value {
    let query: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let filter = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let owner = filter("key").map(Owner::of_key);
    let group = filter("group");
    let metadata = filter("metadata").and_then(|pair| pair.split_once(':'));
    Ledger(Arc::clone(world)).told(|run| {
        let has = |(name, wanted): (&str, &str)| match run.request.metadata().get(name) {
            Some(Value::String(text)) => text == wanted,
            Some(other) => format!("{other}") == wanted,
            None => false,
        };
        owner.as_ref().is_none_or(|owner| run.owner == *owner)
            && group.is_none_or(|group| run.group.as_deref() == Some(group))
            && metadata.is_none_or(has)
    })
}
