//! Single tasks: what is accepted, what is refused, what is listed, and who may change one.

use domain::group::{Output, Secrets};
use domain::run::Counts;
use domain::unit::{Kind, Status};
use serde_json::{Value, json};
use store::Saved;

use crate::world::{Answer, BASE, KEY, World, group, request, send};

const PATH: &str = "/api/tasks";

fn task() -> Value {
    json!({"processor": "core", "input": {"company": "Acme"}, "taskSpec": {"output_schema": "the CEO"}})
}

async fn create(world: &World, body: &Value) -> Answer {
    world.post(PATH, body).await
}

#[tokio::test]
async fn a_task_is_stored_as_a_group_of_one_before_it_is_answered() {
    let world = World::start().await;
    let answer = create(&world, &task()).await;
    let id = answer.id();
    let url = format!("{BASE}/task/{id}");
    let expected = json!({"id": id, "taskId": id, "status": "pending", "queue": "default", "url": url});
    assert_eq!((answer.json(), answer.header("location")), (expected, url.as_str()));
    let unit = world.unit(&id).await;
    assert_eq!((unit.kind, unit.status, unit.rows(), unit.url()), (Kind::Task, Status::Pending, 1, url));
    assert_eq!(world.rows(&unit).await, [r#"{"company":"Acme"}"#]);
    assert!(matches!(&unit.spec.group.output, Output::Text { description: Some(text) } if text == "the CEO"));
    assert_eq!(unit.spec.group.pass_through["enable_events"], true);
    assert_eq!(world.queues.taken("runs"), [json!({"v": 1, "kind": "unit", "id": id, "hop": 0})]);
}

#[tokio::test]
async fn each_form_of_a_specification_is_understood() {
    let world = World::start().await;
    let schema = json!({"type": "object", "properties": {"ceo": {"type": "string"}}, "required": ["ceo"], "additionalProperties": false});
    for (name, spec, word) in [
        ("taskSpec", json!({"output_schema": {"type": "text", "description": "a line"}}), "text"),
        ("task_spec", json!({"output_schema": {"type": "json", "json_schema": schema}}), "json"),
        ("task_spec", json!({"output_schema": schema, "input_schema": {"json_schema": schema}}), "json"),
        ("taskSpec", json!({"output_schema": {"type": "auto"}}), "auto"),
        ("taskSpec", json!({"output_schema": "bare"}), "text"),
        ("taskSpec", json!({"output_schema": "bare", "input_schema": "a company"}), "text"),
        ("taskSpec", json!({"output_schema": "bare", "input_schema": {"type": "text"}}), "text"),
        ("taskSpec", json!({}), "auto"),
        ("taskSpec", Value::Null, "auto"),
    ] {
        let answer = create(&world, &json!({"processor": "core", "input": "q", name: spec})).await;
        let unit = world.unit(&answer.id()).await;
        assert_eq!(unit.spec.group.output.word(), word, "{spec}");
        assert_eq!(unit.spec.group.input_schema.is_some(), spec.get("input_schema").is_some());
    }
}

#[tokio::test]
async fn every_fault_is_told_at_its_place() {
    let world = World::start().await;
    for (body, places) in [
        (json!({}), vec!["/input"]),
        (
            json!({"input": 7, "processor": "not a name", "colour": 1}),
            vec!["/input", "/processor", "/colour"],
        ),
        (
            json!({"input": "q", "taskSpec": {"output_schema": {"type": "xml"}, "x": 1}}),
            vec!["/taskSpec/output_schema/type", "/taskSpec/x"],
        ),
        (
            json!({"input": "q", "task_spec": {"output_schema": {"type": "json", "json_schema": {"type": "array"}}}}),
            vec![
                "/task_spec/output_schema/json_schema/type",
                "/task_spec/output_schema/json_schema/properties",
            ],
        ),
        (json!({"input": "q", "taskSpec": {}, "task_spec": {}}), vec!["/task_spec"]),
        (json!({"input": "x".repeat(25_000)}), vec!["/input"]),
        (json!({"input": "q", "id": "a/b"}), vec!["/id"]),
        (json!({"input": "q", "id": "a".repeat(26)}), vec!["/id"]),
        (
            json!({"input": "q", "source_policy": 1, "timeout_seconds": 0}),
            vec!["/source_policy", "/timeout_seconds"],
        ),
        (json!({"type": "openai.chat", "payload": {}}), vec!["/type", "/payload"]),
        (json!({"steps": [], "input": "q"}), vec!["/steps"]),
    ] {
        let answer = create(&world, &body).await;
        let (mut found, mut expected) = (answer.places(), places);
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(
            (answer.status.as_u16(), found),
            (422, expected.iter().map(ToString::to_string).collect()),
            "{body}"
        );
    }
    assert_eq!(world.ask("POST", PATH, &[], "{").await.status.as_u16(), 400);
}

#[tokio::test]
async fn both_kinds_of_task_together_are_named_together() {
    let world = World::start().await;
    let answer = create(&world, &json!({"type": "openai.chat", "input": "q", "processor": "core"})).await;
    assert_eq!(answer.places(), ["/type"]);
    let said = answer.json()["errors"][0].to_string();
    assert!(said.contains("input, processor"), "{said}");
}

#[tokio::test]
async fn auto_output_is_too_much_for_the_smallest_unless_an_upgrade_is_welcome() {
    let world = World::start().await;
    let body = |processor: &str| json!({"processor": processor, "input": "q", "taskSpec": {"output_schema": {"type": "auto"}}});
    for small in ["lite", "base", "lite-fast"] {
        assert_eq!(create(&world, &body(small)).await.places(), ["/processor"], "{small}");
    }
    let mut upgraded = body("base-fast");
    upgraded["upgrade"] = true.into();
    let answer = create(&world, &upgraded).await;
    assert_eq!(world.unit(&answer.id()).await.spec.group.processor.as_deref(), Some("core-fast"));
    assert_eq!(answer.json()["warnings"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn deep_research_takes_pro_or_better_for_tasks_and_groups_alike() {
    let world = World::start().await;
    let mut group = group(&json!(["a"]));
    group["output_type"] = "text".into();
    for (path, mut body) in [(PATH, json!({"input": "q"})), ("/v1beta/tasks/groups", group)] {
        body["mode"] = "deep_research".into();
        for (processor, taken) in
            [(Value::Null, "ultra"), ("pro".into(), "pro"), ("ultra2x".into(), "ultra2x")]
        {
            body["processor"] = processor;
            let unit = world.unit(&world.post(path, &body).await.id()).await;
            assert_eq!(unit.spec.group.processor.as_deref(), Some(taken), "{path}");
        }
        body["processor"] = "lite".into();
        let refused = world.post(path, &body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.places()),
            (422, vec!["/processor".to_owned()]),
            "{path}"
        );
        assert!(refused.text.contains("pro or more"), "{}", refused.text);
    }
}

#[tokio::test]
async fn a_text_that_says_what_an_input_is_stays_with_the_task() {
    let world = World::start().await;
    let text = "a company's name";
    let of_task =
        create(&world, &json!({"input": "q", "taskSpec": {"output_schema": "x", "input_schema": text}}))
            .await;
    let mut body = group(&json!(["a"]));
    body["input_schema"] = json!({"type": "text", "description": text});
    let of_group = world.create(&body).await;
    for answer in [of_task, of_group] {
        let unit = world.unit(&answer.id()).await;
        let kept = unit.spec.group.input_schema.expect("it is kept");
        assert_eq!((kept.get(), unit.spec.group.warnings.len()), (json!(text).to_string().as_str(), 0));
    }
}

#[tokio::test]
async fn a_key_in_the_body_opens_the_same_and_stands_nowhere() {
    let world = World::start().await;
    let mut body = task();
    body["apiKey"] = KEY.into();
    let without = [("x-api-key", "")];
    let answer = world.ask("POST", PATH, &without, body.to_string()).await;
    let unit = world.unit(&answer.id()).await;
    assert_eq!(unit.owner, world.owner());
    let opened =
        world.sealer.open(unit.sealed.as_deref().expect("it lives"), unit.id.as_str()).expect("ours");
    assert_eq!(serde_json::from_str::<Secrets>(opened.expose()).expect("secrets").key, KEY);
    assert!(!answer.text.contains(KEY) && !format!("{:?}", unit.spec).contains(KEY));
    body["input"] = 7.into();
    let refused = world.ask("POST", PATH, &without, body.to_string()).await;
    assert!(refused.status == 422 && !refused.text.contains(KEY), "{}", refused.text);
    assert_eq!(world.ask("POST", PATH, &without, task().to_string()).await.status.as_u16(), 401);
}

#[tokio::test]
async fn an_id_of_the_callers_own_makes_one_task_and_finds_it() {
    let world = World::start().await;
    let mut body = task();
    body["id"] = "order-7".into();
    let first = create(&world, &body).await;
    let again = create(&world, &body).await;
    assert_eq!((first.json(), again.header("idempotency-replayed")), (again.json(), "true"));
    assert_eq!(world.queues.taken("runs").len(), 1);
    let mut other = body.clone();
    other["input"] = "another".into();
    assert_eq!(create(&world, &other).await.status.as_u16(), 409);
    let stranger = [("x-api-key", "another-key-entirely")];
    let theirs = world.ask("POST", PATH, &stranger, body.to_string()).await;
    assert_ne!(theirs.id(), first.id(), "two owners' ids never meet");
    let cancelled = world.ask("DELETE", "/api/tasks/order-7", &[], "").await;
    assert_eq!((cancelled.status.as_u16(), &cancelled.json()["id"]), (200, &json!(first.id())));
    let kept = create(&world, &body).await;
    assert_eq!(kept.id(), first.id(), "a cancelled task is there, and keeps its name");
    assert_eq!(world.unit(&first.id()).await.status, Status::Cancelled);
    assert_eq!(world.unit(&theirs.id()).await.status, Status::Pending);
    assert_eq!(world.ask("DELETE", "/api/tasks/order-8", &[], "").await.status.as_u16(), 404);
    assert_eq!(
        world.ask("HEAD", "/api/tasks/order-7", &[], "").await.header("content-type"),
        "application/json"
    );
}

#[tokio::test]
async fn an_id_of_the_callers_own_is_free_again_once_its_task_is_deleted() {
    let world = World::start().await;
    let mut body = task();
    body["id"] = "order-7".into();
    let first = create(&world, &body).await.id();
    assert_eq!(world.ask("DELETE", &format!("/task/{first}"), &[], "").await.status.as_u16(), 204);
    assert_eq!(world.ask("DELETE", "/api/tasks/order-7", &[], "").await.status.as_u16(), 404);
    body["input"] = "another".into();
    let second = create(&world, &body).await;
    assert_ne!(second.id(), first);
    let again = create(&world, &body).await;
    assert_eq!((again.id(), again.header("idempotency-replayed")), (second.id(), "true"));
    world.ask("DELETE", &format!("/task/{}", second.id()), &[], "").await;
    let third = create(&world, &body).await.id();
    assert_ne!(third, second.id(), "the same once more is a new task, since the one before is gone");
}

#[tokio::test]
async fn of_two_that_take_over_a_free_id_at_once_one_makes_the_task() {
    let world = World::start().await;
    let mut body = task();
    body["id"] = "order-7".into();
    let first = create(&world, &body).await.id();
    world.ask("DELETE", &format!("/task/{first}"), &[], "").await;
    let mut held = world.gate.hold("TransactWriteItems");
    let slow = tokio::spawn({
        let (service, body) = (world.service.clone(), body.to_string());
        async move { send(&service, request("POST", PATH, &[], body)).await }
    });
    held.arrived().await;
    let won = create(&world, &body).await.id();
    held.release();
    let other = slow.await.expect("an answer");
    assert_eq!((other.id(), other.header("idempotency-replayed")), (won, "true"));
}

#[tokio::test]
async fn an_idempotency_key_beside_an_own_id_is_remembered_too() {
    let world = World::start().await;
    let headers = [("idempotency-key", "one")];
    let mut body = task();
    body["id"] = "order-7".into();
    let first = world.ask("POST", PATH, &headers, body.to_string()).await;
    let again = world.ask("POST", PATH, &headers, body.to_string()).await;
    assert_eq!(first.json(), again.json());
    let other = world.ask("POST", PATH, &headers, task().to_string()).await;
    assert_eq!(other.status.as_u16(), 409);
}

#[tokio::test]
async fn a_task_is_retried_and_removed_by_each_of_its_paths() {
    let world = World::start().await;
    let id = create(&world, &task()).await.id();
    let fail = async || {
        let held = world.claimed(&id).await;
        let over = world.finish(&held, Counts { failed: 1, ..Counts::default() }).await;
        assert!(matches!(over, Saved::Yes(_)));
    };
    for path in [format!("/api/tasks/{id}/retry"), format!("/task/{id}/retry")] {
        fail().await;
        let answer = world.ask("POST", &path, &[], "").await;
        let told = answer.json();
        assert_eq!((answer.status.as_u16(), &told["retried"]), (202, &json!(1)), "{path}");
        assert_eq!((&told["taskId"], &told["status"]), (&json!(id), &json!("pending")), "{path}");
        assert_eq!((&told["queue"], told.get("taskgroup_id")), (&json!("default"), None), "{path}");
    }
    let more = world.ask("POST", &format!("/{id}/runs"), &[], json!({"inputs": ["b"]}).to_string()).await;
    assert_eq!(more.status.as_u16(), 409, "a task takes no second input: {}", more.text);
    for (method, path) in [("POST", format!("/task/{id}/cancel")), ("DELETE", format!("/api/tasks/{id}"))] {
        let answer = world.ask(method, &path, &[], "").await;
        let told = answer.json();
        assert_eq!((answer.status.as_u16(), &told["cancelled"]), (200, &json!(true)), "{path}");
        assert_eq!((&told["taskId"], &told["status"]), (&json!(id), &json!("cancelled")), "{path}");
        assert_eq!((&told["type"], told.get("taskgroup_id")), (&json!("parallel.task"), None), "{path}");
    }
    let stranger = [("x-api-key", "another-key-entirely")];
    assert_eq!(world.ask("DELETE", &format!("/task/{id}"), &stranger, "").await.status.as_u16(), 403);
    assert_eq!(world.ask("DELETE", &format!("/task/{id}"), &[], "").await.status.as_u16(), 204);
    assert!(world.store.unit(&id).await.expect("a table").is_none());
}

#[tokio::test]
async fn a_list_holds_both_kinds_newest_first_and_its_owners_alone() {
    let world = World::start().await;
    let first = create(&world, &task()).await.id();
    world.clock.advance(std::time::Duration::from_secs(1));
    let second = world.create(&group(&json!(["a", "b"]))).await.id();
    let listed = world.get(PATH).await.json();
    assert_eq!((&listed["count"], &listed["next_cursor"]), (&json!(2), &Value::Null));
    assert_eq!((&listed["tasks"][0]["id"], &listed["tasks"][1]["id"]), (&json!(second), &json!(first)));
    let shown = &listed["tasks"][1];
    assert_eq!((&shown["kind"], &shown["type"]), (&json!("task"), &json!("parallel.task")));
    assert_eq!(shown["inputPreview"], r#"{"company":"Acme"}"#);
    assert_eq!(shown["url"], format!("{BASE}/task/{first}"));
    let array = world.get("/api/tasks?format=array&kind=task&status=waiting").await.json();
    assert_eq!((array.as_array().map(Vec::len), &array[0]["id"]), (Some(1), &json!(first)));
    assert_eq!(world.get("/api/tasks?q=acme").await.json()["count"], 1);
    assert_eq!(world.get("/api/tasks?type=openai.chat").await.json()["count"], 0);
    assert_eq!(world.get("/v1beta/tasks/groups").await.json()["count"], 1, "a task is no group");
    let stranger = [("x-api-key", "another-key-entirely")];
    assert_eq!(world.ask("GET", PATH, &stranger, "").await.json()["count"], 0);
    assert_eq!(world.get("/api/tasks?kind=pipeline").await.status.as_u16(), 422);
}
