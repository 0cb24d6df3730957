//! The sweep: what is due and forgotten is sent again, once.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::message::{self, Work};
use domain::unit::Status;
use jiff::SignedDuration;
use store::Change;

use crate::group::plain;
use crate::world::{INVOCATION, World, event, record};

async fn sweep(world: &World) {
    let answer = world.runner().invoke(event(vec![record("sweep", &Work::Sweep)]), INVOCATION).await;
    assert!(answer.batch_item_failures.is_empty());
}

#[tokio::test]
async fn a_unit_whose_message_was_never_sent_is_sent_once_though_two_sweeps_run() {
    let world = World::start().await;
    let id = world.create_silently(plain(1)).await;
    sweep(&world).await;
    assert_eq!(world.messages_left().await, 0, "it is not due yet");
    world.clock.advance(Duration::from_secs(61));
    tokio::join!(sweep(&world), sweep(&world));
    sweep(&world).await;
    let sent = world.receive_one().await;
    assert_eq!(sent.body, Some(message::write(&Work::unit(id.clone(), 0))), "the hop is as it was");
    world.invoke(&world.runner(), vec![sent]).await;
    assert_eq!(world.ended(&id).await.status(), Status::Completed);
    world.clock.advance(Duration::from_hours(2));
    sweep(&world).await;
    assert_eq!(world.messages_left().await, 0, "what is over is not due");
}

#[tokio::test]
async fn a_unit_that_goes_on_waiting_is_sent_less_and_less_often() {
    let world = World::start().await;
    let id = world.create_silently(plain(1)).await;
    let mut waits = Vec::new();
    for _ in 0..6 {
        let due_at = world.unit(&id).await.lease.due_at.expect("a due time");
        let wait = due_at.duration_since(world.clock.now());
        waits.push(wait.as_mins());
        world.clock.advance(Duration::try_from(wait).expect("ahead") + Duration::from_secs(1));
        sweep(&world).await;
    }
    assert!(waits.is_sorted() && waits[5] >= 50, "{waits:?}");
    assert_eq!(world.unit(&id).await.lease.hop, 0);
}

#[tokio::test]
async fn a_pending_delivery_is_sent_once_though_two_sweeps_run() {
    let world = World::start().await;
    let id = world.create(plain(1)).await;
    world.settle(&id).await;
    sweep(&world).await;
    assert_eq!(world.attempts_left().await, 0, "its own message is given a minute");
    world.clock.advance(Duration::from_secs(62));
    tokio::join!(sweep(&world), sweep(&world));
    assert_eq!(world.attempts_left().await, 1);
    sweep(&world).await;
    assert_eq!(world.attempts_left().await, 1);
    world.clock.advance(Duration::from_mins(7));
    sweep(&world).await;
    assert_eq!(world.attempts_left().await, 2, "a message that is lost too is followed by another");
}

#[tokio::test]
async fn a_tombstone_whose_removal_was_lost_is_sent_to_be_removed() {
    let world = World::start().await;
    let id = world.create(plain(1)).await;
    let seen = world.settle(&id).await.unit;
    let now = world.clock.now();
    let (due, gone) = (now + SignedDuration::from_secs(60), now + SignedDuration::from_hours(24));
    assert_eq!(world.store.delete(&seen, due, now, gone).await.expect("a table"), Change::Done);
    world.clock.advance(Duration::from_secs(61));
    sweep(&world).await;
    let sent = world.receive_one().await;
    assert_eq!(sent.body, Some(message::write(&Work::Remove { id: id.clone() })));
    world.invoke(&world.runner(), vec![sent]).await;
    world.clock.advance(Duration::from_hours(2));
    sweep(&world).await;
    assert_eq!(world.messages_left().await, 0);
}

#[tokio::test]
async fn a_unit_that_cannot_be_read_keeps_no_other_from_being_swept() {
    let world = World::start().await;
    let broken = world.create_silently(plain(1)).await;
    let sound = world.create_silently(plain(1)).await;
    let text = |text: String| AttributeValue::S(text);
    let update = world.tables.update_item().table_name("units").key("pk", text(format!("U#{broken}")));
    let update = update.key("sk", text("META".to_owned())).update_expression("SET #status = :word");
    let update = update.expression_attribute_names("#status", "status");
    update.expression_attribute_values(":word", text("dancing".to_owned())).send().await.expect("a table");
    world.clock.advance(Duration::from_secs(61));
    sweep(&world).await;
    assert_eq!(world.receive_one().await.body, Some(message::write(&Work::unit(sound, 0))));
}

#[tokio::test]
async fn a_restarted_process_sends_everything_that_is_unfinished_whenever_it_is_due() {
    let world = World::start().await;
    let over = world.create(plain(1)).await;
    world.settle(&over).await;
    let unfinished = world.create_silently(plain(1)).await;
    world.runner().resume_all().await.expect("the tables answer");
    assert_eq!(world.receive_one().await.body, Some(message::write(&Work::unit(unfinished, 0))));
    assert_eq!(world.attempts_left().await, 1, "the delivery of the one that is over");
}
