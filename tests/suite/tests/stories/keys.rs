//! Keys: refused ones end the work at once, and none is seen where it does not belong.

use std::time::Duration;

use serde_json::json;
use suite::World;

#[tokio::test]
async fn a_refused_key_and_no_credit_end_the_group_within_seconds_and_say_so() {
    let world = World::start().await;
    for (key, word, told) in [("refused-key", "key_refused", "401"), ("nocredit-key", "no_credit", "402")] {
        let owner = world.owner(key);
        let body = json!({"inputs": ["a", "b"], "output_type": "text", "processor": "lite", "webhook_url": world.receiver().url("/")});
        let group = owner.create(&body).await;
        let result = tokio::time::timeout(Duration::from_secs(5), owner.finished(&group));
        let result = result.await.expect("it ends within five seconds");
        assert_eq!(result["status"]["status"], "failed", "{result}");
        assert_eq!(result["error"]["code"], word, "{result}");
        assert!(
            result["error"]["message"].as_str().is_some_and(|message| message.contains(told)),
            "{result}"
        );
    }
    let hits = world.receiver().after(2).await;
    assert!(hits.iter().all(|hit| hit.json()["type"] == "task_group.failed"));
    assert!(world.simulator().ledger().runs().is_empty());
}

#[tokio::test]
async fn an_owners_key_is_in_no_answer_and_only_its_owner_changes_what_it_made() {
    let world = World::start().await;
    let (owner, other) = (world.owner("key-of-the-owner"), world.owner("key-of-another"));
    let group = owner
        .create(&json!({
            "inputs": ["a"], "output_type": "text", "processor": "lite",
            "webhook_url": world.receiver().url("/"), "webhook_secret": "whsec_c2VjcmV0LW9mLXRoaXMtZ3JvdXAtYWxvbmU="
        }))
        .await;
    owner.finished(&group).await;
    world.receiver().after(1).await;
    for rest in ["", ".json", ".md", ".html", ".csv", ".ndjson", "/runs", "/runs/0", "/deliveries"] {
        let answer = owner.get(&group.path(rest)).await.expect(200);
        assert!(!answer.text.contains("key-of-the-owner"), "{rest}");
        assert!(!answer.text.contains("c2VjcmV0"), "{rest}");
    }
    for event in owner.events(&group.path("/events"), None).await.rest().await {
        assert!(!event.data.contains("key-of-the-owner"));
    }
    assert!(world.receiver().hits().iter().all(|hit| !hit.body.contains("key-of-the-owner")));

    for stranger in [&other, &world.visitor()] {
        stranger.get(&group.path(".json")).await.expect(200);
        let refused = [
            stranger.post(&group.path("/cancel"), &json!({})).await,
            stranger.post(&group.path("/retry"), &json!({})).await,
            stranger.post(&group.path("/runs"), &json!({"inputs": ["b"]})).await,
            stranger.delete(&group.path("")).await,
            stranger.get(&group.path("/deliveries")).await,
        ];
        assert!(refused.iter().all(|answer| matches!(answer.status, 401 | 403)), "{refused:?}");
    }
    let listed = other.get("/v1beta/tasks/groups").await.expect(200).text;
    assert!(!listed.contains(&group.id));
    owner.delete(&group.path("")).await;
    owner.get(&group.path("")).await.expect(404);
}

#[tokio::test]
async fn a_group_for_its_owner_alone_is_hidden_from_who_has_its_url() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let body = json!({"inputs": ["a"], "output_type": "text", "processor": "lite", "visibility": "key"});
    let group = owner.create(&body).await;
    owner.finished(&group).await;
    for rest in [".json", ".html", "/events", "/runs"] {
        let refused = world.owner("another-key").get(&group.path(rest)).await;
        assert!(matches!(refused.status, 401 | 403 | 404), "{rest}: {}", refused.status);
        assert!(!refused.text.contains("lite"), "{rest}");
    }
}
