//! An owner's groups.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{BASE, World, group};

const PATH: &str = "/v1beta/tasks/groups";

fn ids(answer: &Value) -> Vec<String> {
    let groups = answer["groups"].as_array().expect("groups");
    groups.iter().map(|group| group["taskgroup_id"].as_str().expect("an id").to_owned()).collect()
}

async fn made(world: &World, batches: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for batch in batches {
        let mut body = group(&json!(["a"]));
        body["metadata"] = json!({"batch_id": batch});
        ids.push(world.create(&body).await.id().to_string());
        world.clock.advance(Duration::from_secs(1));
    }
    ids.reverse();
    ids
}

#[tokio::test]
async fn a_list_comes_newest_first_page_by_page_without_gaps_or_repetition() {
    let world = World::start().await;
    let all = made(&world, &["a"; 5]).await;
    let mut found = Vec::new();
    let mut path = format!("{PATH}?limit=2");
    let mut sizes = Vec::new();
    loop {
        let page = world.get(&path).await.json();
        sizes.push(page["count"].as_u64().expect("a number"));
        found.extend(ids(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{PATH}?limit=2&cursor={}", cursor.replace('#', "%23"));
    }
    assert_eq!((found, sizes), (all.clone(), vec![2, 2, 1]));
    let whole = world.get(PATH).await.json();
    assert_eq!((ids(&whole), &whole["next_cursor"]), (all.clone(), &Value::Null));
    let first = &whole["groups"][0];
    assert_eq!(first["url"], format!("{BASE}/{}", all[0]));
    assert_eq!((&first["status"], &first["num_task_runs"]), (&json!("pending"), &json!(1)));
    assert_eq!((&first["metadata"]["batch_id"], &first["output_type"]), (&json!("a"), &json!("text")));
}

#[tokio::test]
async fn filters_keep_what_they_name_and_the_cursor_goes_on_behind_it() {
    let world = World::start().await;
    let all = made(&world, &["x", "y", "x", "y", "x"]).await;
    let wanted: Vec<String> = [0, 2, 4].map(|at| all[at].clone()).to_vec();
    let page = world.get(&format!("{PATH}?metadata.batch_id=x&limit=2")).await.json();
    assert_eq!(ids(&page), wanted[..2]);
    let cursor = page["next_cursor"].as_str().expect("more").replace('#', "%23");
    let rest = world.get(&format!("{PATH}?metadata.batch_id=x&limit=2&cursor={cursor}")).await.json();
    assert_eq!((ids(&rest), &rest["next_cursor"]), (wanted[2..].to_vec(), &Value::Null));
    world.ask("POST", &format!("/{}/cancel", all[1]), &[], "").await;
    assert_eq!(ids(&world.get(&format!("{PATH}?status=cancelled")).await.json()), [all[1].clone()]);
    assert_eq!(ids(&world.get(&format!("{PATH}?status=waiting")).await.json()).len(), 4);
    assert_eq!(ids(&world.get(&format!("{PATH}?q={}", all[3])).await.json()), [all[3].clone()]);
    assert_eq!(ids(&world.get(&format!("{PATH}?from=9999-01-01")).await.json()), Vec::<String>::new());
    let oldest = world.get(PATH).await.json()["groups"][4]["created_at"].as_str().expect("a time").to_owned();
    assert_eq!(ids(&world.get(&format!("{PATH}?to={oldest}")).await.json()), Vec::<String>::new());
}

#[tokio::test]
async fn a_list_shows_its_owners_groups_only_and_nobody_nothing() {
    let world = World::start().await;
    made(&world, &["a"]).await;
    let other = world.ask("GET", PATH, &[("x-api-key", "another")], "").await;
    assert_eq!((other.status.as_u16(), &other.json()["count"]), (200, &json!(0)));
    assert_eq!(world.ask("GET", PATH, &[("x-api-key", "")], "").await.status.as_u16(), 401);
    let faulty = world.get(&format!("{PATH}?limit=101&cursor=x&stauts=failed")).await;
    assert_eq!(
        (faulty.status.as_u16(), faulty.places()),
        (422, vec!["/limit".to_owned(), "/cursor".to_owned(), "/stauts".to_owned()])
    );
}
