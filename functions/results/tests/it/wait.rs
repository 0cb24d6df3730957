//! Long polls.

use std::time::Duration;

use domain::group::Output;

use crate::made::completed;
use crate::world::World;

#[tokio::test]
async fn a_waiting_reader_is_answered_when_the_group_ends() {
    let world = World::start().await;
    let mut group = world.group(&["1"], Output::Auto).await;
    let path = group.path(".json?wait=120");
    let (answer, ()) = tokio::join!(world.get(&path), async {
        group.store(&[completed(0, r#"{"n":1}"#)]).await;
        group.flush().await;
        group.finish().await;
    });
    assert_eq!(answer.json()["status"]["status"], "completed");
    assert_eq!(answer.json()["results"][0]["n"], 1);
}

#[tokio::test]
async fn a_reader_whose_time_is_up_gets_the_group_as_it_stands() {
    let world = World::start().await;
    let group = world.group(&["1"], Output::Auto).await;
    let path = group.path(".json?wait=120");
    let clock = world.clock.clone();
    let going_on = async {
        loop {
            clock.advance(Duration::from_secs(121));
            tokio::task::yield_now().await;
        }
    };
    let answer = tokio::select! {
        answer = world.get(&path) => answer,
        () = going_on => unreachable!("the clock goes on for ever"),
    };
    assert_eq!(answer.json()["status"]["status"], "running");
    assert_eq!(answer.header("retry-after"), "2");
}

#[tokio::test]
async fn a_change_nobody_rang_for_is_found_at_the_next_look() {
    let world = World::start().await;
    let mut group = world.group(&["1"], Output::Auto).await;
    let path = group.path(".json?wait=120");
    let (answer, ()) = tokio::join!(world.get(&path), async {
        group.store(&[completed(0, "{}")]).await;
        group.finish_silently(&[]).await;
        world.clock.advance(Duration::from_secs(2));
    });
    assert_eq!(answer.json()["status"]["status"], "completed");
}
