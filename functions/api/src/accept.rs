//! Accepting a unit: what was asked for is durable before it is answered, and somebody will drive it.
//!
//! The inputs are written first, then the unit with what its keys remember, then its message. A crash behind the first leaves
//! inputs that nobody names and that expire; a crash behind the second is swept.

use axum::http::HeaderMap;
use axum::response::Response;
use domain::UnitId;
use domain::group::Inputs;
use domain::input::{FIRST_SOURCE, Input};
use domain::limits::CHILD_RETENTION;
use domain::message::Work;
use domain::progress::Progress;
use domain::run::Counts;
use domain::unit::{Asks, Kind, Lease, Spec, Status, Unit};
use metrics::Metric;
use serde_json::Value;
use store::{Created, Idempotent};
use vault::Secret;
use web::Caller;

use crate::accepted::{Given, answer};
use crate::check::Rows;
use crate::form::Draft;
use crate::idempotency::Key;
use crate::refusal::Refusal;
use crate::{Api, DUE, after, identity, kept_until, wake};

/// Characters of the first input that a list shows and searches.
const PREVIEW_CHARS: usize = 100;

/// The unit that was asked for, and the rows that are to be stored for it.
pub(crate) fn made(
    api: &Api,
    kind: Kind,
    (caller, base): (&Caller, String),
    mut draft: Draft,
    rows: Rows,
) -> Result<(Unit, Vec<Input>), Refusal> {
    let (inputs, rows) = match rows {
        Rows::Known(rows) => (Inputs::Stored { rows: u32::try_from(rows.len()).unwrap_or(u32::MAX) }, rows),
        Rows::Unread(url) => (Inputs::Url { url }, Vec::new()),
        // A create does not take a mere number for its rows; should it ever, none would be there to buy.
        Rows::Counted(_) => return Err(Refusal::NoRows),
    };
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
    let unit = Unit {
        owner: identity::owner(api, caller),
        kind,
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
            upstream: api.settings().upstream.as_str().trim_end_matches('/').to_owned(),
            preview: rows.first().map(preview),
            visibility: draft.visibility,
            woken: wake::is_asked_for(api.settings(), caller, &base),
            group: draft.spec,
            public_base: base,
        },
        asks: Asks::default(),
        progress: Progress { rows: count, ..Progress::default() },
        sealed: Some(sealed),
        id,
    };
    Ok((unit, rows))
}

/// Writes the unit with its rows and what its keys remember, sends its message, and answers with what is told of it.
pub(crate) async fn accept(
    api: &Api,
    (unit, rows): (&Unit, &[Input]),
    mut keys: Vec<Key>,
    told: &Value,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    api.store().put_inputs(&unit.id, FIRST_SOURCE, 0, rows, after(unit.created_at, CHILD_RETENTION)).await?;
    let remembered: Vec<Idempotent> = keys.iter().map(|key| key.remembering(told, unit.created_at)).collect();
    let remembered: Vec<&Idempotent> = remembered.iter().collect();
    if api.store().create_unit_under(unit, &remembered).await? != Created::Now {
        // Another request came first under one of the keys, and has its effect: its answer is this one's too.
        for key in &mut keys {
            if let Some(before) = key.before(api, headers).await? {
                return Ok(before);
            }
        }
        return Err(Refusal::Raced);
    }
    api.metrics().count(Metric::UnitsAccepted);
    api.metrics().add(Metric::RowsAccepted, u64::try_from(rows.len()).unwrap_or(u64::MAX));
    tracing::info!(unit.id = %unit.id, unit.kind = unit.kind.word(), unit.rows = unit.rows(), "A unit is accepted.");
    api.announce(unit, Work::unit(unit.id.clone(), unit.lease.hop)).await;
    Ok(answer(told, Given::Now, headers))
}

/// The beginning of an input: a text as it reads, anything else as JSON.
fn preview(input: &Input) -> String {
    let text = serde_json::from_str::<String>(input.get()).unwrap_or_else(|_| input.get().to_owned());
    text.chars().take(PREVIEW_CHARS).collect()
}
