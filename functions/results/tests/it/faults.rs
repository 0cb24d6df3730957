//! A table that fails while a body is on its way: here a page of inputs is missing.

use domain::group::Output;

use crate::made::completed;
use crate::world::World;

/// A finished group that claims more rows than there are inputs; its runs fill more than a piece of a body.
async fn broken(world: &World, runs: u32) -> crate::world::Group<'_> {
    let inputs: Vec<String> = (0..100).map(|row| row.to_string()).collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let claims_more = |unit: &mut domain::Unit| {
        unit.progress.rows = Some(300);
        unit.counts.pending = 300;
    };
    let mut group = world.group_with(&inputs, Output::Auto, claims_more).await;
    let long = "x".repeat(10_000);
    let runs: Vec<_> = (0..runs).map(|row| completed(row, &format!("{{\"n\":\"{long}\"}}"))).collect();
    group.store(&runs).await;
    group.finish().await;
    group
}

#[tokio::test]
async fn a_body_that_cannot_be_read_to_its_end_is_cut() {
    let world = World::start().await;
    let group = broken(&world, 100).await;
    for rest in [".json", ".csv", ".ndjson", ".html", "/runs?limit=1000"] {
        assert!(world.is_cut(&group.path(rest)).await, "{rest}");
    }
}

#[tokio::test]
async fn a_stream_that_has_not_begun_its_last_frame_says_what_is_wrong() {
    let world = World::start().await;
    let group = broken(&world, 1).await;
    let frames = world.open(&group.path(".sse"), None).await.rest().await;
    assert_eq!((frames.len(), frames[0].event.as_str()), (1, "error"));
}

#[tokio::test]
async fn a_stream_that_fails_within_its_last_frame_leaves_nothing_that_a_reader_would_take() {
    let world = World::start().await;
    let group = broken(&world, 100).await;
    let text = world.cut_text(&group.path(".sse")).await;
    let frame = text.split_once("\n\n").expect("the opening").1;
    assert!(frame.starts_with("data: {") && !frame.contains("\n\n") && !frame.contains("\nid: "));
}
