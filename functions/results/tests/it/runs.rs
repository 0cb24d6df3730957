//! Pages of runs, and one run.

use domain::group::Output;
use serde_json::{Value, json};

use crate::made::{completed, failed};
use crate::world::World;

#[tokio::test]
async fn pages_of_runs_hold_every_run_once_and_in_order() {
    let world = World::start().await;
    let inputs: Vec<String> = (0..250).map(|row| row.to_string()).collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let mut group = world.group(&inputs, Output::Auto).await;
    let runs: Vec<_> = (0..250)
        .map(
            |row| if row % 50 == 7 { failed(row, "no") } else { completed(row, &format!("{{\"n\":{row}}}")) },
        )
        .collect();
    group.store(&runs).await;
    group.finish().await;
    let (mut seen, mut path) = (Vec::new(), "/runs?limit=99".to_owned());
    loop {
        let page = world.get(&group.path(&path)).await.json();
        seen.extend(page["runs"].as_array().expect("runs").iter().map(|run| run["index"].clone()));
        let Value::String(cursor) = &page["next_cursor"] else { break };
        path = format!("/runs?limit=99&cursor={cursor}");
    }
    assert_eq!(seen, (0..250).map(Value::from).collect::<Vec<_>>());

    let failed = world.get(&group.path("/runs?status=failed&limit=3")).await.json();
    let rows: Vec<_> = failed["runs"].as_array().expect("runs").iter().map(|run| &run["index"]).collect();
    assert_eq!((rows, &failed["next_cursor"]), (vec![&json!(7), &json!(57), &json!(107)], &json!("108")));

    let one = world.get(&group.path("/runs/207")).await.json();
    assert_eq!(
        (&one["index"], &one["input"], &one["error"]["message"]),
        (&json!(207), &json!(207), &json!("no"))
    );
    let one = world.get(&group.path("/runs/249")).await.json();
    assert_eq!(one["basis"][0]["field"], "n");
    for past in ["/runs/250", "/runs/-1", "/runs/x", "/runs/99999999999"] {
        assert_eq!(world.get(&group.path(past)).await.status, 404, "{past}");
    }
    assert_eq!(world.get(&group.path("/runs?cursor=9999999")).await.json()["runs"], json!([]));
    assert_eq!(
        world.get(&group.path("/runs?limit=0&status=done&cursor=x")).await.json()["errors"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
}
