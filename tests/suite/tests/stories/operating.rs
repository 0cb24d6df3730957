//! What an operator sees of one unit: its story in the log, from the POST to the webhook.

use serde_json::{Value, json};
use suite::{World, soon};

/// The lines of the log that a filter by this unit's id finds.
fn story(world: &World, id: &str) -> Vec<Value> {
    let log = world.log();
    let lines = log.lines().map(|line| {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{line} is no JSON: {error}"))
    });
    lines.filter(|line| line["unit.id"] == id).collect()
}

#[tokio::test]
async fn one_filter_by_its_id_tells_the_story_of_a_task_from_its_post_to_its_webhook() {
    let world = World::setup().in_a_process().start().await;
    let owner = world.owner("the-owners-key");
    let webhook = world.receiver().url("/hook");
    let body = json!({"inputs": ["a"], "output_type": "text", "processor": "lite", "webhook_url": webhook});
    let (one, other) = (owner.create(&body).await, owner.create(&body).await);
    owner.finished(&one).await;
    owner.finished(&other).await;
    world.receiver().after(2).await;
    let id = one.path("").trim_start_matches('/').to_owned();
    let recorded = async {
        loop {
            let deliveries = owner.get(&one.path("/deliveries")).await.expect(200).json();
            if deliveries["deliveries"][0]["state"] == "delivered" {
                return;
            }
        }
    };
    soon("the record of the delivery", recorded).await;
    let story = story(&world, &id);
    let wanted = [
        "A unit is accepted.",
        "The unit is claimed.",
        "The unit is over.",
        "A new delivery is announced.",
        "The delivery is attempted.",
        "The delivery arrived.",
    ];
    let mut told = story.iter().filter_map(|line| line["message"].as_str());
    for sentence in wanted {
        assert!(told.any(|line| line == sentence), "{sentence} is not told, or too early: {story:#?}");
    }
    let times: Vec<&str> = story.iter().filter_map(|line| line["timestamp"].as_str()).collect();
    assert!(times.is_sorted() && times.len() == story.len(), "{times:?}");
    let attempted = story.iter().find(|line| line["message"] == "The delivery is attempted.").expect("it is");
    assert_eq!(attempted["delivery.attempt"], 1);
    let text = world.log();
    assert!(!text.contains("the-owners-key") && !text.contains(&webhook), "a log has no key and no address");
}
