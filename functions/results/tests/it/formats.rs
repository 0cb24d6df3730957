//! Every format of one group; who chooses it; what its headers say.

use domain::group::Output;
use serde_json::json;

use crate::made::{completed, failed, raw};
use crate::world::World;

async fn three_rows(world: &World) -> crate::world::Group<'_> {
    let schema = raw(r#"{"type":"object","properties":{"n":{"type":"number"}}}"#);
    let mut group = world.group(&[r#"{"a":1}"#, r#"{"a":2}"#, r#""three""#], Output::Json { schema }).await;
    group.buy(0..3).await;
    group
        .store(&[completed(2, r#"{"n":3}"#), failed(1, "no such site"), completed(0, r#"{"n": 1.50}"#)])
        .await;
    group
}

#[tokio::test]
async fn a_finished_group_has_every_format() {
    let world = World::start().await;
    let mut group = three_rows(&world).await;
    group.finish().await;

    let json_answer = world.get(&group.path(".json")).await;
    assert_eq!(json_answer.status, 200);
    assert_eq!(json_answer.header("content-type"), "application/json");
    assert_eq!(json_answer.header("vary"), "accept");
    assert_eq!(json_answer.header("retry-after"), "");
    assert!(json_answer.text.contains(r#""results":[{"n": 1.50},null,{"n":3}]}"#), "{}", json_answer.text);
    let body = json_answer.json();
    assert_eq!(body["status"]["task_run_status_counts"], json!({ "completed": 2, "failed": 1 }));
    assert_eq!(body["runs"][1]["error"]["message"], "no such site");
    assert_eq!(body["runs"][0]["confidence"]["overall"], "high");
    assert_eq!(body["runs"][2]["input"], "three");

    let markdown = world.get(&group.path(".md")).await;
    assert_eq!(markdown.header("content-type"), "text/markdown; charset=utf-8");
    assert!(markdown.text.starts_with("# Task Group Results\n"));
    assert!(markdown.text.contains("| 2 | ❌ Failed: no such site |"), "{}", markdown.text);

    let csv = world.get(&group.path(".csv")).await;
    assert_eq!(
        csv.text,
        "#,a,input,n,status,error,confidence\r\n1,1,,1.50,completed,,high\r\n2,2,,,failed,no such site,\r\n3,,three,3,completed,,high\r\n"
    );

    let ndjson = world.get(&group.path(".ndjson")).await;
    assert_eq!(ndjson.header("content-type"), "application/x-ndjson");
    assert_eq!(ndjson.text.lines().count(), 3);

    let html = world.get(&group.path(".html")).await;
    assert!(html.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(html.header("x-content-type-options"), "nosniff");
    assert!(html.text.contains("no such site") && html.text.ends_with("</html>\n"));

    let mut sse = world.open(&group.path(".sse"), None).await;
    let frames = sse.rest().await;
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[0].json()["results"], body["results"]);
    assert_eq!(frames[1].data, "[DONE]");
}

#[tokio::test]
async fn the_suffix_beats_accept_and_accept_beats_nothing() {
    let world = World::start().await;
    let group = three_rows(&world).await;
    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let kind = async |path: &str, headers: &[(&str, &str)]| {
        world.get_with(path, headers).await.header("content-type").to_owned()
    };
    assert_eq!(kind(&group.path(".csv"), &browser).await, "text/csv; charset=utf-8; header=present");
    assert_eq!(kind(&group.path(""), &browser).await, "text/html; charset=utf-8");
    assert_eq!(kind(&group.path(""), &[]).await, "application/json");
    assert_eq!(kind(&group.path(""), &[("accept", "*/*")]).await, "application/json");
    assert_eq!(world.get(&group.path(".xml")).await.status, 404);
    assert_eq!(world.get(&group.path(".json.json")).await.status, 404);
}

#[tokio::test]
async fn an_unfinished_group_says_when_to_ask_again_and_where_each_row_stands() {
    let world = World::start().await;
    let mut group = world.group(&["1", "2", "3", "4"], Output::Auto).await;
    group.buy(0..3).await;
    group.stands(1, domain::run::RunStatus::Queued, domain::run::RunStatus::Running);
    group.store(&[completed(0, r#"{"n":1}"#)]).await;
    group.flush().await;
    let answer = world.get(&group.path(".json")).await;
    assert_eq!(answer.header("retry-after"), "2");
    let body = answer.json();
    let words: Vec<_> = body["runs"].as_array().expect("runs").iter().map(|run| &run["status"]).collect();
    assert_eq!(words, ["completed", "running", "queued", "pending"]);
    assert_eq!(body["runs"][2]["run_id"], "trun_2");
    assert_eq!(body["runs"][3]["run_id"], json!(null));
    assert_eq!(body["status"]["progress_percent"], 25);

    group.cancel().await;
    let body = world.get(&group.path(".json")).await.json();
    let words: Vec<_> = body["runs"].as_array().expect("runs").iter().map(|run| &run["status"]).collect();
    assert_eq!(words, ["completed", "cancelled", "cancelled", "cancelled"]);
    assert_eq!(body["runs"][1]["error"]["message"], "the group was cancelled");
    assert_eq!(body["runs"][1]["run_id"], "trun_1");
}

#[tokio::test]
async fn flat_rows_and_chosen_fields_come_by_query() {
    let world = World::start().await;
    let mut group = three_rows(&world).await;
    group.finish().await;
    let rows = world.get(&group.path(".json?shape=rows")).await.json();
    assert_eq!(rows["results"][0], json!({ "$id": "trun_0", "$status": "completed", "a": 1, "n": 1.5 }));
    let refused = world.get(&group.path(".json?shape=round&wait=soon")).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.json()["errors"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn appended_rows_follow_the_first_ones() {
    let world = World::start().await;
    let mut group = world.group(&["1", "2"], Output::Auto).await;
    let unit = &mut group.unit;
    let append = domain::unit::Append { source: "a1".to_owned(), rows: 1, at: unit.created_at };
    world.store.put_inputs(&unit.id, "a1", 0, &[raw("\"late\"")], unit.expires_at).await.expect("inputs");
    let asks = domain::unit::Asks { appends: vec![append], retries: 0 };
    world.store.ask(unit, &asks, None, unit.created_at, None).await.expect("an append");
    let body = world.get(&group.path(".json")).await.json();
    assert_eq!(body["runs"][2]["input"], "late");
    assert_eq!(body["status"]["num_task_runs"], 3);
}

#[tokio::test]
async fn a_result_that_a_cancel_overtook_is_in_neither_the_rows_nor_the_counts() {
    let world = World::start().await;
    let mut group = world.group(&[r#"{"n":0}"#, r#"{"n":1}"#, r#"{"n":2}"#], Output::Auto).await;
    group.buy(0..3).await;
    group.store(&[completed(0, r#"{"n":0}"#)]).await;
    group.flush().await;
    let told = group.unit.counts;
    // Stored, and the holder is fenced before it tells.
    group.store(&[completed(1, r#"{"n":1}"#)]).await;
    group.unit.counts = told;
    group.cancel().await;
    let body = world.get(&group.path(".json")).await.json();
    let words: Vec<&str> =
        body["runs"].as_array().unwrap().iter().map(|run| run["status"].as_str().unwrap()).collect();
    assert_eq!(words, ["completed", "cancelled", "cancelled"]);
    assert_eq!(body["results"], serde_json::json!([{"n": 0}, null, null]));
    let counts = &body["status"]["task_run_status_counts"];
    assert_eq!((&counts["completed"], &counts["cancelled"]), (&1.into(), &2.into()), "{counts}");
}
