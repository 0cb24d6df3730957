//! Outputs of every kind, as the upstream gave them: text, JSON and its own choice, very large ones, hostile ones.

use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use suite::World;

#[tokio::test]
async fn text_json_and_auto_outputs_carry_their_own_form_and_their_basis() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let schema = json!({
        "type": "object", "required": ["ceo"], "additionalProperties": false,
        "properties": {"ceo": {"type": "string", "description": "the CEO"}}
    });
    for (kind, more) in [("text", json!({})), ("json", json!({"output_schema": schema})), ("auto", json!({}))]
    {
        let mut body = json!({"inputs": [{"company": "Acme"}], "output_type": kind, "processor": "base"});
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        let group = owner.create(&body).await;
        let result = owner.finished(&group).await;
        assert_eq!(
            (&result["status"]["status"], &result["output_type"]),
            (&json!("completed"), &json!(kind))
        );
        let output = &result["results"][0];
        assert_eq!(output.is_string(), kind == "text", "{kind}: {output}");
        let run = &result["runs"][0];
        assert!(run["basis"].as_array().is_some_and(|basis| !basis.is_empty()), "{kind}: {run}");
        if kind == "json" {
            assert!(run["confidence"]["fields"]["ceo"].is_string(), "{run}");
        }
    }
}

#[tokio::test]
async fn deep_research_gives_a_report_to_read_or_rows_with_the_basis_of_each_field() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let asked = |kind: &str, processor: &str| json!({"inputs": ["The market for kilns"], "mode": "deep_research", "output_type": kind, "processor": processor});
    let refused = owner.post("/v1beta/tasks/groups", &asked("text", "lite")).await.expect(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/processor");

    let report = owner.create(&asked("text", "ultra")).await;
    let text = owner.finished(&report).await["results"][0].as_str().expect("a text").to_owned();
    let page = owner.get(&report.path(".md")).await.expect(200).text;
    let begins = text.split_whitespace().next().expect("words");
    assert!(page.contains(begins) && page.contains("ultra"), "{begins}: {page}");

    let rows = owner.create(&asked("auto", "pro")).await;
    owner.finished(&rows).await;
    let found = owner.get(&rows.path(".json?include=basis")).await.expect(200).json();
    let row = found["results"][0].as_object().expect("a flat row");
    assert!(row.len() > 4 && row["input"] == "The market for kilns", "{row:?}");
    let basis = row["$basis"].as_array().expect("a basis");
    assert!(!basis.is_empty());
    for entry in basis {
        let field = entry["field"].as_str().expect("a field");
        let root = field.split(['.', '[']).next().expect("a name");
        assert!(row.contains_key(root) || row.contains_key(&format!("output_{root}")), "{field} of {row:?}");
        assert!(entry["confidence"].is_string() && entry["citations"].is_array(), "{entry}");
    }
}

#[derive(Deserialize)]
struct Upstream<'a> {
    #[serde(borrow)]
    output: Output<'a>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    content: &'a RawValue,
}

#[tokio::test]
async fn an_output_of_twelve_megabytes_survives_unchanged() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let body =
        json!({"inputs": ["simulate:huge", "an ordinary one"], "output_type": "text", "processor": "lite"});
    let group = owner.create(&body).await;
    let result = owner.finished(&group).await;
    assert_eq!(result["status"]["status"], "completed");

    let run = result["runs"][0]["run_id"].as_str().expect("it was bought");
    let url = format!("{}/v1/tasks/runs/{run}/result", world.simulator().url());
    let given = owner.send(owner.request_to(Method::GET, &url)).await.expect(200).text;
    let given: Upstream<'_> = serde_json::from_str(&given).expect("a result");
    let content = given.output.content.get();
    assert!(content.len() > 12_000_000, "{} bytes", content.len());

    let stored = owner.get(&group.path(".json")).await.expect(200).text;
    assert!(stored.contains(content), "the JSON does not hold the content byte for byte");
    let line = owner.get(&group.path(".ndjson")).await.expect(200).text;
    assert!(line.contains(content));
    assert_eq!(owner.get(&group.path("/runs/0")).await.expect(200).json()["output"], result["results"][0]);
}

#[tokio::test]
async fn a_hostile_output_is_text_on_the_page_and_no_formula_in_a_table() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let group = owner
        .create(&json!({
            "inputs": [{"company": "<img src=x onerror=alert(1)>", "simulate": "hostile"}],
            "output_type": "json", "output_description": "the CEO and the sector", "processor": "lite"
        }))
        .await;
    assert_eq!(owner.finished(&group).await["status"]["status"], "completed");
    let page = owner.get(&group.path(".html")).await.expect(200);
    assert!(!page.text.contains("<img src=x"), "the input is markup on the page");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"), "{policy}");
    let csv = owner.get(&group.path(".csv")).await.expect(200).text;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    for record in reader.records() {
        for field in &record.expect("CSV") {
            assert!(!field.starts_with(['=', '+', '@', '\t']), "a formula: {field}");
        }
    }
    let shown: Value = owner.get(&group.path(".json?shape=rows")).await.expect(200).json();
    assert_eq!(shown["results"][0]["company"], "<img src=x onerror=alert(1)>", "JSON changes nothing");
}
