//! Running out of time, which is a hand-over and no loss.

use std::time::Duration;

use domain::unit::Status;
use simulator::{Effect, Endpoint, Fault};

use crate::group::simulated;
use crate::world::{Setup, World};

#[tokio::test]
async fn a_group_that_is_handed_over_many_times_ends_the_same() {
    let mut setup = Setup::default();
    setup.settings.slice = Duration::from_millis(60);
    let world = World::with(setup).await;
    let markers = ["", "fail", "seconds=0.5", "seconds=0.8", "seconds=0.3 fail", "seconds=0.9"];
    let ended = world.run(simulated(&markers).with(|spec| spec.retry_failed = 1)).await;
    assert_eq!(ended.statuses(), ["completed", "failed", "completed", "completed", "failed", "completed"]);
    let mut marks = ended.marks();
    marks.sort();
    assert_eq!(marks, ["0.1", "1.1", "1.2", "2.1", "3.1", "4.1", "4.2", "5.1"]);
    assert!(ended.unit.lease.hop >= 5, "{:?}", ended.unit.lease);
    assert_eq!(
        ended.unit.lease.hop + 1,
        u32::try_from(ended.unit.lease.epoch).expect("few"),
        "one claim a hop"
    );
    assert_eq!(
        ended.unit.progress.warnings,
        Vec::<String>::new(),
        "nothing was bought that was not asked for"
    );
    assert_eq!(world.messages_left().await, 0);
}

#[tokio::test]
async fn a_hand_over_sends_the_next_message_and_forgets_fruitless_claims() {
    let mut setup = Setup::default();
    setup.settings.slice = Duration::from_millis(50);
    let world = World::with(setup).await;
    let id = world.create(simulated(&["never"])).await;
    for hop in 0..7 {
        let unit = world.unit(&id).await;
        assert_eq!((unit.lease.fruitless, unit.status.is_terminal()), (0, false));
        let records = world.receive().await;
        assert_eq!(records.len(), 1, "hop {hop}");
        assert_eq!(world.invoke(&world.runner(), records).await, Vec::<String>::new());
        let due_at = world.unit(&id).await.lease.due_at.expect("a due time");
        assert!(
            due_at.duration_since(world.clock.now()).as_secs() <= 60,
            "the sweep looks soon if the message is lost"
        );
    }
    assert_eq!(world.unit(&id).await.lease.hop, 6);
}

#[tokio::test]
async fn a_slice_that_ends_while_the_upstream_is_silent_is_handed_over_in_time() {
    let mut setup = Setup::default();
    setup.settings.slice = Duration::from_millis(80);
    let world = World::with(setup).await;
    let id = world.create(simulated(&[""])).await;
    world
        .simulator
        .faults()
        .add(Fault::on(Endpoint::CreateGroup, Effect::SlowReply { seconds: 600.0 }).times(1));
    let records = world.receive().await;
    assert_eq!(world.invoke(&world.runner(), records).await, Vec::<String>::new());
    let unit = world.unit(&id).await;
    assert_eq!((unit.status, unit.lease.fruitless, unit.progress.upstream_group), (Status::Running, 0, None));
    let ended = world.settle(&id).await;
    assert_eq!((ended.status(), ended.unit.lease.hop > 0), (Status::Completed, true));
}

#[tokio::test]
async fn an_invocation_hands_over_before_its_own_end() {
    let world = World::start().await;
    let id = world.create(simulated(&["never"])).await;
    let records = world.receive().await;
    let margin = world.settings.margin;
    let answer =
        world.runner().invoke(crate::world::event(records), margin + Duration::from_millis(200)).await;
    assert!(answer.batch_item_failures.is_empty());
    assert_eq!(world.receive_one().await.body.map(|body| body.contains("\"hop\":1")), Some(true));
    assert_eq!(world.unit(&id).await.lease.fruitless, 0);
}

#[tokio::test]
async fn a_process_that_is_to_end_hands_everything_over_and_takes_nothing_up() {
    let world = World::start().await;
    let id = world.create(simulated(&["never", "never"])).await;
    let runner = world.runner();
    let records = world.receive().await;
    let stop = async {
        world.until(&id, |unit| unit.counts.queued + unit.counts.running == 2).await;
        runner.stop();
    };
    let (stay, ()) = tokio::join!(world.invoke(&runner, records), stop);
    assert_eq!(stay, Vec::<String>::new());
    let unit = world.unit(&id).await;
    assert_eq!((unit.status, unit.lease.fruitless), (Status::Running, 0));
    let next = world.receive_one().await;
    assert_eq!(next.body.as_ref().map(|body| body.contains("\"hop\":1")), Some(true));

    let message = next.message_id.clone().expect("an id");
    assert_eq!(world.invoke(&runner, vec![next]).await, [message], "it stays for another process");
    assert_eq!(world.unit(&id).await.lease.epoch, unit.lease.epoch, "it was not claimed");
}
