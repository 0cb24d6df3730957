//! `POST /v1beta/tasks/groups`: a group is accepted, durably, and somebody will drive it.
//!
//! The inputs are written first, then the unit with what its `Idempotency-Key` remembers, then its message. A crash behind the first leaves
//! inputs that nobody names and that expire; a crash behind the second is swept.

use axum::extract::{Request, State};
use axum::response::Response;
use domain::UnitId;
use domain::group::Inputs;
use domain::input::FIRST_SOURCE;
use domain::limits::CHILD_RETENTION;
use domain::message::Work;
use domain::progress::Progress;
use domain::run::Counts;
use domain::unit::{Asks, Kind, Lease, Spec, Status, Unit};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::Created;
use vault::Secret;
use web::{Caller, body};

use super::estimate::reckoned;
use crate::accepted::{Given, answer, json};
use crate::check::{self, Rows};
use crate::form::{self, Draft, Purpose, Sent};
use crate::idempotency::Key;
use crate::refusal::Refusal;
use crate::{Api, DUE, after, base, identity, kept_until};

/// What a group says of its processor while the choice is the upstream's.
const NOT_CHOSEN: &str = "not asked for: the upstream is asked to recommend one when the group begins";

/// Accepts a group, or says everything that is wrong with it.
pub(crate) async fn create(State(api): State<Api>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let (headers, query) = (&parts.headers, parts.uri.query());
    let caller = identity::caller(&api, headers)?;
    let base = base::of(&api, &parts)?;
    body::kind(headers).map_err(Refusal::Refused)?;
    let bytes = body::read(headers, body).await.map_err(Refusal::Refused)?;
    let owner = identity::owner(&api, &caller);
    let request = [b"create".as_slice(), query.unwrap_or_default().as_bytes(), &bytes];
    let key = Key::of(headers, &owner, &request)?;
    if let Some(key) = &key
        && let Some(before) = key.before(&api, headers).await?
    {
        return Ok(before);
    }
    let sent = Sent::read(headers, &bytes, query).map_err(Refusal::Refused)?;
    let checked = check::complete(&api, form::group(sent, Purpose::Create)).await?;
    if checked.draft.dry_run {
        return Ok(json(StatusCode::OK, &reckoned(&checked, true)));
    }

    let estimate = json!(checked.estimate());
    let (inputs, rows) = match checked.rows {
        Rows::Known(rows) => (Inputs::Stored { rows: u32::try_from(rows.len()).unwrap_or(u32::MAX) }, rows),
        Rows::Unread(url) => (Inputs::Url { url }, Vec::new()),
        // A create does not take a mere number for its rows; should it ever, none would be there to buy.
        Rows::Counted(_) => return Err(Refusal::NoRows),
    };
    let unit = made(&api, &caller, base, checked.draft, inputs);
    api.store().put_inputs(&unit.id, FIRST_SOURCE, 0, &rows, after(unit.created_at, CHILD_RETENTION)).await?;
    let told = told(&unit, &estimate);
    let remembered = key.as_ref().map(|key| key.remembering(&told, unit.created_at));
    match (api.store().create_unit(&unit, remembered.as_ref()).await?, key) {
        (Created::Before(before), Some(key)) => return key.again(&before, headers),
        (Created::Now | Created::Before(_), _) => {}
    }
    tracing::info!(unit.id = %unit.id, unit.rows = unit.rows(), "A group is accepted.");
    api.announce(&unit.id, Work::Unit { id: unit.id.clone(), hop: unit.lease.hop }).await;
    Ok(answer(&told, Given::Now, headers))
}

/// The unit that was asked for, whose rows come from `inputs`.
fn made(api: &Api, caller: &Caller, base: String, mut draft: Draft, inputs: Inputs) -> Unit {
    let (id, now) = (UnitId::from_bits(api.entropy().bytes()), api.now());
    let count = match inputs {
        Inputs::Stored { rows } => Some(rows),
        Inputs::Url { .. } => None,
    };
    draft.spec.inputs = inputs;
    if let (Some(webhook), Some(secret)) = (&mut draft.spec.webhook, &draft.webhook_secret) {
        let secret = Secret::new(secret.expose());
        webhook.sealed_secret = Some(api.sealer().seal(&secret, id.as_str()));
    }
    let sealed = identity::sealed(api, &id, caller, draft.mcp_servers);
    Unit {
        owner: identity::owner(api, caller),
        kind: Kind::Group,
        status: Status::Pending,
        lease: Lease { due_at: now.saturating_add(DUE).ok(), ..Lease::default() },
        round: 0,
        seq: 0,
        changes: 0,
        created_at: now,
        started_at: None,
        completed_at: None,
        modified_at: now,
        expires_at: kept_until(now),
        counts: Counts::pending(count.unwrap_or(0)),
        spec: Spec {
            public_base: base,
            upstream: api.settings().upstream.as_str().trim_end_matches('/').to_owned(),
            visibility: draft.visibility,
            group: draft.spec,
        },
        asks: Asks::default(),
        progress: Progress { rows: count, ..Progress::default() },
        sealed: Some(sealed),
        id,
    }
}

/// What is answered: where the group is, and what is known of it so far.
fn told(unit: &Unit, estimate: &Value) -> Value {
    let group = &unit.spec.group;
    let created: Timestamp = unit.created_at;
    json!({
        "url": unit.url(),
        "taskgroup_id": unit.id,
        "task_group_id": unit.id,
        "status": unit.status.word(),
        "num_task_runs": unit.progress.rows,
        "processor_used": group.processor,
        "processor_reason": if group.processor.is_some() { "asked for" } else { NOT_CHOSEN },
        "warnings": group.warnings,
        "estimate": estimate,
        "created_at": created,
        "expires_at": unit.expires_at,
    })
}
