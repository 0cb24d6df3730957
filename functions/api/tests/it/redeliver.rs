//! What was told is told once more.

use domain::delivery::{Delivery, State};
use serde_json::json;

use crate::world::{World, group};

#[tokio::test]
async fn a_redelivery_starts_the_newest_delivery_of_the_hook_again() {
    let world = World::start().await;
    let mut body = group(&json!(["a"]));
    body["webhook_url"] = world.lists.url("hook").into();
    let unit = world.created(&body).await;
    world.ask("POST", &format!("/{}/cancel", unit.id), &[], "").await;
    let told = world.store.deliveries(&unit.id).await.expect("a table").remove(0);
    let exhausted = Delivery { state: State::Exhausted, ..told.clone() };
    assert!(world.store.save_delivery(&told, &exhausted).await.expect("a table"));
    let path = format!("/{}/deliveries/webhook/redeliver", unit.id);
    let answer = world.ask("POST", &path, &[], "").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["attempt"]), (202, &json!(1)));
    let now = world.store.delivery(&unit.id, &told.key()).await.expect("a table").expect("a delivery");
    assert!(matches!(now.state, State::Pending { attempt: 1, .. }), "{:?}", now.state);
    let message = json!({"v": 1, "unit": unit.id, "delivery": "D#webhook#cancelled#0", "attempt": 1});
    assert_eq!(world.queues.taken("deliveries"), [message]);
}

#[tokio::test]
async fn a_hook_that_told_nothing_is_404() {
    let world = World::start().await;
    let unit = world.created(&group(&json!(["a"]))).await;
    let answer = world.ask("POST", &format!("/{}/deliveries/webhook/redeliver", unit.id), &[], "").await;
    assert_eq!(answer.status.as_u16(), 404);
}
