//! Ten thousand rows, and twelve megabytes.

use std::fmt::Write as _;

use domain::group::Output;

use crate::made::completed;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_rows_come_in_order_in_every_format() {
    let world = World::start().await;
    let inputs: Vec<String> = (0..10_000).map(|row| format!("{{\"row\":{row}}}")).collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let mut group = world.group(&inputs, Output::Auto).await;
    let runs: Vec<_> = (0..10_000).rev().map(|row| completed(row, &format!("{{\"n\":{row}}}"))).collect();
    group.store(&runs).await;
    group.finish().await;

    let body = world.get(&group.path(".json")).await.json();
    let results = body["results"].as_array().expect("results");
    assert_eq!(results.len(), 10_000);
    for (row, (result, run)) in results.iter().zip(body["runs"].as_array().expect("runs")).enumerate() {
        assert_eq!(
            (result["n"].as_u64(), run["input"]["row"].as_u64()),
            (Some(row as u64), Some(row as u64))
        );
    }
    let csv = world.get(&group.path(".csv")).await.text;
    let rows: Vec<&str> = csv.lines().skip(1).collect();
    assert!(
        rows.iter()
            .enumerate()
            .all(|(row, line)| *line == format!("{},{row},{row},completed,,high", row + 1))
    );
    assert_eq!(rows.len(), 10_000);
    let ndjson = world.get(&group.path(".ndjson")).await.text;
    assert!(ndjson.lines().enumerate().all(|(row, line)| line.starts_with(&format!("{{\"index\":{row},"))));
    let markdown = world.get(&group.path(".md")).await.text;
    assert!(markdown.contains("\n| 10000 | 9999 | 🟢 |\n"));
    let html = world.get(&group.path(".html")).await.text;
    assert_eq!(html.matches("<tr id=\"r").count(), 10_000);
    assert!(html.contains(&format!(
        "id=\"resultData\">{{\"url\":\"https://api.example/{}.json\"}}</script>",
        group.unit.id
    )));
    let events = world.open(&group.path("/events"), None).await.rest().await;
    assert_eq!(events.iter().filter(|frame| frame.event == "run_update").count(), 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_megabytes_survive_byte_for_byte() {
    let world = World::start().await;
    let mut group = world.group(&["1", "2"], Output::Auto).await;
    // Hard to compress, so that it really is split over many items.
    let mut number = 1_u64;
    let mut text = String::with_capacity(12_000_000);
    while text.len() < 12_000_000 {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let _ = write!(text, "{:x} ", number >> 16);
    }
    let content = format!("{{ \"n\":1.0, \"report\":\"{text}\\u00e9\"}}");
    group.store(&[completed(0, &content), completed(1, "{}")]).await;
    group.finish().await;
    for rest in [".json", ".ndjson", "/runs/0", ".sse"] {
        let answer = world.get(&group.path(rest)).await.text;
        assert!(answer.contains(&content), "{rest}");
    }
    let csv = world.get(&group.path(".csv")).await.text;
    assert!(csv.contains(&text));
}
