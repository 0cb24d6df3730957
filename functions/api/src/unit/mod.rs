//! One group: appending to it, retrying what failed, cancelling, deleting, telling again.
//!
//! Each is decided on the unit as it was read (`decide`) and written on the condition that it still stands so; if not, it is read and decided anew.

pub(crate) mod append;
pub(crate) mod cancel;
mod decide;
pub(crate) mod delete;
pub(crate) mod redeliver;
pub(crate) mod retry;

use domain::message::Work;
use domain::unit::Unit;
use serde_json::{Map, Value};
use store::{Idempotent, Remembered, Store};
use web::Caller;

use crate::refusal::Refusal;
use crate::{Api, DUE, TRIES, identity};
use decide::Asked;

/// What came of asking a unit for more.
enum Outcome {
    /// It is written: the unit as it was, and as it stands now.
    Done(Box<(Unit, Unit)>),
    /// The same was asked for before, and answered so.
    Before(Remembered),
}

/// What a change needs to know besides the unit.
struct Change<'a> {
    segment: &'a str,
    caller: &'a Caller,
    mcp_servers: Option<Value>,
}

/// Asks a unit for more: decides on it as it is read, seals the caller's key where it is revived, writes, and sends its message.
///
/// `remembering` makes what the `Idempotency-Key` shall remember, of the unit as it was and as it will stand.
async fn ask(
    api: &Api,
    change: Change<'_>,
    decide: impl Fn(&Unit) -> Result<Asked, Refusal>,
    remembering: impl Fn(&Unit, &Unit) -> Option<Idempotent>,
) -> Result<Outcome, Refusal> {
    let owner = identity::owner(api, change.caller);
    for _ in 0..TRIES {
        let seen = identity::owned(api, change.segment, &owner).await?;
        let Asked { asks, mut revived } = decide(&seen)?;
        if let Some(unit) = &mut revived {
            unit.sealed = Some(identity::sealed(api, &unit.id, change.caller, change.mcp_servers.clone()));
        }
        let stands = revived.clone().unwrap_or_else(|| Unit { asks: asks.clone(), ..seen.clone() });
        let key = remembering(&seen, &stands);
        let due_at = api.now().saturating_add(DUE).unwrap_or(seen.expires_at);
        match api.store().ask(&seen, &asks, revived.as_ref(), due_at, key.as_ref()).await? {
            store::Appended::Raced => {}
            store::Appended::Before(remembered) => return Ok(Outcome::Before(remembered)),
            store::Appended::Done => {
                let hop = Store::hop_after(&seen);
                tracing::info!(unit.id = %seen.id, unit.hop = hop, "A unit is asked for more.");
                api.announce(&seen, Work::unit(seen.id.clone(), hop)).await;
                return Ok(Outcome::Done(Box::new((seen, stands))));
            }
        }
    }
    Err(Refusal::Raced)
}

/// Counts that are not zero, by the word of their status.
fn counts(unit: &Unit) -> Map<String, Value> {
    let statuses = domain::run::RunStatus::ALL.into_iter().filter(|status| unit.counts.of(*status) > 0);
    statuses.map(|status| (status.word().to_owned(), unit.counts.of(status).into())).collect()
}
