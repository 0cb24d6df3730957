//! Webhooks: told when a run has completed or failed, signed, and told again until somebody takes them.
//!
//! One task keeps all letters in order of time; a restart posts again what no receiver has taken. Runs that stop in
//! other ways are not told, since no document says that they are. Invariant: every attempt of a run's webhook has the
//! same id and body, and its own timestamp and signature.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use jiff::Timestamp;
use reqwest::redirect::Policy;
use ring::hmac;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::chance::Dice;
use crate::endpoint::Endpoint;
use crate::fault::Effect;
use crate::ledger::Delivery;
use crate::run::{Run, Status, after};
use crate::wire::{Nulls, task_run, time};
use crate::world::World;

const FIRST_RETRY: i64 = 5_000_000;
const GIVE_UP: i64 = 48 * 3_600_000_000;
const PATIENCE: Duration = Duration::from_secs(15);
/// From the end of a run to its webhook.
const LAG: i64 = 11_164;
const AT_ONCE: usize = 64;

/// Which key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// The bytes that follow `whsec_`, Base64-decoded.
    Standard,
    /// The whole secret, as old accounts have it.
    Legacy,
}

/// The `webhook-signature` for a delivery: `v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`.
///
/// A secret that does not decode signs as it is.
#[must_use]
pub fn sign(secret: &str, scheme: Scheme, id: &str, timestamp: i64, body: &[u8]) -> String {
    let decoded = secret.strip_prefix("whsec_").and_then(|rest| BASE64.decode(rest.as_bytes()).ok());
    let key = match (scheme, decoded) {
        (Scheme::Standard, Some(bytes)) => bytes,
        _ => secret.as_bytes().to_vec(),
    };
    let mut text = format!("{id}.{timestamp}.").into_bytes();
    text.extend_from_slice(body);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &text);
    format!("v1,{}", BASE64.encode(tag.as_ref()))
}

/// A webhook on its way.
#[derive(Debug)]
struct Letter {
    run: Arc<Run>,
    attempt: u32,
    /// `None` before the faults have been drawn.
    temper: Option<Temper>,
}

/// What a letter has to do wrong.
#[derive(Debug, Clone, Copy)]
struct Temper {
    deliveries: u32,
    scheme: Scheme,
}

/// The client that posts webhooks: wherever the caller said, without following redirects.
#[expect(clippy::disallowed_methods, reason = "the simulator plays an upstream, which posts to any address")]
fn client() -> reqwest::Client {
    // a provider that somebody else installed before is as good
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE);
    builder.build().expect("plain settings make a client")
}

/// Delivers what comes in, after what an earlier process left `untold`, until the simulator stops.
pub(crate) async fn work(
    world: Arc<World>,
    untold: Vec<Arc<Run>>,
    mut inbox: mpsc::UnboundedReceiver<Arc<Run>>,
) {
    let client = client();
    let mut letters: BTreeMap<(Timestamp, u64), Letter> = BTreeMap::new();
    let mut under_way: JoinSet<Option<(Timestamp, Letter)>> = JoinSet::new();
    let mut posted = 0_u64;
    let mut arrived: Vec<(Timestamp, Letter)> = untold.into_iter().filter_map(letter).collect();
    loop {
        for (at, letter) in arrived.drain(..) {
            posted += 1;
            letters.insert((at, posted), letter);
        }
        let due = letters.first_key_value().map_or(Timestamp::MAX, |((at, _), _)| *at);
        tokio::select! {
            () = world.closed() => return,
            run = inbox.recv() => match run {
                Some(run) => arrived.extend(letter(run)),
                None => return,
            },
            Some(retry) = under_way.join_next() => arrived.extend(retry.ok().flatten()),
            () = world.config.clock.sleep_until(due), if !letters.is_empty() && under_way.len() < AT_ONCE => {
                let Some((_, letter)) = letters.pop_first() else { continue };
                match letter.temper {
                    None => arrived.extend(open(&world, letter)),
                    Some(temper) => {
                        under_way.spawn(deliver(Arc::clone(&world), client.clone(), letter, temper));
                    }
                }
            }
        }
    }
}

/// The letter about the end of a run, if somebody is to be told of it, and when.
fn letter(run: Arc<Run>) -> Option<(Timestamp, Letter)> {
    run.request.webhook()?;
    let ended = run.ended_at()?;
    let told = matches!(run.status_at(ended).0, Status::Completed | Status::Failed);
    told.then(|| (after(ended, LAG), Letter { run, attempt: 1, temper: None }))
}

