//! Receivers of every kind: gone, busy, redirecting, private, slow, dead.

use std::time::Duration;

use domain::delivery::{Outcome, State};
use webhook::Settings;

use crate::receiver::Reply;
use crate::world::{World, answered, id, outbound};

#[tokio::test]
async fn a_receiver_that_says_gone_gets_nothing_more() {
    let world = World::start().await;
    world.receiver.reply([Reply::Status(410)]);
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    world.settle().await;
    assert_eq!(world.state(&unit).await, State::Gone);
    assert_eq!(world.last_outcome(&unit).await, answered(410));
    assert_eq!(world.queues.all().len(), 0);
}

#[tokio::test]
async fn retry_after_is_honoured_within_bounds() {
    let world = World::start().await;
    let busy = |seconds: &str| Reply::With(503, "retry-after", seconds.to_owned());
    world.receiver.reply([busy("600"), busy("99999999"), busy("1"), busy("soon")]);
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    // The ladder alone would say 5 s, 1 min, 5 min, 30 min.
    for (least, most) in [(600, 660), (86_400, 95_040), (300, 330), (1_800, 1_980)] {
        world.next().await;
        let wait = world.wait(&unit).await.as_secs();
        assert!((least - 60..=most).contains(&wait), "{wait} s, not {least} to {most}");
    }
    let asked = world.attempts(&unit).await.remove(0).outcome;
    assert_eq!(asked, Outcome::Answered { status: 503, retry_after_seconds: Some(600) });
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let world = World::start().await;
    let elsewhere = world.receiver.url("/elsewhere");
    world.receiver.reply([Reply::With(307, "location", elsewhere)]);
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    world.settle().await;
    let paths: Vec<_> = world.receiver.hits().into_iter().map(|hit| hit.path).collect();
    assert_eq!(paths, ["/hook"]);
    assert_eq!(world.last_outcome(&unit).await, answered(307));
    assert!(matches!(world.state(&unit).await, State::Pending { attempt: 2, .. }));
}

#[tokio::test]
async fn a_receiver_on_loopback_is_refused_and_the_log_names_the_option() {
    let world = World::start().await;
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    let strict = world.webhook_with(outbound(&[]), Settings::default());
    assert_eq!(world.hand(&strict).await, Vec::<String>::new());
    assert_eq!(world.receiver.hits().len(), 0);
    assert_eq!(world.state(&unit).await, State::Refused);
    let outcome = world.last_outcome(&unit).await;
    let Outcome::Refused { reason } = &outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("--allow-host") && reason.contains("MULTITASK_ALLOW_HOST"), "{reason}");
    assert_eq!(world.queues.all().len(), 0);

    // Once the host is allowed, a redelivery arrives.
    world.redeliver(&unit).await;
    world.settle().await;
    assert_eq!(world.state(&unit).await, State::Delivered);
}

#[tokio::test]
async fn a_receiver_that_answers_too_late_has_failed() {
    let world = World::with(Settings { timeout: Duration::from_millis(50), ..Settings::default() }).await;
    world.receiver.reply([Reply::Hang]);
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    world.settle().await;
    let attempt = world.attempts(&unit).await.remove(0);
    assert_eq!(attempt.outcome, Outcome::Failed { reason: "the answer did not come in time".to_owned() });
    assert!(attempt.milliseconds >= 50, "{}", attempt.milliseconds);
    assert!(matches!(world.state(&unit).await, State::Pending { attempt: 2, .. }));
    world.next().await;
    assert_eq!(world.state(&unit).await, State::Delivered);
}

#[tokio::test]
async fn a_receiver_that_is_not_there_fails_without_its_address_in_the_log() {
    let world = World::start().await;
    // Nobody listens at a port that was free a moment ago.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let place = free.local_addr().expect("an address").to_string();
    drop(free);
    let unit = world.told(1, &format!("http://{place}/hook?token=secret")).await;
    let webhook = world.webhook_with(outbound(&[&place]), Settings::default());
    assert_eq!(world.hand(&webhook).await, Vec::<String>::new());
    let outcome = world.last_outcome(&unit).await;
    assert_eq!(outcome, Outcome::Failed { reason: "the host cannot be reached".to_owned() });
    assert!(matches!(world.state(&unit).await, State::Pending { attempt: 2, .. }));
}

#[tokio::test]
async fn one_dead_receiver_keeps_a_hundred_live_ones_waiting_for_nothing() {
    let world = World::with(Settings { timeout: Duration::from_mins(10), ..Settings::default() }).await;
    for byte in 0..=100 {
        let path = if byte == 0 { "/dead".to_owned() } else { format!("/live/{byte}") };
        world.announced(&id(byte), &world.receiver.url(&path), None).await;
    }
    let ids: Vec<_> = (0..=100).map(id).collect();
    world.stream(&ids.iter().collect::<Vec<_>>()).await;
    assert_eq!(world.queues.arrived().len(), 101);

    // The dead one answers only when every live one has been served.
    let batch = world.hand(&world.webhook);
    let meanwhile = async {
        world.receiver.after(101).await;
        world.receiver.release();
    };
    let (failed, ()) = tokio::join!(batch, meanwhile);
    assert_eq!(failed, Vec::<String>::new());
    for unit in &ids {
        assert_eq!(world.state(unit).await, State::Delivered);
    }
    // All were the first delivery of their owner, each of which makes a secret if there is none.
    let secret = world.owners_secret().await;
    assert!(world.receiver.hits().iter().all(|hit| hit.verifies_by(&secret)));
}
