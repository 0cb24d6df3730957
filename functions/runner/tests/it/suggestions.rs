//! What the upstream is asked to suggest, and what is done when it suggests nothing.

use domain::group::Output;
use domain::unit::Status;
use simulator::{Effect, Endpoint, Fault};

use crate::group::{Group, plain};
use crate::world::World;

fn status(status: u16) -> Effect {
    Effect::Status { status, retry_after: None, message: None }
}

fn described(description: &str) -> Group {
    plain(2).with(|spec| spec.output = Output::Described { description: description.to_owned() })
}

#[tokio::test]
async fn a_description_becomes_the_suggested_schema_with_every_property_required() {
    let world = World::start().await;
    let ended = world.run(described("The CEO and the founding year")).await;
    let spec = ended.unit.progress.task_spec.as_ref().expect("a specification");
    let schema = &spec["output_schema"]["json_schema"];
    assert_eq!(spec["output_schema"]["type"], "json");
    assert_eq!(schema["required"], serde_json::json!(["ceo", "founding", "year"]));
    assert_eq!(
        (schema["additionalProperties"].as_bool(), schema["type"].as_str()),
        (Some(false), Some("object"))
    );
    assert_eq!(schema["description"], "The CEO and the founding year");
    assert_eq!((ended.status(), ended.unit.progress.warnings.len()), (Status::Completed, 0));
    assert!(ended.output(0)["content"]["ceo"].is_string());
}

#[tokio::test]
async fn a_passing_failure_to_suggest_is_tried_again() {
    let world = World::start().await;
    world.simulator.faults().add(Fault::on(Endpoint::Suggest, status(503)).times(2));
    world.simulator.faults().add(Fault::on(Endpoint::SuggestProcessor, status(429)).times(2));
    let ended = world.run(described("The CEO").with(|spec| spec.processor = None)).await;
    assert_eq!(ended.unit.progress.warnings, Vec::<String>::new());
    assert_eq!(ended.unit.progress.task_spec.as_ref().expect("one")["output_schema"]["type"], "json");
}

#[tokio::test]
async fn without_a_suggestion_the_output_is_auto_and_a_warning_says_so() {
    let world = World::start().await;
    for refusal in [422, 503] {
        world.simulator.faults().set([Fault::on(Endpoint::Suggest, status(refusal))]);
        let ended = world.run(described("The CEO")).await;
        assert_eq!(ended.unit.progress.task_spec.as_ref().expect("one")["output_schema"]["type"], "auto");
        assert_eq!(ended.status(), Status::Completed);
        let warnings = &ended.unit.progress.warnings;
        assert!(warnings.len() == 1 && warnings[0].contains("output_description"), "{warnings:?}");
    }
}

#[tokio::test]
async fn the_processor_is_the_one_asked_for_else_the_one_recommended() {
    let world = World::start().await;
    let ended = world.run(plain(1)).await;
    let reason = |ended: &crate::ended::Ended| {
        let progress = &ended.unit.progress;
        (progress.processor.clone().expect("one"), progress.processor_reason.clone().expect("one"))
    };
    assert_eq!(reason(&ended), ("lite".to_owned(), "asked for".to_owned()));
    assert_eq!(world.simulator.ledger().requests(Endpoint::SuggestProcessor), 0);
    let ended = world.run(plain(1).with(|spec| spec.processor = None)).await;
    assert_eq!(reason(&ended), ("base".to_owned(), "recommended by the upstream".to_owned()));
    assert_eq!(ended.bought[0].processor, "base");
}

#[tokio::test]
async fn without_a_recommendation_the_processor_is_our_own_choice_with_its_reason() {
    let world = World::start().await;
    for (description, wanted) in
        [("Deep research on Acme", "ultra"), ("Market trends", "pro"), ("The headquarters", "core")]
    {
        for refusal in [403, 503] {
            world.simulator.faults().set([Fault::on(Endpoint::SuggestProcessor, status(refusal))]);
            let group = plain(1).with(|spec| {
                spec.output = Output::Text { description: Some(description.to_owned()) };
                spec.processor = None;
            });
            let ended = world.run(group).await;
            let progress = &ended.unit.progress;
            assert_eq!((ended.status(), progress.processor.as_deref()), (Status::Completed, Some(wanted)));
            assert!(progress.processor_reason.as_ref().is_some_and(|reason| reason.len() > 10));
            let warnings = &progress.warnings;
            assert!(
                warnings[0].contains(wanted) && warnings[0].contains(&refusal.to_string()),
                "{warnings:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_was_settled_is_not_asked_for_again_by_a_successor() {
    let mut setup = crate::world::Setup::default();
    setup.settings.slice = std::time::Duration::from_millis(50);
    let world = World::with(setup).await;
    let mut group = described("The CEO").with(|spec| spec.processor = None);
    group.rows = vec![serde_json::json!({"company": "Acme", "simulate": "seconds=0.5"}); 2];
    let ended = world.run(group).await;
    assert!(ended.unit.lease.hop > 2);
    let requests = |endpoint| world.simulator.ledger().requests(endpoint);
    let asked =
        (requests(Endpoint::Suggest), requests(Endpoint::SuggestProcessor), requests(Endpoint::CreateGroup));
    assert_eq!(asked, (1, 1, 1));
}
