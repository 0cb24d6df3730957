//! Runners that take up what comes while they run, and pass on what another one has room for.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsBatchResponse;
use domain::UnitId;
use domain::adoption::Slots;
use domain::message::{self, Work};
use domain::unit::Status;
use jiff::Timestamp;
use queue::{Line, Parcel};
use runner::{Runner, Settings};
use tokio::task::JoinHandle;

use crate::group::{Group, plain, simulated};
use crate::world::{INVOCATION, Setup, World, event, record};

async fn world(units: u32) -> World {
    let setup = Setup::default();
    // Long enough for all the time that passes at once here.
    let settings = Settings { units, lease: Duration::from_hours(2), ..setup.settings };
    World::with(Setup { adopts: true, settings, ..setup }).await
}

/// An invocation with what the queue holds now, beside the test.
async fn begin(world: &World, runner: &Runner) -> JoinHandle<SqsBatchResponse> {
    let (runner, records) = (runner.clone(), world.receive().await);
    assert!(!records.is_empty());
    tokio::spawn(async move { runner.invoke(event(records), INVOCATION).await })
}

/// A newcomer that was started with these messages; nobody else can have received them.
fn arrive(world: &World, works: &[Work]) -> (Runner, JoinHandle<SqsBatchResponse>) {
    let records = works.iter().enumerate().map(|(at, work)| record(&format!("m{at}"), work)).collect();
    let runner = world.runner();
    let newcomer = runner.clone();
    (runner, tokio::spawn(async move { newcomer.invoke(event(records), INVOCATION).await }))
}

/// Waits for an invocation that has nothing to wait for; all its messages must be done with.
async fn at_once(invocation: JoinHandle<SqsBatchResponse>) {
    let answer = invocation.await.expect("an answer");
    assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
}

/// Lets time pass until the invocation is over; all its messages must be done with.
async fn over(world: &World, invocation: JoinHandle<SqsBatchResponse>) {
    while !invocation.is_finished() {
        world.clock.advance(Duration::from_millis(200));
        tokio::task::yield_now().await;
    }
    at_once(invocation).await;
}

/// Moves the clock to so long before the end of the invocation that drives this unit.
async fn shortly_before_the_end(world: &World, id: &UnitId, before: Duration) {
    let due_at = world.unit(id).await.lease.due_at.expect("a time");
    let at = due_at - world.settings.lease - before;
    world.clock.advance(at.duration_since(world.clock.now()).try_into().expect("it lies ahead"));
}

/// A runner that drives a unit without an end, and has announced its room.
async fn busy(world: &World) -> (Runner, UnitId, JoinHandle<SqsBatchResponse>) {
    let before = world.store.slots(world.clock.now()).await.expect("a table").len();
    let unit = world.create(simulated(&["never"])).await;
    let runner = world.runner();
    let drives = begin(world, &runner).await;
    world.until(&unit, |unit| unit.status == Status::Running).await;
    while world.store.slots(world.clock.now()).await.expect("a table").len() == before {
        tokio::task::yield_now().await;
    }
    (runner, unit, drives)
}

async fn ends(world: &World, id: &UnitId) {
    world.until(id, |unit| unit.status == Status::Completed).await;
}

#[tokio::test]
async fn a_batch_goes_to_a_runner_that_has_room_for_it() {
    let world = world(10).await;
    let (runner, _, _drives) = busy(&world).await;
    let first = world.create_silently(plain(1)).await;
    let second = world.create_silently(plain(1)).await;
    let works = [&first, &second].map(|id| Work::unit(id.clone(), 0));
    let (newcomer, invocation) = arrive(&world, &works);
    at_once(invocation).await;
    assert!(newcomer.registry().is_empty(), "it stepped aside");
    ends(&world, &first).await;
    ends(&world, &second).await;
    assert_eq!(runner.registry().len(), 1);
    while world.adopted().await > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.messages_left().await, 1, "the lease of the first");
}

