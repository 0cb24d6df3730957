//! Faults, seen from outside; each is set over the handle and strikes as often as it was told to.

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Answer, Effect, Endpoint, Fault};

use crate::client::{KEY, PROTOCOLS, World, answer, text};

fn status(status: u16) -> Effect {
    Effect::Status { status, retry_after: None, message: None }
}

#[tokio::test]
async fn each_status_strikes_where_and_as_often_as_it_was_set() {
    let world = World::start().await;
    let id = world.lite(&json!("x")).await;
    world.pass(300);
    let path = format!("/v1/tasks/runs/{id}/result");
    world.simulator.faults().add(Fault::on(Endpoint::Result, status(500)).times(2));
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(world.get(&path).await.0);
    }
    assert_eq!(seen, [500, 500, 200]);
    for code in [402, 403, 429, 500, 502, 503] {
        world.simulator.faults().set([Fault::on(Endpoint::AddRuns, status(code)).times(1)]);
        let (_, group) = world.post("/v1/tasks/groups", &json!({})).await;
        let group = text(&group["taskgroup_id"]);
        let body = json!({"inputs": [{"processor": "lite", "input": "x"}]});
        let path = format!("/v1/tasks/groups/{group}/runs");
        let (status, reply) = world.post(&path, &body).await;
        assert_eq!((status, &reply["type"]), (code, &json!("error")));
        assert_eq!(world.post(&path, &body).await.0, 200);
    }
}

#[tokio::test]
async fn a_429_comes_with_and_without_retry_after() {
    let world = World::start().await;
    for retry_after in [None, Some(7)] {
        let effect = Effect::Status { status: 429, retry_after, message: None };
        world.simulator.faults().set([Fault::on(Endpoint::CreateRun, effect)]);
        let body = json!({"processor": "lite", "input": "x"});
        let response =
            world.request(Method::POST, "/v1/tasks/runs").json(&body).send().await.expect("a reply");
        assert_eq!(response.status(), 429);
        let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        assert_eq!(header, retry_after.map(|_| "7"));
    }
}

#[tokio::test]
async fn a_batch_can_be_refused_after_others_have_passed_and_for_one_key_only() {
    let world = World::start().await;
    let (group, _) = world.group(&["a"]).await;
    world.simulator.faults().set([
        Fault::on(Endpoint::AddRuns, status(422)).after(1).times(1).for_key(KEY),
        Fault::on(Endpoint::AddRuns, status(500)).for_key("somebody else"),
    ]);
    let body = json!({"inputs": [{"processor": "lite", "input": "x"}]});
    let path = format!("/v1/tasks/groups/{group}/runs");
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(world.post(&path, &body).await.0);
    }
    assert_eq!(seen, [200, 422, 200]);
    assert_eq!(world.simulator.ledger().runs_of_group(&group).len(), 3);
}

#[tokio::test]
async fn a_lost_reply_leaves_what_was_created_and_a_lost_request_does_not() {
    for protocol in PROTOCOLS {
        let world = World::over(protocol).await;
        let (group, _) = world.group(&["a"]).await;
        let run = json!({"processor": "lite", "input": "x", "metadata": {"mt_row": "4.1"}});
        for (endpoint, path, body) in [
            (Endpoint::CreateRun, "/v1/tasks/runs".to_owned(), run.clone()),
            (Endpoint::CreateGroup, "/v1/tasks/groups".to_owned(), json!({})),
            (Endpoint::AddRuns, format!("/v1/tasks/groups/{group}/runs"), json!({"inputs": [run, run]})),
        ] {
            for (effect, answer) in [(Effect::LostReply, Answer::Lost), (Effect::LostRequest, Answer::Unseen)]
            {
                world.simulator.faults().set([Fault::on(endpoint, effect)]);
                let reply = world.request(Method::POST, &path).json(&body).send().await;
                assert!(reply.is_err(), "{protocol:?} {endpoint:?}");
                let creates = world.simulator.ledger().creates();
                let last = creates.last().expect("a call");
                assert_eq!((last.endpoint, last.answer), (endpoint, answer));
            }
        }
        let bought = world.simulator.ledger().runs_with_metadata("mt_row", &json!("4.1"));
        assert_eq!(bought.len(), 3, "one run and a batch of two, both lost once");
    }
}

#[tokio::test]
async fn a_slow_reply_is_executed_at_once_and_answered_later() {
    let world = World::start().await;
    world.simulator.faults().set([Fault::on(Endpoint::CreateRun, Effect::SlowReply { seconds: 30.0 })]);
    let before = world.clock.now();
    let id = world.while_time_passes(world.lite(&json!("x"))).await;
    let run = world.simulator.ledger().runs().remove(0);
    assert_eq!(run.run_id, id);
    assert!(world.clock.now().duration_since(run.created_at).as_secs() >= 30);
    assert!(world.clock.now() > before);
}

