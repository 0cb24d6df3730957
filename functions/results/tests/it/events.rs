//! The typed stream.

use std::collections::HashMap;

use domain::group::Output;
use domain::run::RunStatus;

use crate::made::{completed, failed};
use crate::world::{Frame, World};

fn updates(frames: &[Frame]) -> Vec<(u64, String)> {
    frames
        .iter()
        .filter(|frame| frame.event == "run_update")
        .map(|frame| {
            let run = frame.json();
            (run["index"].as_u64().expect("an index"), run["status"].as_str().expect("a status").to_owned())
        })
        .collect()
}

fn kinds(frames: &[Frame]) -> Vec<&str> {
    frames.iter().map(|frame| frame.event.as_str()).collect()
}

#[tokio::test]
async fn a_typed_stream_tells_the_unit_then_each_row_as_it_changes_then_the_end() {
    let world = World::start().await;
    let mut group = world.group(&["1", "2", "3"], Output::Auto).await;
    let mut stream = world.open(&group.path("/events"), None).await;
    let initial = stream.next().await.expect("a frame");
    assert_eq!(
        (initial.event.as_str(), initial.json()["status"]["num_task_runs"].as_u64()),
        ("initial", Some(3))
    );
    group.buy(0..3).await;
    group.flush().await;
    let mut frames = vec![];
    while frames.last().is_none_or(|frame: &Frame| frame.event != "group_status") {
        frames.push(stream.next().await.expect("a frame"));
    }
    let queued = |row| (row, "queued".to_owned());
    assert_eq!(updates(&frames), [queued(0), queued(1), queued(2)]);
    group.store(&[completed(1, r#"{"n":2}"#), failed(0, "no")]).await;
    group.flush().await;
    group.store(&[completed(2, r#"{"n":3}"#)]).await;
    group.finish().await;
    let rest = stream.rest().await;
    let told: HashMap<_, _> = updates(&rest).into_iter().collect();
    assert_eq!(told[&0], "failed");
    assert_eq!((told[&1].as_str(), told[&2].as_str()), ("completed", "completed"));
    assert_eq!(updates(&rest).len(), 3);
    assert_eq!(rest.last().map(|frame| frame.event.as_str()), Some("complete"));
    let one = rest.iter().find(|frame| frame.data.contains("\"index\":1")).expect("row 1").json();
    assert_eq!((&one["output"]["n"], &one["confidence"]["overall"]), (&2.into(), &"high".into()));
    assert_eq!(
        world.open(&group.path("/events"), rest.last().expect("complete").id.as_deref()).await.status,
        204
    );
}

#[tokio::test]
async fn a_stream_that_is_cut_anywhere_resumes_without_gap_or_repetition() {
    let world = World::start().await;
    let inputs: Vec<String> = (0..40).map(|row| row.to_string()).collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let mut group = world.group(&inputs, Output::Auto).await;
    group.buy(0..40).await;
    group.flush().await;
    let runs: Vec<_> = (0..40).map(|row| completed(row, &format!("{{\"n\":{row}}}"))).collect();
    group.store(&runs[10..30]).await;
    group.flush().await;

    // Cut after seven updates of the first batch; meanwhile some of its rows change again.
    let mut stream = world.open(&group.path("/events"), None).await;
    let mut seen = vec![];
    while updates(&seen).len() < 7 {
        seen.push(stream.next().await.expect("a frame"));
    }
    drop(stream);
    group.store(&runs[..10]).await;
    group.flush().await;

    // Cut again within the updates that follow.
    let last = seen.iter().rev().find_map(|frame| frame.id.clone());
    let mut stream = world.open(&group.path("/events"), last.as_deref()).await;
    while updates(&seen).len() < 22 {
        seen.push(stream.next().await.expect("a frame"));
    }
    drop(stream);
    group.store(&runs[30..]).await;
    group.finish().await;
    let last = seen.iter().rev().find_map(|frame| frame.id.clone());
    seen.extend(world.open(&group.path("/events"), last.as_deref()).await.rest().await);

    let told = updates(&seen);
    let mut last_word = HashMap::new();
    for (at, (row, word)) in told.iter().enumerate() {
        assert!(!told[..at].contains(&(*row, word.clone())), "row {row} was told twice to be {word}");
        last_word.insert(*row, word.clone());
    }
    assert_eq!(last_word.len(), 40);
    let queued = |row: u64| told.contains(&(row, "queued".to_owned()));
    assert!(
        (0..7).all(queued) && !(7..10).any(queued),
        "rows that had moved on were told as they stood before"
    );
    assert!(last_word.values().all(|word| word == "completed"), "{last_word:?}");
    assert_eq!(kinds(&seen).iter().filter(|kind| **kind == "initial").count(), 1);
    assert_eq!(kinds(&seen).last(), Some(&"complete"));
}

#[tokio::test]
async fn a_reader_who_comes_late_gets_each_row_once_as_it_stands() {
    let world = World::start().await;
    let mut group = world.group(&["1", "2"], Output::Auto).await;
    group.buy(0..2).await;
    group.flush().await;
    group.stands(0, RunStatus::Queued, RunStatus::Running);
    group.flush().await;
    group.store(&[completed(1, "{}")]).await;
    group.flush().await;
    let mut stream = world.open(&group.path("/events"), None).await;
    let frames =
        [stream.next().await, stream.next().await, stream.next().await].map(|frame| frame.expect("a frame"));
    assert_eq!(kinds(&frames), ["initial", "run_update", "run_update"]);
    assert_eq!(updates(&frames), [(0, "running".to_owned()), (1, "completed".to_owned())]);
}

#[tokio::test]
async fn the_page_begins_its_stream_where_it_was_rendered() {
    let world = World::start().await;
    let mut group = world.group(&["1", "2"], Output::Auto).await;
    group.store(&[completed(0, "{}")]).await;
    group.flush().await;
    let page = world.get(&group.path(".html")).await.text;
    let events =
        page.split_once("data-events=\"").expect("a stream").1.split('"').next().expect("an address");
    let mut stream = world.open(&format!("/{events}"), None).await;
    group.store(&[completed(1, "{}")]).await;
    group.finish().await;
    let frames = stream.rest().await;
    assert_eq!(updates(&frames), [(1, "completed".to_owned())]);
    assert_eq!(kinds(&frames), ["run_update", "group_status", "complete"]);
}

#[tokio::test]
async fn a_cancelled_group_ends_its_stream() {
    let world = World::start().await;
    let mut group = world.group(&["1"], Output::Auto).await;
    let mut stream = world.open(&group.path("/events"), None).await;
    let initial = stream.next().await.expect("a frame");
    group.cancel().await;
    let frames = stream.rest().await;
    assert_eq!(frames.last().expect("an end").json()["status"]["status"], "cancelled");
    // Whoever saw nothing but the beginning still gets the end.
    let resumed = world.open(&group.path("/events"), initial.id.as_deref()).await.rest().await;
    assert_eq!(kinds(&resumed), ["group_status", "complete"]);
}

#[tokio::test]
async fn a_group_that_is_deleted_while_it_is_watched_says_so() {
    let world = World::start().await;
    let group = world.group(&["1"], Output::Auto).await;
    let mut stream = world.open(&group.path("/events"), None).await;
    stream.next().await.expect("a frame");
    let now = world.clock.now();
    world.store.delete(&group.unit, now, now, group.unit.expires_at).await.expect("a delete");
    world.wake.changed(&group.unit.id);
    let frames = stream.rest().await;
    assert_eq!((kinds(&frames), frames[0].json()["error"].as_str()), (vec!["error"], Some("it was deleted")));
}

#[tokio::test]
async fn a_nonsense_last_event_id_begins_anew() {
    let world = World::start().await;
    let mut group = world.group(&["1"], Output::Auto).await;
    group.store(&[completed(0, "{}")]).await;
    group.finish().await;
    for nonsense in ["[DONE]", "-1.2", "1.2.3", "99999999999999999999.1"] {
        let frames = world.open(&group.path("/events"), Some(nonsense)).await.rest().await;
        assert_eq!(kinds(&frames), ["initial", "run_update", "group_status", "complete"], "{nonsense}");
    }
    // A position beyond what there is gets the end and nothing else.
    let frames = world
        .open(&group.path("/events"), Some("18446744073709551615.3.18446744073709551615.4294967295"))
        .await;
    assert_eq!(kinds(&{ frames }.rest().await).last(), Some(&"complete"));
}