#[tokio::test]
async fn a_newcomer_stays_where_nobody_has_room_for_all_of_its_batch() {
    let world = world(2).await;
    let (_, _, _drives) = busy(&world).await;
    let first = world.create_silently(simulated(&["never"])).await;
    let second = world.create_silently(simulated(&["never"])).await;
    let works = [first, second].map(|id| Work::unit(id, 0));
    let (newcomer, stays) = arrive(&world, &works);
    while newcomer.registry().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert!(!stays.is_finished());
    assert_eq!(world.adopted().await, 0);
}

#[tokio::test]
async fn a_runner_that_has_room_reads_what_nobody_is_started_for() {
    let world = world(10).await;
    let (_, _, _drives) = busy(&world).await;
    let id = world.create(plain(1)).await;
    ends(&world, &id).await;
}

#[tokio::test]
async fn a_message_that_was_moved_stays_where_it_arrives() {
    let world = world(1).await;
    let (_, _, _drives) = busy_but_announcing(&world).await;
    let id = world.create_silently(plain(1)).await;
    let (_, invocation) = arrive(&world, &[Work::Unit { id: id.clone(), hop: 0, moved: true }]);
    over(&world, invocation).await;
    assert_eq!((world.adopted().await, world.unit(&id).await.status), (0, Status::Completed));
}

/// A full runner whose announcement says that it has room.
async fn busy_but_announcing(world: &World) -> (Runner, UnitId, JoinHandle<SqsBatchResponse>) {
    let unit = world.create(simulated(&["never"])).await;
    let runner = world.runner();
    let drives = begin(world, &runner).await;
    world.until(&unit, |unit| unit.status == Status::Running).await;
    announces_falsely(world, "somebody").await;
    (runner, unit, drives)
}

async fn announces_falsely(world: &World, runner: &str) {
    let until = world.clock.now() + Duration::from_secs(20);
    let slots = Slots { runner: runner.to_owned(), free: 100, driving: 50, until };
    world.store.announce_slots(&slots).await.expect("a table");
}

#[tokio::test]
async fn what_was_passed_to_a_dead_runner_is_moved_back_by_the_sweep() {
    let world = world(10).await;
    announces_falsely(&world, "the dead").await;
    let id = world.create(plain(1)).await;
    at_once(begin(&world, &world.runner()).await).await;
    assert_eq!((world.adopted().await, world.messages_left().await), (1, 0));
    world.runner().sweep().await.expect("a sweep");
    assert_eq!((world.adopted().await, world.messages_left().await), (1, 0), "it may still be adopted");
    world.clock.advance(Duration::from_secs(15));
    world.runner().sweep().await.expect("a sweep");
    assert_eq!((world.adopted().await, world.messages_left().await), (0, 1));
    // Once the announcement of the dead is over, whoever is started for it stays.
    world.clock.advance(Duration::from_secs(5));
    let drives = begin(&world, &world.runner()).await;
    ends(&world, &id).await;
    over(&world, drives).await;
    assert_eq!(world.ended(&id).await.bought.len(), 1);
}

#[tokio::test]
async fn a_full_runner_moves_back_what_waits_in_vain() {
    let world = world(1).await;
    let (_, _, _drives) = busy_but_announcing(&world).await;
    let id = world.create_silently(plain(1)).await;
    let (_, invocation) = arrive(&world, &[Work::unit(id, 0)]);
    at_once(invocation).await;
    world.clock.advance(Duration::from_secs(16));
    while world.adopted().await > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.messages_left().await, 2, "the lease of the full one, and what was moved");
}

