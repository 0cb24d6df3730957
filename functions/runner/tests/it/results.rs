//! Results as the upstream gives them, and rows that end otherwise.

use std::time::Duration;

use domain::run::RunStatus;
use domain::unit::Status;

use crate::group::{plain, simulated};
use crate::world::World;

#[tokio::test]
async fn an_output_of_12_mb_survives_byte_for_byte() {
    let world = World::start().await;
    let ended = world.run(simulated(&["huge", ""])).await;
    assert_eq!(ended.status(), Status::Completed);
    let run = ended.runs[0].run_id.clone().expect("an id");
    #[expect(clippy::disallowed_methods, reason = "it asks the simulator of this test")]
    let client = reqwest::Client::new();
    let url = format!("{}/v1/tasks/runs/{run}/result", world.simulator.url());
    let request = client.get(url).header("x-api-key", crate::world::key_of(&ended.unit.id));
    let answer = request.send().await.expect("the upstream").text().await.expect("a text");
    let kept = ended.runs[0].output.as_ref().expect("an output").get();
    assert!(kept.len() > 12_000_000, "{}", kept.len());
    assert!(answer.contains(kept), "what is kept stands in the upstream's answer as it is");
}

#[tokio::test]
async fn rows_that_end_otherwise_say_how() {
    let world = World::start().await;
    let markers = ["action_required", "cancelled", "null_output", "unknown_status", "fail", "hostile"];
    let ended = world.run(simulated(&markers)).await;
    assert_eq!(ended.statuses(), ["failed", "cancelled", "failed", "completed", "failed", "completed"]);
    assert_eq!(ended.status(), Status::Partial);
    let errors = ended.errors();
    assert!(errors[0].contains("asks for an action") || errors[0].contains("action"), "{errors:?}");
    assert!(errors[1].contains("cancelled"), "{errors:?}");
    assert!(errors[2].contains("without an output"), "{errors:?}");
    assert!(ended.runs.iter().all(|run| run.run_id.is_some() && run.finished_at.is_some()));
    let counts = ended.unit.counts;
    assert_eq!((counts.completed, counts.failed, counts.cancelled), (2, 3, 1));
}

#[tokio::test]
async fn a_unit_whose_time_is_up_ends_as_timed_out_with_its_unfinished_rows() {
    let world = World::start().await;
    let id =
        world.create(simulated(&["", "never", "never"]).with(|spec| spec.timeout_seconds = Some(90))).await;
    let moves = async {
        world.until(&id, |unit| unit.counts.completed == 1).await;
        world.clock.advance(Duration::from_secs(91));
    };
    let (ended, ()) = tokio::join!(world.settle(&id), moves);
    assert_eq!((ended.status(), ended.failure()), (Status::TimedOut, Some("timed_out")));
    assert_eq!((ended.unit.counts.completed, ended.unit.counts.timed_out), (1, 2));
    assert_eq!(
        (ended.told()["status"].as_str(), ended.told()["data"]["reason"].as_str()),
        (Some("timed_out"), Some("timeout"))
    );
    let said = &ended.unit.progress.failure.as_ref().expect("a failure").message;
    assert!(said.contains("90"), "{said}");
}

#[tokio::test]
async fn a_run_that_takes_longer_than_any_may_is_timed_out_alone() {
    let world = World::start().await;
    let id = world.create(simulated(&["", "never"])).await;
    let moves = async {
        world.until(&id, |unit| unit.counts.completed == 1).await;
        // Half an hour for queueing, and twice the longest documented time of lite.
        world.clock.advance(Duration::from_secs(1_800 + 240 + 1));
        // It is found out at the next look around.
        while !world.unit(&id).await.status.is_terminal() {
            world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    let (ended, ()) = tokio::join!(world.settle(&id), moves);
    assert_eq!((ended.status(), ended.statuses()), (Status::Partial, vec!["completed", "timed_out"]));
    assert_eq!(ended.runs[1].status, RunStatus::TimedOut);
    assert_eq!(ended.failure(), None);
}

#[tokio::test]
async fn metadata_and_what_passes_through_reach_the_upstream() {
    let world = World::start().await;
    let group = plain(1).with(|spec| {
        spec.metadata.insert("batch".to_owned(), "b1".into());
        spec.pass_through.insert("enable_events".to_owned(), true.into());
    });
    let ended = world.run(group).await;
    assert_eq!(ended.bought[0].metadata["batch"], "b1");
    assert_eq!(ended.bought[0].metadata["mt_row"], "0.1");
}
