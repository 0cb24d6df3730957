//! Every limit of a request, driven to its edge and one past it; `/limits.json` says where the edge is.

use reqwest::Method;
use serde_json::{Map, Value, json};
use suite::{Client, World};

const GROUPS: &str = "/v1beta/tasks/groups";

/// Makes the fields of a request that is as large as this.
type Make = fn(usize) -> Value;

/// What `/limits.json` says.
struct Limits(Value);

impl Limits {
    async fn of(client: &Client) -> Self {
        Self(client.get("/limits.json").await.expect(200).json())
    }

    fn get(&self, name: &str) -> usize {
        let value = self.0[name]["value"].as_u64().unwrap_or_else(|| panic!("no {name}: {}", self.0));
        usize::try_from(value).expect("a limit fits")
    }
}

/// A request that buys nothing, with these fields besides or instead of the usual ones.
fn body(more: &Value) -> Value {
    let mut body = json!({"inputs": ["a"], "output_type": "text", "processor": "lite", "dry_run": true});
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

fn entries(count: usize) -> Value {
    Value::Object((0..count).map(|n| (format!("k{n}"), json!("v"))).collect::<Map<_, _>>())
}

fn domains(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("d{n}.example")).collect()
}

fn servers(count: usize) -> Vec<Value> {
    (0..count).map(|n| json!({"name": format!("s{n}"), "url": "https://mcp.example/"})).collect()
}

