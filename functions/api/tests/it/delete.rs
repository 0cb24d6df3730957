//! A group is deleted.

use serde_json::json;
use store::Claim;

use crate::world::{World, group};

#[tokio::test]
async fn a_deleted_group_is_gone_at_once_and_its_removal_is_asked_for() {
    let world = World::start().await;
    let unit = world.created(&group(&json!(["a"]))).await;
    let held = world.claimed(&unit.id).await;
    world.queues.taken("runs");
    let path = format!("/{}", unit.id);
    let answer = world.ask("DELETE", &path, &[], "").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    assert_eq!(world.queues.taken("runs"), [json!({"v": 1, "kind": "remove", "id": unit.id})]);
    assert!(world.store.unit(&unit.id).await.expect("a table").is_none());
    let (hop, now) = (held.lease.hop, world.clock.now());
    let claim =
        world.store.claim(&unit.id, hop, "m2", now, jiff::Timestamp::MAX, now).await.expect("a table");
    assert!(matches!(claim, Claim::Stale { .. }), "{claim:?}");
    for (method, path) in [
        ("DELETE", path.clone()),
        ("POST", format!("{path}/cancel")),
        ("POST", format!("{path}/retry")),
        ("HEAD", path.clone()),
    ] {
        assert_eq!(world.ask(method, &path, &[], "").await.status.as_u16(), 404, "{method} {path}");
    }
    assert_eq!(world.get("/v1beta/tasks/groups").await.json()["count"], 0);
}

#[tokio::test]
async fn what_is_over_can_be_deleted_too_and_the_sweep_sees_to_a_lost_message() {
    let world = World::start().await;
    let over = world.over().await;
    world.queues.refuse();
    assert_eq!(world.ask("DELETE", &format!("/{}", over.id), &[], "").await.status.as_u16(), 204);
    let later = world.clock.now() + jiff::SignedDuration::from_secs(61);
    let due = world.store.due_units(later).await.expect("a table");
    assert_eq!(due.iter().map(|due| &due.id).collect::<Vec<_>>(), [&over.id]);
}
