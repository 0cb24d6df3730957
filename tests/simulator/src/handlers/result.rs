//! Operation D: the result, waited for.

use std::time::Duration;

use axum::response::Response;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::runs::find;
use crate::call::{Call, reply};
use crate::refusal::Refusal;
use crate::run::Status;
use crate::wire::{Nulls, output, task_run};

const DEFAULT_TIMEOUT: u64 = 600;

/// D: blocks until the run stops being active or `timeout` seconds are over; 0 answers at once.
pub(super) async fn wait(call: &Call) -> Result<Response, Refusal> {
    let seconds = match call.parameter("timeout") {
        None => DEFAULT_TIMEOUT,
        Some(text) => text.parse().map_err(|_| {
            call.bad_parameter("timeout", "int_parsing", "Input should be a valid integer of at least 0")
        })?,
    };
    let run = find(call).map_err(|_| Refusal::NoResult)?;
    let world = &call.world;
    let timeout = SignedDuration::try_from(Duration::from_secs(seconds)).unwrap_or(SignedDuration::MAX);
    let deadline = world.now().saturating_add(timeout).unwrap_or(Timestamp::MAX);
    let until = run.ended_at().map_or(deadline, |ended| ended.min(deadline));
    world.config.clock.sleep_until(until).await;
    let now = world.now();
    match run.status_at(now).0 {
        Status::Completed => {
            let nulls = Nulls::LeftOut.swapped(call.tricks.swapped_nulls);
            let body = json!({"run": task_run(&run, now, nulls), "output": output(&run, now, nulls)});
            Ok(reply(StatusCode::OK, &body))
        }
        Status::Failed => Err(Refusal::RunFailed),
        status if status.is_active() => Err(Refusal::StillActive),
        _ => Err(Refusal::NoResult),
    }
}