#[tokio::test]
async fn a_runner_hands_over_straight_to_one_that_has_room() {
    let world = world(10).await;
    let (_, unit, drives) = busy(&world).await;
    shortly_before_the_end(&world, &unit, Duration::from_secs(1)).await;
    announces_falsely(&world, "the next").await;
    world.clock.advance(Duration::from_secs(1));
    while world.messages_left().await > 0 {
        tokio::task::yield_now().await;
    }
    over(&world, drives).await;
    assert!(world.receive().await.is_empty(), "nobody is started for it");
    let waiting =
        world.queue.receive(Line::Adopt, 10, Duration::ZERO, Duration::ZERO).await.expect("a queue");
    let bodies: Vec<_> = waiting.iter().map(|received| received.body.clone()).collect();
    assert_eq!(bodies, [message::write(&Work::unit(unit, 1))]);
    assert!(waiting[0].owner.is_some(), "it stands in its owner's line");
}

#[tokio::test]
async fn a_runner_with_few_units_leaves_to_a_fuller_one_before_its_time() {
    let world = world(20).await;
    let (left, unit, leaves) = busy(&world).await;
    let mut works = Vec::new();
    for _ in 0..3 {
        let id = world.create_silently(simulated(&["never"])).await;
        works.push(Work::Unit { id, hop: 0, moved: true });
    }
    let (fuller, _stays) = arrive(&world, &works);
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(10));
        // Both say anew what they have room for, unless one has left.
        while !leaves.is_finished() && announced_anew(&world).await < 2 && !left.registry().is_empty() {
            tokio::task::yield_now().await;
        }
    }
    over(&world, leaves).await;
    assert!(left.registry().is_empty());
    world.until(&unit, |unit| unit.lease.epoch > 1).await;
    assert_eq!(fuller.registry().len(), 4);
}

async fn announced_anew(world: &World) -> usize {
    let now = world.clock.now();
    let slots = world.store.slots(now).await.expect("a table");
    slots.iter().filter(|slots| slots.until.duration_since(now).as_secs() >= 19).count()
}

#[tokio::test]
async fn a_move_that_was_cut_in_the_middle_buys_nothing_twice() {
    let world = world(10).await;
    let (_, _, _drives) = busy(&world).await;
    let id = world.create(plain(1)).await;
    // It was sent on, and its runner died before it deleted the message.
    let again = Parcel::ownerless(Work::unit(id.clone(), 0));
    world.queue.send(&again, Line::Adopt).await.expect("a queue");
    ends(&world, &id).await;
    assert_eq!(world.ended(&id).await.bought.len(), 1);
}

#[tokio::test]
async fn what_is_sent_at_the_last_moment_of_an_announcement_is_taken_up() {
    let world = world(10).await;
    let (_, unit, _drives) = busy(&world).await;
    shortly_before_the_end(&world, &unit, Duration::from_secs(70)).await;
    while world.store.slots(world.clock.now()).await.expect("a table").is_empty() {
        tokio::task::yield_now().await;
    }
    // The announcement ends a minute before the invocation does.
    world.clock.advance(Duration::from_secs(11));
    while !world.store.slots(Timestamp::MIN).await.expect("a table").is_empty() {
        tokio::task::yield_now().await;
    }
    let id = world.create_silently(plain(1)).await;
    let work = Parcel::ownerless(Work::unit(id.clone(), 0));
    world.queue.send(&work, Line::Adopt).await.expect("a queue");
    ends(&world, &id).await;
}

#[tokio::test]
async fn an_owner_with_a_long_backlog_holds_up_nobody_else() {
    let world = world(35).await;
    let loud = |group: Group| group.key("the key of the loud");
    world.create(loud(simulated(&["seconds=1"]))).await;
    for _ in 0..59 {
        world.create(loud(simulated(&["never"]))).await;
    }
    let runner = world.runner();
    let _drives = begin(&world, &runner).await;
    while runner.registry().len() < 35 {
        tokio::task::yield_now().await;
    }
    let quiet = world.create(plain(1)).await;
    // One place becomes free, and 25 units of the loud have waited for longer.
    tokio::time::timeout(Duration::from_mins(1), ends(&world, &quiet))
        .await
        .expect("it waits behind the loud");
}
