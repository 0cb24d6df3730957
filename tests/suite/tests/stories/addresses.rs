//! Addresses that are nobody's business: refused as lists and as webhooks, in every notation, and behind a redirect.

use serde_json::json;
use suite::{Reply, World};

const GROUPS: &str = "/v1beta/tasks/groups";

/// This machine, its neighbours, and what only a cloud's inside can reach.
const INNER: [&str; 24] = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://2130706433/",
    "http://localhost/",
    "http://localhost./",
    "http://app.localhost/",
    "http://0.0.0.0/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://user:password@127.0.0.1/",
];

#[tokio::test]
async fn no_inner_address_is_taken_in_any_notation() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    for url in INNER {
        let list = json!({"inputs": url, "output_type": "text", "processor": "lite"});
        let refused = owner.post(GROUPS, &list).await.expect(422);
        assert_eq!(refused.pointers(), ["/inputs"], "{url}: {}", refused.text);
        let hook = json!({"inputs": ["a"], "output_type": "text", "processor": "lite", "webhook_url": url});
        let refused = owner.post(GROUPS, &hook).await.expect(422);
        assert_eq!(refused.pointers(), ["/webhook_url"], "{url}: {}", refused.text);
    }
    assert!(world.receiver().hits().is_empty());
}

#[tokio::test]
async fn a_refusal_names_the_option_that_lets_a_newcomers_own_machine_in() {
    let world = World::start().await;
    let body = json!({
        "inputs": ["a"], "output_type": "text", "processor": "lite", "webhook_url": "http://127.0.0.1:9/hook"
    });
    let refused = world.owner("the-owners-key").post(GROUPS, &body).await.expect(422).text;
    assert!(refused.contains("--allow-host") && refused.contains("127.0.0.1:9"), "{refused}");
}

#[tokio::test]
async fn a_redirect_to_an_inner_address_is_not_followed() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    for url in ["http://127.0.0.1:1/", "http://169.254.169.254/", "http://[::1]:1/"] {
        world.receiver().reply([Reply::With(302, "location", url.to_owned())]);
        let body =
            json!({"inputs": world.receiver().url("/list"), "output_type": "text", "processor": "lite"});
        let refused = owner.post(GROUPS, &body).await.expect(422);
        assert_eq!(refused.pointers(), ["/inputs"], "{}", refused.text);
    }
}
