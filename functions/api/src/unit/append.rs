//! `POST /{id}/runs`: further rows for a group, in every form in which rows come.
//!
//! The rows are stored under a name of their own before the group is asked to take them, so who loses a race has only written what expires.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use domain::fault::Fault;
use domain::id::BASE32;
use domain::input::Input;
use domain::limits::CHILD_RETENTION;
use domain::unit::{Append, Unit};
use serde_json::{Value, json};
use web::body;

use super::decide;
use super::{Change, Outcome, ask};
use crate::accepted::{Given, answer};
use crate::check::{Fetched, fetched};
use crate::form::{self, List, Sent, Taken};
use crate::idempotency::Key;
use crate::refusal::Refusal;
use crate::{Api, after, identity};

/// Appends rows.
pub(crate) async fn append(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let (headers, query) = (&parts.headers, parts.uri.query());
    let caller = identity::caller(&api, headers)?;
    let owner = identity::owner(&api, &caller);
    let unit = identity::owned(&api, &id, &owner).await?;
    body::kind(headers).map_err(Refusal::Refused)?;
    let bytes = body::read(headers, body).await.map_err(Refusal::Refused)?;
    let request = [b"append".as_slice(), id.as_bytes(), query.unwrap_or_default().as_bytes(), &bytes];
    let mut key = Key::of(headers, &owner, &request)?;
    if let Some(key) = &mut key
        && let Some(before) = key.before(&api, headers).await?
    {
        return Ok(before);
    }
    let sent = Sent::read(headers, &bytes, query).map_err(Refusal::Refused)?;
    let (rows, mcp_servers) = rows(&api, &unit, sent).await?;

    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let source = format!("a{}", BASE32.encode(&api.entropy().bytes::<5>()));
    api.store().put_inputs(&unit.id, &source, 0, &rows, after(unit.created_at, CHILD_RETENTION)).await?;
    let decide = |unit: &Unit| {
        fits(unit, count)?;
        decide::appended(unit, Append { source: source.clone(), rows: count, at: api.now() }, api.now())
    };
    let remembering =
        |seen: &Unit, stands: &Unit| Some(key.as_ref()?.remembering(&told(seen, stands, count), api.now()));
    let change = Change { segment: &id, caller: &caller, mcp_servers };
    match (ask(&api, change, decide, remembering).await?, &key) {
        (Outcome::Before(before), Some(key)) => key.again(&before, headers),
        (Outcome::Before(_), None) => Err(Refusal::Raced),
        (Outcome::Done(units), _) => Ok(answer(&told(&units.0, &units.1, count), Given::Now, headers)),
    }
}

/// The rows of a request, all of them in order, or everything that is wrong with them.
async fn rows(api: &Api, unit: &Unit, sent: Sent<'_>) -> Result<(Vec<Input>, Option<Value>), Refusal> {
    let mut addition = form::addition(sent);
    let taken = Taken {
        offset: addition.offset,
        limit: addition.limit,
        there: unit.rows(),
        spec_chars: form::spec_chars(&unit.spec.group),
    };
    let rows = match addition.list {
        List::Rows(rows) => form::rows(rows, taken),
        List::Url(url) => match fetched(api, &url).await {
            Ok(Fetched::Rows(rows)) => form::rows(rows, taken),
            Ok(Fetched::Large(failure)) => {
                let message =
                    format!("the list cannot be appended: {failure}; a large list begins a group of its own");
                Err(vec![Fault::new("/inputs", message)])
            }
            Err(faults) => Err(faults),
        },
        List::Count(_) | List::Nothing => Ok(Vec::new()),
    };
    let rows = rows.unwrap_or_else(|faults| {
        addition.faults.extend(faults);
        Vec::new()
    });
    if addition.faults.is_empty() {
        Ok((rows, addition.mcp_servers))
    } else {
        Err(Refusal::Faulty { faults: addition.faults, received: None })
    }
}

/// Whether the group takes so many rows more, by its number and its budget.
fn fits(unit: &Unit, count: u32) -> Result<(), Refusal> {
    let (there, group) = (unit.rows(), &unit.spec.group);
    if u64::from(there) + u64::from(count) > u64::from(domain::limits::ROWS) {
        let message = format!("has {count} rows; the group has {there} of {} already", domain::limits::ROWS);
        return Err(Refusal::Faulty { faults: vec![Fault::new("/inputs", message)], received: None });
    }
    let surely = if group.cache_hours.is_some() { 0 } else { there + count };
    let processor = unit.progress.processor.as_ref().or(group.processor.as_ref());
    match form::over_budget(surely, processor.map(String::as_str), group.max_cost) {
        Some(fault) => Err(Refusal::TooDear(fault)),
        None => Ok(()),
    }
}

fn told(seen: &Unit, stands: &Unit, count: u32) -> Value {
    json!({
        "url": stands.url(),
        "taskgroup_id": stands.id,
        "status": stands.status.word(),
        "appended": count,
        "first_index": seen.rows(),
        "num_task_runs": seen.rows() + count,
    })
}
