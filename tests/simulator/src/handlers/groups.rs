//! Operations F, G and H: create a group, its state, add runs to it.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::runs::{expect_webhook, refuse_fast, unknown_interactions};
use crate::book::Batch;
use crate::call::{Call, Created, reply};
use crate::group::Counts;
use crate::refusal::{Complaint, Refusal};
use crate::request::{Request, Spec, fault, metadata, parse, spec};
use crate::wire::time;

const INPUTS: usize = 1_000;

/// F: 200 with an empty group.
pub(super) fn create(call: &Call) -> Result<Response, Refusal> {
    let body = call.json()?;
    let Some(fields) = body.as_object() else {
        let complaint = fault("model_attributes_type", &[json!("body")], "Input should be an object", &body);
        return Err(Refusal::Invalid(vec![complaint]));
    };
    let complaints = metadata(fields.get("metadata"));
    if !complaints.is_empty() {
        return Err(Refusal::Invalid(complaints));
    }
    let metadata: Map<String, Value> =
        fields.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    let id = call.world.fresh_id("tgrp_");
    let created_at = call.world.now();
    let body = json!({
        "taskgroup_id": id,
        "metadata": metadata,
        "status": Counts::default().told(),
        "created_at": time(created_at),
    });
    call.world.book().create_group(id.clone(), call.owner.clone(), metadata, created_at)?;
    let mut response = reply(StatusCode::OK, &body);
    response.extensions_mut().insert(Created { group: Some(id), runs: Vec::new() });
    Ok(response)
}

/// G: the group as it is now.
pub(super) fn get(call: &Call) -> Result<Response, Refusal> {
    let mut book = call.world.book();
    let group = book.group(&call.owner, &call.group).ok_or(Refusal::GroupUnknown)?;
    let (counts, _) = group.look(call.world.now());
    let body = json!({
        "taskgroup_id": &*group.id,
        "metadata": group.metadata,
        "status": counts.told(),
        "created_at": time(group.created_at),
    });
    Ok(reply(StatusCode::OK, &body))
}

/// H: 200 with the ids of the runs, in the order of the inputs; all or none.
pub(super) fn add_runs(call: &Call) -> Result<Response, Refusal> {
    call.flag("refresh_status", true)?;
    let known = call.world.book().group(&call.owner, &call.group).map(|group| Arc::clone(&group.id));
    let id = known.ok_or(Refusal::GroupUnknown)?;
    let (default_spec, requests) = read(&call.json()?)?;
    refuse_fast(call, &requests)?;
    let mut book = call.world.book();
    let strangers = unknown_interactions(&book, &call.owner, &requests);
    if !strangers.is_empty() {
        let located = strangers.into_iter().map(|(n, complaint)| complaint.within(&place(n)));
        return Err(Refusal::Invalid(located.collect()));
    }
    let requests: Vec<(String, Request)> =
        requests.into_iter().map(|request| (call.world.fresh_id("trun_"), request)).collect();
    let before = book.group(&call.owner, &id).ok_or(Refusal::GroupUnknown)?;
    let (_, last_event) = before.look(call.world.now());
    let (run_cursor, event_cursor) = match before.runs.len() {
        0 => (None, None),
        count => (Some(count.to_string()), Some(last_event.to_string())),
    };
    let batch = Batch { owner: call.owner.clone(), group: Some(Arc::clone(&id)), default_spec, requests };
    let now = call.world.now();
    let runs = book.create_runs(batch, &call.world.config, now)?;
    let counts = book.group(&call.owner, &id).map(|group| group.look(now).0).unwrap_or_default();
    drop(book);
    for run in &runs {
        expect_webhook(call, run);
    }
    let run_ids: Vec<String> = runs.iter().map(|run| run.id.clone()).collect();
    let body = json!({
        "status": counts.told(),
        "run_ids": run_ids,
        "run_cursor": run_cursor,
        "event_cursor": event_cursor,
    });
    let mut response = reply(StatusCode::OK, &body);
    response.extensions_mut().insert(Created { group: Some(id.to_string()), runs: run_ids });
    Ok(response)
}

/// Reads the body; a bad element refuses the batch, and every fault of it is told.
fn read(body: &Value) -> Result<(Option<Arc<Spec>>, Vec<Request>), Refusal> {
    let mut complaints: Vec<Complaint> = Vec::new();
    let default = match body.get("default_task_spec") {
        None | Some(Value::Null) => None,
        Some(raw) => match spec::parse(raw, &[json!("body"), json!("default_task_spec")]) {
            Ok(spec) => Some(Arc::new(spec)),
            Err(found) => {
                complaints.extend(found);
                None
            }
        },
    };
    let loc = [json!("body"), json!("inputs")];
    let none = Vec::new();
    let inputs = match body.get("inputs") {
        Some(Value::Array(inputs)) if inputs.len() > INPUTS => {
            let msg =
                format!("List should have at most {INPUTS} items after validation, not {}", inputs.len());
            complaints.push(fault("too_long", &loc, &msg, &Value::Null));
            &none
        }
        Some(Value::Array(inputs)) => inputs,
        Some(other) => {
            complaints.push(fault("list_type", &loc, "Input should be a valid list", other));
            &none
        }
        None => {
            complaints.push(fault("missing", &loc, "Field required", body));
            &none
        }
    };
    let mut requests = Vec::with_capacity(inputs.len());
    for (n, input) in inputs.iter().enumerate() {
        match parse(input, default.as_ref()) {
            Ok(request) => requests.push(request),
            Err(Refusal::Invalid(found)) => {
                complaints.extend(found.into_iter().map(|complaint| complaint.within(&place(n))));
            }
            Err(_) => {
                let loc = [json!("body"), json!("processor")];
                let name = input.get("processor").unwrap_or(&Value::Null);
                complaints.push(fault("value_error", &loc, "Invalid processor", name).within(&place(n)));
            }
        }
    }
    if complaints.is_empty() { Ok((default, requests)) } else { Err(Refusal::Invalid(complaints)) }
}

/// Where the element at position `n` stands in the body.
fn place(n: usize) -> [Value; 2] {
    [json!("inputs"), json!(n)]
}
