//! Streams cut anywhere, with every end of line, and events of every size.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};

use crate::budget::Budget;
use crate::{Error, Event, EventStream, Kind, Result};

const EVER: Duration = Duration::from_mins(10);
const LARGEST: usize = 1024 * 1024;

/// The events of these chunks, in short: their kind and what tells them apart.
async fn events(chunks: impl IntoIterator<Item = Bytes, IntoIter: Send + Sync + 'static>) -> Vec<String> {
    let chunks = stream::iter(chunks.into_iter().map(Ok));
    let mut events = EventStream::new(chunks, Budget::new(LARGEST), LARGEST, EVER);
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        seen.push(short(event));
    }
    seen
}

fn short(event: Result<Event>) -> String {
    match event {
        Ok(Event::Run { cursor, run, output, .. }) => {
            format!(
                "run {} {cursor:?} {}",
                run.run_id,
                output.map_or_else(|| "-".to_owned(), |o| o.get().to_owned())
            )
        }
        Ok(Event::Group { cursor, status }) => format!("group {cursor:?} {}", status.num_task_runs),
        Ok(Event::Error { error, .. }) => format!("error {}", error.message),
        Ok(Event::Other { kind, data }) => format!("{kind} {}", data.get()),
        Err(error) => format!("{:?}", error.kind),
    }
}

fn cut(text: &str, size: usize) -> Vec<Bytes> {
    text.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect()
}

const MIXED: &str = "\u{feff}: hello\n\
    event: task_run.state\n\
    data: {\"type\":\"task_run.state\",\"event_id\":\"7\",\"run\":{\"run_id\":\"trun_é€😀\",\"status\":\"running\"},\"output\":null}\n\n\
    : ping\n\n\
    id: 3\nretry: 10\nevent: ignored\ndata:{\"type\":\"later\",\ndata: \"n\": 1.50}\n\n\
    data\n\n\
    data: {\"type\":\"error\",\"error\":{\"ref_id\":\"r\",\"message\":\"naïve\",\"detail\":null}}\n\n";

#[tokio::test]
async fn how_a_stream_is_cut_and_how_its_lines_end_changes_nothing() {
    let expected = ["run trun_é€😀 Some(\"7\") -", "later {\"type\":\"later\",\n\"n\": 1.50}", "error naïve"];
    for end in ["\n", "\r\n", "\r"] {
        let text = MIXED.replace('\n', end);
        for size in [1, 2, 3, 5, 7, 64, 10_000] {
            assert_eq!(events(cut(&text, size)).await, expected, "{end:?} by {size}");
        }
    }
}

#[tokio::test]
async fn an_event_without_its_blank_line_is_no_event() {
    let whole = "data: {\"type\":\"a\"}\n\n";
    for tail in ["data: {\"type\":\"b\"}", "data: {\"type\":\"b\"}\n", "data: {\"ty", "da", ": ping"] {
        assert_eq!(events(cut(&format!("{whole}{tail}"), 4)).await, ["a {\"type\":\"a\"}"], "{tail:?}");
    }
}

#[tokio::test]
async fn what_is_no_event_is_told_and_the_next_one_still_comes() {
    let text = "data: not JSON\n\ndata: {\"type\":\"task_run.state\"}\n\ndata: {\"type\":\"a\"}\n\n";
    assert_eq!(events(cut(text, 9)).await, ["Malformed", "Malformed", "a {\"type\":\"a\"}"]);
    let broken = [Bytes::from_static(b"data: \"\xff\"\n\n")];
    assert_eq!(events(broken).await, ["Malformed"]);
}

#[tokio::test]
async fn an_event_of_the_largest_size_survives_byte_for_byte_and_a_larger_one_is_refused() {
    let around = "data: {\"type\":\"big\",\"text\":\"\"}".len();
    let event = |size: usize| format!("data: {{\"type\":\"big\",\"text\":\"{}\"}}\n\n", "é".repeat(size / 2));
    let fits = event(LARGEST - around);
    let seen = events(cut(&fits, 1_400)).await;
    assert_eq!(seen, [format!("big {}", &fits["data: ".len()..].trim_end())]);
    let after = format!("{}data: {{\"type\":\"a\"}}\n\n", event(LARGEST - around + 2));
    assert_eq!(events(cut(&after, 1_400)).await, ["TooLarge"], "and the stream is over");
}

#[tokio::test]
async fn many_small_lines_without_an_end_are_one_large_event() {
    let line = Bytes::from("data: \"0123456789\"\n".repeat(1_000));
    let seen = events(std::iter::repeat_n(line, 100)).await;
    assert_eq!(seen, ["TooLarge"]);
}

#[tokio::test]
async fn a_failure_of_the_connection_is_passed_on_after_what_came_before() {
    let chunks =
        [Ok(Bytes::from_static(b"data: {\"type\":\"a\"}\n\ndata: {")), Err(Error::new(Kind::Lost, "cut"))];
    let mut events = EventStream::new(stream::iter(chunks), Budget::new(LARGEST), LARGEST, EVER);
    assert_eq!(events.next().await.map(short).as_deref(), Some("a {\"type\":\"a\"}"));
    assert_eq!(events.next().await.map(short).as_deref(), Some("Lost"));
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn silence_ends_a_stream() {
    let chunks =
        stream::iter([Ok(Bytes::from_static(b"data: {\"type\":\"a\"}\n\n"))]).chain(stream::pending());
    let mut events = EventStream::new(chunks, Budget::new(LARGEST), LARGEST, Duration::from_millis(20));
    assert_eq!(events.next().await.map(short).as_deref(), Some("a {\"type\":\"a\"}"));
    assert_eq!(events.next().await.map(short).as_deref(), Some("Silent"));
    assert!(events.next().await.is_none());
}
