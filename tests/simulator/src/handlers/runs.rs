//! Operations A, B, C and J: create a run, its state, its input.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use crate::book::{Batch, Book};
use crate::call::{Call, Created, reply};
use crate::fault::Effect;
use crate::owner::Owner;
use crate::refusal::{Complaint, Refusal};
use crate::request::{Request, parse, rule};
use crate::run::Run;
use crate::wire::{Nulls, task_run};

/// A: 202 with the run, queued.
pub(super) fn create(call: &Call) -> Result<Response, Refusal> {
    let request = parse(&call.json()?, None)?;
    let requests = [request];
    refuse_fast(call, &requests)?;
    let run = {
        let mut book = call.world.book();
        let strangers = unknown_interactions(&book, &call.owner, &requests);
        if !strangers.is_empty() {
            return Err(Refusal::Invalid(strangers.into_iter().map(|(_, complaint)| complaint).collect()));
        }
        let requests = requests.into_iter().map(|request| (call.world.fresh_id("trun_"), request)).collect();
        let batch = Batch { owner: call.owner.clone(), group: None, default_spec: None, requests };
        let runs = book.create_runs(batch, &call.world.config, call.world.now())?;
        runs.into_iter().next().ok_or(Refusal::Unwritten)?
    };
    expect_webhook(call, &run);
    let nulls = Nulls::LeftOut.swapped(call.tricks.swapped_nulls);
    let mut response = reply(StatusCode::ACCEPTED, &task_run(&run, run.created_at, nulls));
    response.extensions_mut().insert(Created { group: None, runs: vec![run.id.clone()] });
    Ok(response)
}

/// B and J: the run as it is now.
pub(super) fn get(call: &Call) -> Result<Response, Refusal> {
    let run = find(call)?;
    let nulls = Nulls::LeftOut.swapped(call.tricks.swapped_nulls);
    Ok(reply(StatusCode::OK, &task_run(&run, call.world.now(), nulls)))
}

/// C: what the run was created with.
pub(super) fn input(call: &Call) -> Result<Response, Refusal> {
    Ok(reply(StatusCode::OK, &find(call)?.request.told_back()))
}

/// The run that the path names; through a group only if it belongs to that group.
pub(super) fn find(call: &Call) -> Result<Arc<Run>, Refusal> {
    let run = call.world.book().run(&call.owner, &call.run).ok_or(Refusal::RunUnknown)?;
    let elsewhere = !call.group.is_empty() && run.group.as_deref() != Some(call.group.as_str());
    if elsewhere { Err(Refusal::RunUnknown) } else { Ok(run) }
}

/// Refuses `-fast` processors where a fault says so.
pub(super) fn refuse_fast(call: &Call, requests: &[Request]) -> Result<(), Refusal> {
    let any = requests.iter().any(|request| request.choice.fast);
    let draw =
        || call.world.faults.draw(call.endpoint, Some(&call.owner), |effect| *effect == Effect::RefuseFast);
    if any && !draw().is_empty() { Err(Refusal::BadProcessor) } else { Ok(()) }
}

/// Complaints about earlier interactions that the owner never had, with the position of the request.
pub(super) fn unknown_interactions(
    book: &Book,
    owner: &Owner,
    requests: &[Request],
) -> Vec<(usize, Complaint)> {
    let named = requests.iter().enumerate().filter_map(|(n, request)| {
        let id = request.body.get("previous_interaction_id").and_then(Value::as_str)?;
        book.run(owner, id).is_none().then_some((n, id))
    });
    named
        .map(|(n, id)| {
            let loc = [json!("body"), json!("previous_interaction_id")];
            (n, rule(&loc, "Previous interaction not found".into(), &json!(id)))
        })
        .collect()
}

/// Has the end of the run told by webhook, if it subscribed.
pub(super) fn expect_webhook(call: &Call, run: &Arc<Run>) {
    if run.request.webhook().is_some() {
        // without its receiver the simulator is stopping; the journal remembers what was not told
        let _ = call.world.post.send(Arc::clone(run));
    }
}
