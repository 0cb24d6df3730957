//! Groups of one row, of a thousand and of ten thousand: complete, in input order, in every format, with reasons for what failed.

use serde_json::{Value, json};
use suite::{Client, Group, World};

/// Every row with this remainder fails.
const FAILING: usize = 97;

fn fails(row: usize) -> bool {
    row % 100 == FAILING
}

/// A group of so many rows, each of which says which one it is.
async fn create(owner: &Client, rows: usize) -> Group {
    let input = |row| {
        let mut input = json!({"company": format!("Company {row}")});
        if fails(row) {
            input["simulate"] = json!("fail");
        }
        input
    };
    owner
        .create(&json!({
            "inputs": (0..rows).map(input).collect::<Vec<Value>>(),
            "processor": "lite",
            "output_type": "json",
            "output_schema": {
                "type": "object",
                "properties": {"founded": {"type": "integer", "description": "the year"}},
                "required": ["founded"],
                "additionalProperties": false
            }
        }))
        .await
}

async fn all_is_there(rows: usize) {
    // The quota has a story of its own; here nobody waits for it.
    let world = World::setup()
        .simulator(|simulator| simulator.quota_per_minute = 100_000)
        .options(|options| options.runner.runs_per_minute = 100_000)
        .start()
        .await;
    let owner = world.owner("the-owners-key");
    let group = create(&owner, rows).await;
    let result = owner.over(&group).await;
    let failed = (0..rows).filter(|row| fails(*row)).count();
    assert_eq!(result["status"]["status"], if failed == 0 { "completed" } else { "partial" });

    let results = result["results"].as_array().expect("results");
    let runs = result["runs"].as_array().expect("runs");
    assert_eq!((results.len(), runs.len()), (rows, rows));
    for (row, (output, run)) in results.iter().zip(runs).enumerate() {
        assert_eq!(run["index"], row);
        assert_eq!(run["input"]["company"], format!("Company {row}"));
        assert_eq!(output.is_null(), fails(row), "row {row}: {run}");
        if fails(row) {
            let reason = run["error"]["message"].as_str().unwrap_or_default();
            assert!(!reason.is_empty(), "row {row} failed without a reason");
        } else {
            assert!(output["founded"].is_i64(), "{output}");
            assert!(run["confidence"]["fields"]["founded"].is_string(), "{run}");
        }
    }

    let csv = owner.get(&group.path(".csv")).await.expect(200).text;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let mut at = |name: &str| reader.headers().expect("a head").iter().position(|column| column == name);
    let (company, status) = (at("company").expect("inputs"), at("status").expect("a status"));
    let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("CSV");
    assert_eq!(records.len(), rows);
    for (row, record) in records.iter().enumerate() {
        assert_eq!(record[company], format!("Company {row}"));
        assert_eq!(&record[status], if fails(row) { "failed" } else { "completed" });
    }

    let lines = owner.get(&group.path(".ndjson")).await.expect(200).text;
    let indexes =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["index"].clone());
    assert!(indexes.eq((0..rows).map(Value::from)));

    let markdown = owner.get(&group.path(".md")).await.expect(200).text;
    let table = markdown
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next()?.parse::<usize>().ok());
    assert!(table.eq(1..=rows));

    let page = owner.get(&group.path(".html")).await.expect(200).text;
    let places: Vec<usize> = (0..rows).filter_map(|row| page.find(&format!("id=\"r{row}\""))).collect();
    assert!(places.len() == rows && places.is_sorted());

    let frames = owner.events(&group.path(".sse"), None).await.rest().await;
    assert_eq!(frames.last().map(|frame| frame.data.as_str()), Some("[DONE]"));
    let mut told = vec![false; rows];
    for event in owner.events(&group.path("/events"), None).await.rest().await {
        if event.name == "run_update" {
            let index = event.json()["index"].as_u64().and_then(|index| usize::try_from(index).ok());
            let before = std::mem::replace(&mut told[index.expect("an index")], true);
            assert!(!before, "a row is told twice");
        }
    }
    assert!(told.iter().all(|told| *told));
}

#[tokio::test]
async fn one_row_is_complete_in_every_format() {
    all_is_there(1).await;
}

#[tokio::test]
async fn a_thousand_rows_are_complete_and_in_order_in_every_format() {
    all_is_there(1_000).await;
}

#[tokio::test]
async fn ten_thousand_rows_are_complete_and_in_order_in_every_format() {
    if suite::at_an_emulator() {
        return all_is_there(2_000).await;
    }
    all_is_there(10_000).await;
}
