//! Lists in every form and from everywhere.

use domain::group::Inputs;
use domain::limits::ROWS;
use serde_json::{Value, json};

use crate::world::{World, group};

const HUGE: &str = r#"{"n":123456789012345678901234567890.000,"x":"\u00e4"}"#;

#[tokio::test]
async fn a_huge_number_is_kept_byte_for_byte() {
    let world = World::start().await;
    let body = format!("{{\"output_type\": \"text\", \"inputs\": [ {HUGE} ]}}");
    let answer = world.ask("POST", "/v1beta/tasks/groups", &[], body).await;
    let unit = world.unit(&answer.id()).await;
    assert_eq!(world.rows(&unit).await, [HUGE]);
}

#[tokio::test]
async fn csv_and_ndjson_bodies_have_their_fields_in_the_query() {
    let world = World::start().await;
    let path = "/v1beta/tasks/groups?output_type=text&limit=1&offset=1&metadata.batch=b1";
    for (content_type, body, row) in [
        ("text/csv; charset=utf-8", "name\nA\nB\nC\n", r#"{"name":"B"}"#),
        ("application/x-ndjson", "\"A\"\n{\"name\": \"B\"}\n", r#"{"name":"B"}"#),
    ] {
        let answer = world.ask("POST", path, &[("content-type", content_type)], body).await;
        let unit = world.unit(&answer.id()).await;
        assert_eq!(world.rows(&unit).await, [row], "{content_type}");
        assert_eq!(unit.spec.group.metadata["batch"], "b1");
        assert_eq!(unit.counts.total(), 1);
    }
    let faulty = world.ask("POST", path, &[("content-type", "text/csv")], "name,name\nA,B\n").await;
    assert_eq!((faulty.status.as_u16(), faulty.places()), (422, vec!["/inputs".to_owned()]));
}

#[tokio::test]
async fn a_small_list_by_url_is_read_before_the_answer() {
    let world = World::start().await;
    for (name, rows) in [
        ("rows.json", [r#"{"n":1}"#, r#"{"n":12345678901234567890123}"#].as_slice()),
        ("rows.csv", &[r#"{"name":"A","city":"B, C"}"#]),
        ("rows.ndjson", &[r#"{"n":1}"#, "\"two\""]),
    ] {
        let unit = world.created(&group(&world.lists.url(name).into())).await;
        assert_eq!(world.rows(&unit).await, rows, "{name}");
        assert!(matches!(unit.spec.group.inputs, Inputs::Stored { .. }), "{name}");
    }
}

#[tokio::test]
async fn a_large_list_by_url_becomes_the_groups_first_step() {
    let world = World::start().await;
    let url = world.lists.url("large.json");
    let answer = world.create(&group(&url.clone().into())).await;
    assert_eq!(answer.json()["num_task_runs"], Value::Null);
    let unit = world.unit(&answer.id()).await;
    assert_eq!((unit.spec.group.inputs.clone(), unit.progress.rows), (Inputs::Url { url }, None));
}

#[tokio::test]
async fn a_list_that_redirects_to_a_private_address_is_refused() {
    let world = World::start().await;
    let answer = world.create(&group(&world.lists.url("inside").into())).await;
    assert_eq!((answer.status.as_u16(), answer.places()), (422, vec!["/inputs".to_owned()]));
    let detail = answer.json()["detail"].to_string();
    assert!(
        detail.contains("not a public address") && detail.contains("--allow-host 169.254.169.254:80"),
        "{detail}"
    );
}

#[tokio::test]
async fn a_list_that_breaks_off_is_not_taken_for_a_short_one() {
    let world = World::start().await;
    let answer = world.create(&group(&world.lists.url("cut.json").into())).await;
    assert_eq!((answer.status.as_u16(), answer.places()), (422, vec!["/inputs".to_owned()]));
    assert!(answer.json()["detail"].to_string().contains("broke off"), "{}", answer.text);
}

#[tokio::test]
async fn lists_that_are_none_are_told_by_what_is_wrong_with_them() {
    let world = World::start().await;
    for (name, says) in
        [("none.json", "404"), ("page.html", "web page"), ("faulty.json", "object or a string")]
    {
        let answer = world.create(&group(&world.lists.url(name).into())).await;
        assert_eq!(answer.status.as_u16(), 422, "{name}");
        assert!(answer.text.contains(says), "{name}: {}", answer.text);
    }
    let faulty = world.create(&group(&world.lists.url("faulty.json").into())).await;
    assert_eq!(faulty.places(), ["/inputs/0", "/inputs/2"]);
}

#[tokio::test]
async fn no_notation_of_an_inner_address_is_called_as_a_list_or_a_webhook() {
    let world = World::start().await;
    for url in [
        "http://127.0.0.1/",
        "http://localhost:80/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest",
        "http://100.64.0.1/",
        "https://user:pass@example.com/",
    ] {
        let mut body = group(&url.into());
        body["webhook_url"] = url.into();
        let answer = world.create(&body).await;
        let mut places = answer.places();
        places.sort_unstable();
        assert_eq!(
            (answer.status.as_u16(), places),
            (422, vec!["/inputs".to_owned(), "/webhook_url".to_owned()]),
            "{url}"
        );
    }
    let mut body = group(&json!(["a"]));
    body["webhook_url"] = "http://127.0.0.1:9/hook".into();
    let refusal = world.create(&body).await;
    assert!(refusal.text.contains("--allow-host 127.0.0.1:9 (MULTITASK_ALLOW_HOST)"), "{}", refusal.text);
}

#[tokio::test]
async fn a_list_of_250_001_rows_is_refused_and_one_row_less_is_not() {
    let world = World::start().await;
    let list = |rows: u32| format!("[{}]", vec!["\"a\""; rows as usize].join(","));
    let body = |rows: u32| format!("{{\"output_type\": \"text\", \"inputs\": {}}}", list(rows));
    let answer = world.ask("POST", "/v1beta/tasks/groups", &[], body(ROWS + 1)).await;
    assert_eq!((answer.status.as_u16(), answer.places()), (422, vec!["/inputs".to_owned()]));
    let detail = answer.json()["detail"].to_string();
    assert!(detail.contains("250001 rows") && detail.contains("250000"), "{detail}");
    let answer = world.ask("POST", "/v1beta/tasks/groups", &[], body(ROWS)).await;
    let unit = world.unit(&answer.id()).await;
    assert_eq!(unit.rows(), ROWS);
    let end = world.store.input(&unit, ROWS - 1).await.expect("a table").expect("a row");
    assert_eq!(end.get(), "\"a\"");
}
