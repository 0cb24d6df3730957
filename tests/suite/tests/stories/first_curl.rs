//! The newcomer's first curl: two rows, a URL at once, and results in every format.

use serde_json::json;
use suite::World;

#[tokio::test]
async fn two_rows_are_accepted_at_once_and_end_as_results_in_input_order_in_every_format() {
    let world = World::start().await;
    let newcomer = world.visitor();
    let body = json!({
        "inputs": [{"company": "Acme"}, {"company": "Globex"}],
        "output_type": "json",
        "output_description": "the CEO and the year of foundation",
    });

    let accepted = newcomer.post("/v1beta/tasks/groups", &body).await.expect(202);
    let url = accepted.json()["url"].as_str().expect("a URL").to_owned();
    assert_eq!(accepted.header("location"), url);
    assert!(url.starts_with(world.url()), "{url}");

    let path = url.strip_prefix(world.url()).expect("it is below the base").to_owned();
    let waited = newcomer.get(&format!("{path}.json?wait=60")).await.expect(200);
    let result = waited.json();
    assert_eq!(result["status"]["status"], "completed", "{result}");
    assert_eq!(result["status"]["task_run_status_counts"], json!({"completed": 2}));
    assert_eq!(result["runs"][0]["input"], json!({"company": "Acme"}));
    assert_eq!(result["runs"][1]["input"], json!({"company": "Globex"}));
    let results = result["results"].as_array().expect("results");
    assert_eq!(results.len(), 2);
    assert!(results.iter().all(serde_json::Value::is_object), "{results:?}");

    let markdown = newcomer.get(&format!("{path}.md")).await.expect(200).text;
    assert!(markdown.starts_with("# Task Group Results\n"), "{markdown}");
    assert!(markdown.contains("**Status**: ✅ Completed") && markdown.contains("Acme"), "{markdown}");
    let page = newcomer.get_as(&path, "text/html").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text.contains("Acme") && page.text.contains("Globex"), "{}", page.text);
    let csv = newcomer.get(&format!("{path}.csv")).await.expect(200).text;
    let companies: Vec<bool> = csv.lines().skip(1).map(|line| line.contains("Acme")).collect();
    assert_eq!(companies, [true, false], "{csv}");
    let lines = newcomer.get(&format!("{path}.ndjson")).await.expect(200).text;
    assert_eq!(lines.lines().count(), 2, "{lines}");

    assert_eq!(world.simulator().ledger().runs().len(), 2);
}

#[tokio::test]
async fn the_end_is_told_once_to_a_receiver_that_can_verify_it() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let secret = owner.get("/v1beta/webhooks/secret").await.expect(200).json();
    let secret = secret["secret"].as_str().expect("a secret").to_owned();
    let group = owner
        .create(&json!({
            "inputs": ["Acme"], "output_type": "text", "processor": "lite",
            "webhook_url": world.receiver().url("/hook"),
        }))
        .await;

    let hits = world.receiver().after(1).await;
    let told = hits[0].json();
    assert_eq!((told["id"].as_str(), told["url"].as_str()), (Some(&*group.id), Some(&*group.url)));
    assert_eq!(told["type"], "task_group.completed");
    assert!(hits[0].verifies_by(&secret), "{:?}", hits[0]);
    assert_eq!(owner.finished(&group).await["status"]["status"], "completed");
    assert_eq!(world.receiver().hits().len(), 1);
}
