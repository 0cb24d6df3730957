//! `POST /webhooks/parallel`: the upstream says that a run has ended, and whoever holds its unit is asked to look.
//!
//! Checked on the bytes as they came, before anything of them is read; refused where in doubt. Of a webhook that is the upstream's, nothing
//! is stored but its id: the holder asks the upstream itself. One that changes nothing is taken all the same, or the upstream would send it
//! for two days. Invariant: of all that come for a unit within [`WINDOW`], one is written down.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use domain::UnitId;
use domain::limits::UPSTREAM_WEBHOOK_BYTES;
use domain::message::Work;
use domain::wake::{self, WINDOW};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use store::Due;
use vault::webhook::Verifier;
use web::{Caller, body};

use crate::accepted::json;
use crate::refusal::Refusal;
use crate::{Api, DUE, Settings, after};

/// How long a webhook that had its effect is remembered: the upstream gives up after two days.
const REMEMBERED: Duration = Duration::from_hours(72);
/// Units that are kept in mind at most.
const LATELY: usize = 1_000;

/// Takes a webhook that is the upstream's; 401 for any other.
pub(crate) async fn wake(State(api): State<Api>, request: Request) -> Result<Response, Refusal> {
    let verifier = api.settings().upstream_webhooks.as_ref().ok_or(Refusal::NoUpstreamWebhooks)?;
    let (parts, body) = request.into_parts();
    let signed = Signed::of(&parts.headers).ok_or(Refusal::Unverified)?;
    let bytes = body::read_small(UPSTREAM_WEBHOOK_BYTES, &parts.headers, body).await;
    let bytes = bytes.map_err(Refusal::Refused)?;
    signed.verify(verifier, &bytes, api.now())?;
    if let Some(unit) = wake::unit_named(&bytes) {
        look(&api, &unit, &vault::digest(signed.id.as_bytes())).await?;
    } else {
        tracing::info!("A webhook of the upstream names no unit.");
    }
    Ok(json(StatusCode::OK, &json!({ "received": true })))
}

/// Whether the upstream is asked to tell of the ends of this caller's runs: its secret must be known, which is that of the server key's
/// account, and its webhooks must find their way here.
pub(crate) fn is_asked_for(settings: &Settings, caller: &Caller, base: &str) -> bool {
    let finds = settings.access.simulated || (caller.by_server_key && base.starts_with("https://"));
    settings.upstream_webhooks.is_some() && finds
}

/// Has the unit's holder look, if it waits for that and nobody asked it a moment ago. If nobody may be holding it any more, its message is sent
/// again, as the sweep would.
async fn look(api: &Api, id: &UnitId, webhook: &str) -> Result<(), Refusal> {
    let now = api.now();
    if api.0.lately.holds(id, now) {
        return Ok(());
    }
    let Some(unit) = api.store().unit(id).await? else { return Ok(()) };
    if !wake::concerns(&unit, api.settings().upstream.as_str()) {
        return Ok(());
    }
    if let Some(at) = unit.lease.nudged_at.filter(|at| is_fresh(*at, now)) {
        api.0.lately.take(id, at);
        return Ok(());
    }
    // Whoever finds the place taken comes before the write that is under way, which so stands for it too.
    if api.store().heard(webhook, now).await? || !api.0.lately.take(id, now) {
        return Ok(());
    }
    let nudged = api.store().nudge(&unit, now).await;
    if !matches!(nudged, Ok(true)) {
        api.0.lately.leave(id);
    }
    if !nudged? {
        return Ok(());
    }
    tracing::info!(unit.id = %id, "The upstream says that something has changed.");
    if let Some(due) = Due::of(&unit, now)
        && api.store().move_due(&due, now.saturating_add(DUE).unwrap_or(now)).await?
    {
        api.announce(&unit, Work::unit(id.clone(), due.hop)).await;
    }
    // Last: what is cut off before this is sent once more, and may have its effect again.
    api.store().remember_heard(webhook, after(now, REMEMBERED)).await?;
    Ok(())
}

/// What a webhook's headers say; none where one of them is missing, there twice, or no text.
struct Signed<'a> {
    id: &'a str,
    timestamp: i64,
    signatures: &'a str,
}