/// An object of one text, as JSON of exactly so many bytes.
fn row(bytes: usize) -> Value {
    json!({"a": "x".repeat(bytes - r#"{"a":""}"#.len())})
}

/// A domain of so many characters: labels of at most 63.
fn domain(chars: usize) -> String {
    let mut domain = "a".repeat(chars);
    for at in (63..chars - 8).step_by(64) {
        domain.replace_range(at..=at, ".");
    }
    domain.replace_range(chars - 8.., ".example");
    domain
}

#[tokio::test]
async fn each_field_may_be_as_large_as_its_limit_and_not_one_more() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let limits = Limits::of(&owner).await;
    let edge = |name: &str| limits.get(name);
    let cases: [(&str, &str, Make); 17] = [
        ("metadata_entries", "/metadata", |n| json!({"metadata": entries(n)})),
        ("metadata_key_chars", "/metadata/", |n| json!({"metadata": {"k".repeat(n): "v"}})),
        ("metadata_value_chars", "/metadata/k", |n| json!({"metadata": {"k": "v".repeat(n)}})),
        ("mcp_servers", "/mcp_servers", |n| json!({"mcp_servers": servers(n)})),
        ("source_entries", "/source_policy", |n| json!({"source_policy": {"include_domains": domains(n)}})),
        (
            "source_chars",
            "/source_policy/include_domains/0",
            |n| json!({"source_policy": {"include_domains": [domain(n)]}}),
        ),
        ("processor_chars", "/processor", |n| json!({"processor": "p".repeat(n)})),
        ("scope_chars", "/memory_scope_key", |n| json!({"memory_scope_key": "m".repeat(n)})),
        ("scope_chars", "/previous_interaction_id", |n| json!({"previous_interaction_id": "p".repeat(n)})),
        ("retry_failed", "/retry_failed", |n| json!({"retry_failed": n})),
        ("timeout", "/timeout_seconds", |n| json!({"timeout_seconds": n})),
        ("row_bytes", "/inputs/0", |n| json!({"inputs": [row(n)], "output_type": "auto"})),
        ("url_chars", "/webhook_url", |n| {
            let base = "https://93.184.216.34/";
            json!({"webhook_url": format!("{base}{}", "u".repeat(n - base.len()))})
        }),
        ("spec_chars", "/output_schema", |n| schema(n)),
        ("rows", "/limit", |n| json!({"limit": n})),
        ("mcp_servers_bytes", "/mcp_servers", |n| {
            let mut server = json!([{"name": "s", "url": "https://mcp.example/", "headers": {"h": ""}}]);
            let filled = n - server.to_string().len();
            server[0]["headers"]["h"] = json!("h".repeat(filled));
            json!({"mcp_servers": server})
        }),
        ("cache_age", "/cache/max_age_hours", |seconds| {
            let hours = if seconds.is_multiple_of(3_600) { seconds / 3_600 } else { seconds / 3_600 + 1 };
            json!({"cache": {"max_age_hours": hours}})
        }),
    ];
    for (name, pointer, make) in cases {
        // What is larger than a limit of the upstream's together with its row is refused by that one before.
        if name != "row_bytes" {
            let fits = owner.post(GROUPS, &body(&make(edge(name)))).await;
            assert_eq!(fits.status, 200, "{name} at its limit: {}", fits.text);
        }
        let past = owner.post(GROUPS, &body(&make(edge(name) + 1))).await.expect(422);
        assert!(past.pointers().iter().any(|told| told.starts_with(pointer)), "{name}: {}", past.text);
    }
    assert!(world.simulator().ledger().creates().is_empty());
}

/// A group whose task specification has exactly so many characters of JSON, as far as its schema makes it so.
fn schema(chars: usize) -> Value {
    let schema = |filled: usize| {
        json!({
            "type": "object",
            "properties": {"a": {"type": "string", "description": "d".repeat(filled)}},
            "required": ["a"],
            "additionalProperties": false
        })
    };
    let spec =
        |schema: &Value| json!({"output_schema": {"type": "json", "json_schema": schema}}).to_string().len();
    let filled = chars - spec(&schema(0));
    json!({"output_type": "json", "output_schema": schema(filled)})
}

#[tokio::test]
async fn a_specification_and_a_row_share_a_limit() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let limits = Limits::of(&owner).await;
    let both = limits.get("spec_and_input_chars");
    let spec = json!({"output_schema": {"type": "text"}}).to_string().len();
    let fitting = |over: usize| body(&json!({"inputs": [row(both - spec + over)]}));
    owner.post(GROUPS, &fitting(0)).await.expect(200);
    let refused = owner.post(GROUPS, &fitting(1)).await.expect(422);
    assert_eq!(refused.pointers(), ["/inputs/0"], "{}", refused.text);
}

#[tokio::test]
async fn a_list_may_have_as_many_rows_and_columns_as_its_limits_and_not_one_more() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let limits = Limits::of(&owner).await;
    let csv = |columns: usize| {
        let names: Vec<String> = (0..columns).map(|n| format!("c{n}")).collect();
        let row: Vec<&str> = names.iter().map(|_| "v").collect();
        let request =
            owner.request(Method::POST, &format!("{GROUPS}?output_type=text&processor=lite&dry_run=true"));
        owner.send(request.header("content-type", "text/csv").body(format!(
            "{}\n{}\n",
            names.join(","),
            row.join(",")
        )))
    };
    csv(limits.get("columns")).await.expect(200);
    csv(limits.get("columns") + 1).await.expect(422);

    let rows = |count: usize| body(&json!({"inputs": vec!["a"; count]}));
    owner.post(GROUPS, &rows(limits.get("rows"))).await.expect(200);
    owner.post(GROUPS, &rows(limits.get("rows") + 1)).await.expect(422);
}

#[tokio::test]
async fn what_a_query_or_a_header_may_say_has_its_limit_too() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let limits = Limits::of(&owner).await;
    let text = json!({"inputs": ["a"], "output_type": "text", "processor": "lite"});
    let group = owner.create(&text).await;
    owner.finished(&group).await;
    for (path, name) in [
        (group.path(".json?wait="), "wait"),
        (group.path("/runs?limit="), "runs_page"),
        (format!("{GROUPS}?limit="), "list_page"),
    ] {
        owner.get(&format!("{path}{}", limits.get(name))).await.expect(200);
        owner.get(&format!("{path}{}", limits.get(name) + 1)).await.expect(422);
    }
    let keyed = |chars: usize| {
        let request =
            owner.request(Method::POST, GROUPS).json(&text).header("idempotency-key", "k".repeat(chars));
        owner.send(request)
    };
    keyed(limits.get("idempotency_key_chars")).await.expect(202);
    let refused = keyed(limits.get("idempotency_key_chars") + 1).await;
    assert!(matches!(refused.status, 400 | 422), "{}", refused.text);
}