#[tokio::test]
async fn a_stream_is_cut_after_as_many_events_as_it_was_told() {
    for protocol in PROTOCOLS {
        let world = World::over(protocol).await;
        for events in [0, 1, 3] {
            let id = world.create(&json!({"processor": "ultra", "input": "x"})).await;
            let path = format!("/v1/tasks/runs/{id}/events");
            let cut = Effect::CutStream { after_events: events, with_error: false };
            world.simulator.faults().set([Fault::on(Endpoint::RunEvents, cut).times(1)]);
            let stream = world.stream(&path).await;
            assert!(stream.broken, "{protocol:?}");
            assert_eq!(stream.frames.len(), events as usize, "{protocol:?}");
            let again = world.stream(&path).await;
            assert!(!again.broken, "the next connection is whole");
        }
    }
}

#[tokio::test]
async fn a_stream_can_end_with_an_error_event() {
    let world = World::start().await;
    let (group, _) = world.group(&["a", "b"]).await;
    let cut = Effect::CutStream { after_events: 1, with_error: true };
    world.simulator.faults().set([Fault::on(Endpoint::GroupRuns, cut)]);
    let stream = world.stream(&format!("/v1/tasks/groups/{group}/runs")).await;
    assert_eq!((stream.kinds(), stream.broken), (vec!["task_run.state", "error"], false));
    assert_eq!(stream.frames[1]["error"]["message"], "Stream interrupted");
}

#[tokio::test]
async fn unknown_events_and_statuses_appear_where_they_are_set() {
    let world = World::start().await;
    let (group, _) = world.group(&["a"]).await;
    let path = format!("/v1/tasks/groups/{group}/events");
    world.simulator.faults().set([Fault::on(Endpoint::GroupEvents, Effect::UnknownEvents)]);
    assert!(world.stream(&path).await.kinds().contains(&"task_run.novelty"));
    world.simulator.faults().set([Fault::on(Endpoint::GroupEvents, Effect::UnknownStatus)]);
    let stream = world.stream(&path).await;
    let states: Vec<&Value> =
        stream.frames.iter().filter(|frame| frame["type"] == "task_run.state").collect();
    assert_eq!(states[0]["run"]["status"], "archiving");
    world.simulator.faults().clear();
    let stream = world.stream(&path).await;
    assert!(stream.frames.iter().all(|frame| frame["run"]["status"] != "archiving"));
}

#[tokio::test]
async fn swapped_nulls_are_printed_in_replies_and_left_out_of_streams() {
    let world = World::start().await;
    let id = world.lite(&json!("x")).await;
    let fault = |endpoint| Fault::on(endpoint, Effect::SwappedNulls);
    world.simulator.faults().set([fault(Endpoint::GetRun), fault(Endpoint::RunEvents)]);
    let (_, run) = world.get(&format!("/v1/tasks/runs/{id}")).await;
    assert_eq!(run.get("error"), Some(&Value::Null));
    let stream = world.stream(&format!("/v1/tasks/runs/{id}/events")).await;
    assert!(stream.frames[0].get("event_id").is_none() && stream.frames[0]["run"].get("error").is_none());
}

#[tokio::test]
async fn fast_forms_are_refused_where_they_are_set_to_be() {
    let world = World::start().await;
    let (group, _) = world.group(&["a"]).await;
    let fault = |endpoint| Fault::on(endpoint, Effect::RefuseFast);
    world.simulator.faults().set([fault(Endpoint::CreateRun), fault(Endpoint::AddRuns)]);
    let run = |processor: &str| json!({"processor": processor, "input": "x"});
    assert_eq!(world.post("/v1/tasks/runs", &run("lite-fast")).await.0, 403);
    assert_eq!(world.post("/v1/tasks/runs", &run("lite")).await.0, 202);
    let path = format!("/v1/tasks/groups/{group}/runs");
    assert_eq!(world.post(&path, &json!({"inputs": [run("lite"), run("core-fast")]})).await.0, 403);
    assert_eq!(world.simulator.ledger().runs_of_group(&group).len(), 1);
}

#[tokio::test]
async fn the_suggestions_can_fail() {
    let world = World::start().await;
    world
        .simulator
        .faults()
        .set([Fault::on(Endpoint::Suggest, status(500)), Fault::on(Endpoint::SuggestProcessor, status(503))]);
    assert_eq!(world.post("/v1beta/tasks/suggest", &json!({"user_intent": "x"})).await.0, 500);
    assert_eq!(world.post("/v1beta/tasks/suggest-processor", &json!({"task_spec": {}})).await.0, 503);
}

#[tokio::test]
async fn http2_gives_no_more_streams_a_connection_than_configured() {
    let config = simulator::Config { max_streams: 3, ..simulator::Config::default() };
    let world = World::with(config, crate::client::Protocol::Http2).await;
    let id = world.lite(&json!("simulate:never")).await;
    // a request past the limit waits in the client until a stream is free
    let path = format!("/v1/tasks/runs/{id}/events");
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(world.request(Method::GET, &path).send().await.expect("a reply"));
    }
    let waiting = answer(world.request(Method::GET, &format!("/v1/tasks/runs/{id}")));
    let mut waiting = std::pin::pin!(waiting);
    let turns = async {
        for _ in 0..2_000 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        _ = &mut waiting => panic!("the fourth stream did not wait"),
        () = turns => {}
    }
    assert_eq!(world.simulator.ledger().requests(Endpoint::GetRun), 0);
    drop(open);
    assert_eq!(waiting.await.0, 200);
}
