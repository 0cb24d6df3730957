//! The plain stream.

use domain::group::Output;

use crate::made::completed;
use crate::world::World;

#[tokio::test]
async fn a_plain_stream_tells_each_change_and_ends_with_results_and_done() {
    let world = World::start().await;
    let mut group = world.group(&["1", "2"], Output::Auto).await;
    let mut stream = world.open(&group.path(".sse"), None).await;
    let first = stream.next().await.expect("a frame");
    assert_eq!(
        (first.event.as_str(), first.json()["status"]["is_active"].as_bool()),
        ("message", Some(true))
    );
    group.store(&[completed(0, r#"{"n":1}"#)]).await;
    group.flush().await;
    let second = stream.next().await.expect("a frame");
    assert_eq!(second.json()["status"]["task_run_status_counts"]["completed"], 1);
    assert_ne!(first.id, second.id);
    group.store(&[completed(1, r#"{"n":2}"#)]).await;
    group.finish().await;
    let rest = stream.rest().await;
    assert_eq!(rest.len(), 2);
    assert_eq!(rest[0].json()["results"][1]["n"], 2);
    assert_eq!(rest[1].data, "[DONE]");
    assert!(rest.iter().all(|frame| frame.id.is_some()));

    let after_results = world.open(&group.path(".sse"), rest[0].id.as_deref()).await.rest().await;
    assert_eq!(after_results, [rest[1].clone()]);
    assert_eq!(world.open(&group.path(".sse"), rest[1].id.as_deref()).await.status, 204);
    let after_second = world.open(&group.path(".sse"), second.id.as_deref()).await.rest().await;
    assert_eq!(after_second, rest);
}

#[tokio::test]
async fn a_resumed_plain_stream_does_not_repeat_its_last_frame() {
    let world = World::start().await;
    let mut group = world.group(&["1"], Output::Auto).await;
    let first = world.open(&group.path(".sse"), None).await.next().await.expect("a frame");
    let mut resumed = world.open(&group.path(".sse"), first.id.as_deref()).await;
    group.cancel().await;
    let frames = resumed.rest().await;
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[0].json()["status"]["status"], "cancelled");
}

#[tokio::test]
async fn a_silent_stream_says_that_it_is_still_there() {
    let world = World::start().await;
    let group = world.group(&["1"], Output::Auto).await;
    let mut stream = world.open(&group.path(".sse"), None).await;
    stream.next().await.expect("a frame");
    stream.comment(&world.clock).await;
}

#[tokio::test]
async fn a_stream_ends_after_its_time_and_leaves_the_rest_to_the_next() {
    let world = World::start().await;
    let group = world.group(&["1"], Output::Auto).await;
    let mut stream = world.open(&group.path(".sse"), None).await;
    stream.next().await.expect("a frame");
    let clock = world.clock.clone();
    let going_on = async {
        loop {
            clock.advance(domain::limits::STREAM);
            tokio::task::yield_now().await;
        }
    };
    let rest = tokio::select! {
        rest = stream.rest() => rest,
        () = going_on => unreachable!("the clock goes on for ever"),
    };
    assert_eq!(rest, []);
}

#[tokio::test]
async fn a_hundred_watchers_all_get_the_end() {
    let world = World::start().await;
    let inputs: Vec<String> = (0..200).map(|row| row.to_string()).collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let mut group = world.group(&inputs, Output::Auto).await;
    let mut streams = Vec::new();
    for watcher in 0..100 {
        let path = group.path(if watcher % 2 == 0 { ".sse" } else { "/events" });
        let mut stream = world.open(&path, None).await;
        stream.next().await.expect("a frame");
        streams.push(stream);
    }
    let runs: Vec<_> = (0..200).map(|row| completed(row, &format!("{{\"n\":{row}}}"))).collect();
    group.store(&runs[..120]).await;
    group.flush().await;
    group.store(&runs[120..]).await;
    group.finish().await;
    for (watcher, stream) in streams.iter_mut().enumerate() {
        let frames = stream.rest().await;
        let last = frames.last().expect("frames");
        if watcher % 2 == 0 {
            assert_eq!(last.data, "[DONE]");
            assert_eq!(frames[frames.len() - 2].json()["results"].as_array().map(Vec::len), Some(200));
        } else {
            assert_eq!(last.event, "complete");
            assert_eq!(frames.iter().filter(|frame| frame.event == "run_update").count(), 200);
        }
    }
}