/// Draws what goes wrong with a letter that is due: it goes on at once, later, or never.
fn open(world: &World, letter: Letter) -> Option<(Timestamp, Letter)> {
    let mut temper = Temper { deliveries: 1, scheme: Scheme::Standard };
    let mut at = world.now();
    for effect in world.faults.draw(Endpoint::Webhook, Some(&letter.run.owner), |_| true) {
        match effect {
            Effect::DuplicateWebhook { deliveries } => temper.deliveries = deliveries.max(1),
            Effect::LegacySignature => temper.scheme = Scheme::Legacy,
            Effect::LateWebhook { seconds } => {
                #[expect(clippy::cast_possible_truncation, reason = "float to integer casts saturate")]
                let micros = (seconds * 1e6) as i64;
                at = after(at, micros.max(0));
            }
            Effect::LostWebhook => {
                told(world, &letter.run);
                return None;
            }
            _ => {}
        }
    }
    Some((at, Letter { temper: Some(temper), ..letter }))
}

/// One attempt; returns the next one if this was not taken.
async fn deliver(
    world: Arc<World>,
    client: reqwest::Client,
    letter: Letter,
    mut temper: Temper,
) -> Option<(Timestamp, Letter)> {
    let run = Arc::clone(&letter.run);
    let url = run.request.webhook()?.to_owned();
    let ended = run.ended_at()?;
    let data = task_run(&run, ended, Nulls::Printed);
    let body =
        json!({"timestamp": time(after(ended, LAG)), "type": "task_run.status", "data": data}).to_string();
    let webhook_id = format!("whevent_{}", Dice::of(&["webhook", &run.id]).letters(b"0123456789abcdef", 16));
    loop {
        let timestamp = world.config.clock.now().as_second();
        let signature =
            sign(&world.config.webhook_secret, temper.scheme, &webhook_id, timestamp, body.as_bytes());
        let request = client
            .post(&url)
            .header("content-type", "application/json")
            .header("webhook-id", &webhook_id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .body(body.clone());
        let reply = request.send().await.ok().map(|response| response.status());
        let at = world.now();
        world.records().deliver(Delivery {
            at,
            run_id: run.id.clone(),
            webhook_id: webhook_id.clone(),
            url: url.clone(),
            attempt: letter.attempt,
            status: reply.map(|status| status.as_u16()),
        });
        if !reply.is_some_and(|status| status.is_success()) {
            let wait = FIRST_RETRY.saturating_mul(1_i64 << (letter.attempt - 1).min(40));
            let next = after(at, wait);
            if next > after(ended, GIVE_UP) {
                told(&world, &run);
                return None;
            }
            let letter = Letter { run, attempt: letter.attempt + 1, temper: Some(temper) };
            return Some((next, letter));
        }
        temper.deliveries -= 1;
        if temper.deliveries == 0 {
            told(&world, &run);
            return None;
        }
    }
}

fn told(world: &World, run: &Run) {
    if world.book().told(run).is_err() {
        tracing::warn!(run = run.id, "a webhook will be sent again after a restart");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_test_vectors_are_met_with_both_keys() {
        let secret = crate::WEBHOOK_SECRET;
        let body = concat!(
            r#"{"timestamp":"2026-10-05T14:03:48.201559Z","type":"task_run.status","data":{"#,
            r#""run_id":"trun_5e0a11c0ffee4b1da3f29c04d7b81e65","#,
            r#""interaction_id":"trun_5e0a11c0ffee4b1da3f29c04d7b81e65","status":"completed","is_active":false,"#,
            r#""warnings":null,"error":null,"processor":"core","metadata":{"row":"17","batch":"demo-a"},"#,
            r#""taskgroup_id":null,"created_at":"2026-10-05T14:02:11.507218Z","#,
            r#""modified_at":"2026-10-05T14:03:48.190377Z"}}"#
        );
        let signed =
            |scheme| sign(secret, scheme, "whevent_5d1e7c20a9b34f68", 1_791_209_028, body.as_bytes());
        assert_eq!(signed(Scheme::Standard), "v1,3tpEq8DHvcMko95ogOTEi34Ya3w++lKpOrLHC52lYzY=");
        assert_eq!(signed(Scheme::Legacy), "v1,c/ZDYqj3snSdRi9HSKagl+Qq68e347Kwns7++GS5EkQ=");
    }
}
