//! What a receiver can check: signatures, ids, the body.

use jiff::SignedDuration;
use serde_json::Value;
use std::time::Duration;
use store::SigningSecrets;
use vault::Secret;
use vault::webhook::SigningSecret;
use webhook::{Settings, webhook_id};

use domain::delivery::{Outcome, State};

use crate::world::{KEY, World, answered, id, outbound, owner};

const OWNERS_CONTEXT: &str = "owner:owner";

impl World {
    /// The secret that an owner is shown.
    pub(crate) async fn owners_secret(&self) -> String {
        let kept = self.store.signing_secrets(&owner()).await.expect("a table").expect("a secret");
        self.sealer.open(&kept.sealed, OWNERS_CONTEXT).expect("ours").expose().to_owned()
    }

    fn sealed(&self, secret: &str) -> String {
        self.sealer.seal(&Secret::new(secret), OWNERS_CONTEXT)
    }
}

fn secret(byte: u8) -> SigningSecret {
    SigningSecret::generate([byte; 32])
}

#[tokio::test]
async fn a_delivery_arrives_signed_by_its_owners_secret_which_is_made_once() {
    let world = World::start().await;
    let first = world.told(1, &world.receiver.url("/hook")).await;
    world.settle().await;
    let made = world.owners_secret().await;
    let second = world.told(2, &world.receiver.url("/hook")).await;
    world.settle().await;

    assert_eq!(world.owners_secret().await, made);
    let hits = world.receiver.hits();
    assert_eq!(hits.len(), 2);
    for (hit, unit) in hits.iter().zip([&first, &second]) {
        assert!(hit.verifies_by(&made));
        assert!(!hit.verifies_by(secret(1).expose()));
        assert_eq!(hit.header("webhook-id"), webhook_id(unit, KEY));
        assert_eq!(hit.header("content-type"), "application/json");
        let body: Value = serde_json::from_str(&hit.body).expect("JSON");
        assert_eq!(body["url"], format!("https://multitask.test/{unit}"));
        assert_eq!((&body["type"], &body["status"]), (&"task_group.cancelled".into(), &"cancelled".into()));
        assert_eq!(world.state(unit).await, State::Delivered);
        let attempts = world.attempts(unit).await;
        assert_eq!((attempts.len(), attempts[0].attempt), (1, 1));
        assert_eq!(attempts[0].outcome, answered(200));
    }
}

#[tokio::test]
async fn a_units_own_secret_goes_before_the_operators_and_that_before_the_owners() {
    let settings = Settings { operator_secret: Some(secret(2)), ..Settings::default() };
    let world = World::with(settings).await;
    let (own, plain) = (id(1), id(2));
    let sealed = world.sealer.seal(&Secret::new(secret(1).expose()), own.as_str());
    world.announced(&own, &world.receiver.url("/own"), Some(sealed)).await;
    world.announced(&plain, &world.receiver.url("/plain"), None).await;
    world.stream(&[&own, &plain]).await;
    world.settle().await;
    let hits = world.receiver.hits();
    assert_eq!(hits.len(), 2);
    for hit in hits {
        let signer = if hit.path == "/own" { secret(1) } else { secret(2) };
        assert!(hit.verifies_by(signer.expose()), "{}", hit.path);
        assert_eq!(hit.header("webhook-signature").split(' ').count(), 1);
    }
    assert_eq!(world.store.signing_secrets(&owner()).await.expect("a table"), None, "none was needed");
}

#[tokio::test]
async fn while_a_secret_is_rotated_both_sign_for_a_day_and_then_one() {
    let world = World::start().await;
    let now = world.clock.now();
    let rotated = SigningSecrets {
        sealed: world.sealed(secret(2).expose()),
        made_at: now,
        before: Some((world.sealed(secret(1).expose()), now + SignedDuration::from_hours(24))),
    };
    assert!(world.store.put_signing_secrets(&owner(), None, &rotated).await.expect("a table"));
    world.told(1, &world.receiver.url("/within")).await;
    world.settle().await;
    world.clock.advance(Duration::from_hours(24));
    world.told(2, &world.receiver.url("/after")).await;
    world.settle().await;
    let verified: Vec<_> = world
        .receiver
        .hits()
        .iter()
        .map(|hit| [1, 2].map(|byte| hit.verifies_by(secret(byte).expose())))
        .collect();
    assert_eq!(verified, [[true, true], [false, true]]);
}

#[tokio::test]
async fn a_secret_that_cannot_be_opened_sends_nothing_unsigned_and_does_not_blame_the_endpoint() {
    let world = World::start().await;
    let unit = id(1);
    let url = world.receiver.url("/hook");
    let sealed_for_another = world.sealer.seal(&Secret::new(secret(1).expose()), id(2).as_str());
    world.announced(&unit, &url, Some(sealed_for_another)).await;
    world.stream(&[&unit]).await;
    world.settle().await;
    assert_eq!(world.receiver.hits().len(), 0);
    let outcome = world.last_outcome(&unit).await;
    assert!(
        matches!(&outcome, Outcome::Failed { reason } if reason.contains("cannot be opened")),
        "{outcome:?}"
    );
    assert!(matches!(world.state(&unit).await, State::Pending { attempt: 2, .. }));
    let endpoint = world.store.endpoint(&owner(), &vault::digest(url.as_bytes())).await.expect("a table");
    assert_eq!(endpoint.failing_since, None);
}

#[tokio::test]
async fn no_secret_is_shown_when_the_function_is_printed() {
    let settings = Settings { operator_secret: Some(secret(2)), ..Settings::default() };
    let world = World::start().await;
    let printed = format!("{:?}", world.webhook_with(outbound(&[]), settings));
    assert!(!printed.contains("whsec") && printed.contains("***"), "{printed}");
}
