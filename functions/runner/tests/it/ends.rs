//! How a group ends when nothing goes wrong but its rows.

use domain::group::Output;
use domain::unit::Status;
use serde_json::{json, value::to_raw_value};

use crate::group::{group, plain, simulated};
use crate::world::World;

#[tokio::test]
async fn text_json_and_auto_groups_complete_in_order_with_basis() {
    let world = World::start().await;
    let schema = json!({"type": "object", "properties": {"ceo": {"type": "string"}, "year": {"type": "string"}},
        "required": ["ceo", "year"], "additionalProperties": false});
    let schema = to_raw_value(&schema).expect("JSON");
    let outputs = [Output::Text { description: None }, Output::Json { schema: schema.into() }, Output::Auto];
    for output in outputs {
        let kind = output.word();
        let ended = world.run(plain(3).with(|spec| spec.output = output)).await;
        assert_eq!((ended.status(), ended.statuses()), (Status::Completed, vec!["completed"; 3]), "{kind}");
        assert_eq!(ended.marks(), ["0.1", "1.1", "2.1"]);
        for (row, run) in ended.runs.iter().enumerate() {
            assert_eq!(
                (run.index as usize, run.run_id.as_deref()),
                (row, Some(ended.bought[row].run_id.as_str()))
            );
            let output = ended.output(row);
            assert!(output["basis"].as_array().is_some_and(|basis| !basis.is_empty()), "{kind}: {output}");
            if kind == "json" {
                assert!(output["content"]["ceo"].is_string() && output["content"]["year"].is_string());
            }
        }
        assert_eq!(ended.unit.progress.warnings, Vec::<String>::new());
    }
    assert_eq!(world.messages_left().await, 0);
}

#[tokio::test]
async fn a_failing_row_makes_a_group_partial_and_all_failing_make_it_failed() {
    let world = World::start().await;
    let ended = world.run(simulated(&["", "fail", ""])).await;
    assert_eq!(
        (ended.status(), ended.statuses()),
        (Status::Partial, vec!["completed", "failed", "completed"])
    );
    assert!(!ended.errors()[1].is_empty());
    assert_eq!((ended.unit.counts.completed, ended.unit.counts.failed), (2, 1));
    let ended = world.run(simulated(&["fail", "fail"])).await;
    assert_eq!((ended.status(), ended.statuses()), (Status::Failed, vec!["failed"; 2]));
    assert_eq!(ended.told()["status"], "failed");
}

#[tokio::test]
async fn an_end_is_announced_in_the_write_that_ends_the_unit() {
    let world = World::start().await;
    let id = world.create(plain(2)).await;
    world.gate.arm(crate::gate::Act::HoldBefore, 0, |request| {
        request.operation == "TransactWriteItems" && request.body.contains("completed_at")
    });
    assert!(world.dies_when_held(world.receive().await).await);
    assert_eq!(world.unit(&id).await.status, Status::Running);
    assert_eq!(world.store.deliveries(&id).await.expect("a table"), []);
    let told = world.flushes(&id).await;
    assert!(
        told.iter().all(|flush| !flush.status.is_terminal()),
        "nobody reads of an end that is none: {told:?}"
    );
    world.leases_pass();
    let ended = world.settle(&id).await;
    assert_eq!(
        (ended.status(), ended.told()["type"].as_str()),
        (Status::Completed, Some("task_group.completed"))
    );
    assert_eq!(ended.flushes.last().map(|flush| flush.status), Some(Status::Completed));
}

#[tokio::test]
async fn a_group_of_more_rows_than_a_request_holds_is_bought_in_several() {
    let world = World::start().await;
    let ended = world.run(plain(1_203)).await;
    assert_eq!((ended.status(), ended.unit.counts.completed), (Status::Completed, 1_203));
    let wanted: Vec<String> = (0..1_203).map(|row| format!("{row}.1")).collect();
    assert_eq!(ended.marks(), wanted);
    assert!(ended.runs.iter().zip(0..).all(|(run, index)| run.index == index));
}

#[tokio::test]
async fn a_row_of_text_is_bought_as_text() {
    let world = World::start().await;
    let ended = world.run(group([json!("Who runs Acme?")])).await;
    assert_eq!(ended.status(), Status::Completed);
}