impl<'a> Signed<'a> {
    fn of(headers: &'a HeaderMap) -> Option<Self> {
        let header = |name: &str| {
            let mut given = headers.get_all(name).iter();
            let first = given.next()?.to_str().ok()?;
            given.next().is_none().then_some(first)
        };
        let id = header("webhook-id").filter(|id| !id.is_empty())?;
        let timestamp = header("webhook-timestamp")?.parse().ok()?;
        Some(Self { id, timestamp, signatures: header("webhook-signature")? })
    }

    fn verify(&self, verifier: &Verifier, body: &[u8], now: Timestamp) -> Result<(), Refusal> {
        let checked = verifier.verify(self.id, self.timestamp, self.signatures, body, now.as_second());
        checked.map_err(|why| {
            tracing::warn!(%why, "A webhook was refused.");
            Refusal::Unverified
        })
    }
}

/// The units whose holders were asked to look within the last [`WINDOW`], as far as this process knows, and when: so that a burst costs the
/// table nothing.
#[derive(Debug, Default)]
pub(crate) struct Lately(Mutex<HashMap<UnitId, Timestamp>>);

impl Lately {
    fn holds(&self, id: &UnitId, now: Timestamp) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).is_some_and(|at| is_fresh(*at, now))
    }

    /// Notes that the holder was asked at this time, or is being asked; false if it was, within the window before.
    fn take(&self, id: &UnitId, at: Timestamp) -> bool {
        let mut units = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if units.get(id).is_some_and(|other| is_fresh(*other, at)) {
            return false;
        }
        if units.len() >= LATELY {
            units.retain(|_, other| is_fresh(*other, at));
        }
        if units.len() < LATELY {
            units.insert(id.clone(), at);
        }
        true
    }

    /// Takes that back: nobody was asked.
    fn leave(&self, id: &UnitId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() < WINDOW
}

#[cfg(test)]
mod tests {
    use vault::Secret;
    use web::Access;

    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(millisecond).expect("a time")
    }

    #[test]
    fn webhooks_are_asked_for_where_their_secret_is_known_and_they_find_their_way() {
        let server = Some(Secret::new("server"));
        let access = |simulated, loopback| Access {
            simulated,
            loopback,
            server_key: server.clone(),
            ..Access::default()
        };
        let settings = |access: Access, secret: Option<&str>| Settings {
            access,
            upstream: "https://upstream.example".parse().expect("a URL"),
            public_url: None,
            operator_signs: false,
            upstream_webhooks: secret.map(|text| Verifier::new(&Secret::new(text)).expect("a secret")),
        };
        let secret = Some("a secret of sixteen or more");
        let (here, there) = ("http://127.0.0.1:8787", "https://tasks.example/prod");
        for (simulated, given, secret, base, expected) in [
            (false, None, secret, there, true),
            (false, None, secret, here, false),
            (false, None, None, there, false),
            // a caller's own account signs with a secret that nobody here knows
            (false, Some("own"), secret, there, false),
            (true, Some("own"), secret, here, true),
            (true, None, secret, here, true),
            (true, None, None, here, false),
        ] {
            let access = access(simulated, true);
            let caller = access.caller(given.map(Secret::new).as_ref()).expect("a caller");
            let asked = is_asked_for(&settings(access, secret), &caller, base);
            assert_eq!(asked, expected, "{simulated} {given:?} {secret:?} {base}");
        }
    }

    #[test]
    fn a_place_is_taken_for_the_window_and_no_longer() {
        let (lately, id) = (Lately::default(), UnitId::from_bits([1; 16]));
        assert!(!lately.holds(&id, at(0)));
        assert!(lately.take(&id, at(0)));
        assert!(lately.holds(&id, at(1_999)) && !lately.take(&id, at(1_999)));
        assert!(!lately.holds(&id, at(2_000)));
        assert!(lately.take(&id, at(2_000)));
        lately.leave(&id);
        assert!(lately.take(&id, at(2_001)), "nobody was asked after all");
    }

    #[test]
    fn so_many_units_are_kept_in_mind_and_no_more() {
        let lately = Lately::default();
        let unit = |n: usize| UnitId::from_bits(u128::try_from(n).expect("small").to_be_bytes());
        for n in 0..LATELY + 5 {
            assert!(lately.take(&unit(n), at(0)), "who is not kept in mind is asked once more");
        }
        assert_eq!(lately.0.lock().expect("nobody panics").len(), LATELY);
        assert!(lately.take(&unit(LATELY + 6), at(5_000)));
        assert_eq!(lately.0.lock().expect("nobody panics").len(), 1, "what is over is forgotten");
    }
}
