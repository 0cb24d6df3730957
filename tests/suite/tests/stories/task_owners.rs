//! Whose tasks are whose: two owners side by side, a visitor with nothing but a URL, and keys that are seen nowhere.

use reqwest::Method;
use serde_json::{Value, json};
use suite::{Answer, Client, World};

use crate::tasks::create;

const ONE: &str = "key-of-the-one-7c1f0a";
const OTHER: &str = "key-of-the-other-93be22";
/// Every form in which a task is read.
const FORMS: [&str; 8] = ["", ".json", ".md", ".html", ".csv", ".ndjson", ".sse", "/events"];

/// The same id of the owner's own for both, and nothing else in common.
fn body(word: &str, simulate: &str) -> Value {
    json!({
        "id": "order-7", "processor": "lite", "input": {"company": format!("{word} Ltd."), "simulate": simulate},
        "metadata": {"team": word}, "taskSpec": {"output_schema": "its sector"},
    })
}

/// A request with this key as a bearer's token.
fn bearer(world: &World, key: &str, method: Method, path: &str) -> reqwest::RequestBuilder {
    world.visitor().request(method, path).header("authorization", format!("Bearer {key}"))
}

fn ids(list: &Value) -> Vec<&str> {
    let units = if list.is_array() { list } else { &list["tasks"] };
    units.as_array().expect("a list").iter().map(|unit| unit["id"].as_str().expect("an id")).collect()
}

/// Whether any file of the state, or the log, holds the key.
fn holds(world: &World, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![world.data_dir().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path)
                .is_ok_and(|bytes| bytes.windows(key.len()).any(|part| part == key.as_bytes()))
            {
                found.push(path.display().to_string());
            }
        }
    }
    if world.log().contains(key) {
        found.push("the log".to_owned());
    }
    found
}

#[tokio::test]
async fn two_owners_with_the_same_id_of_their_own_never_meet_in_a_list_a_search_or_a_stream() {
    let world = World::setup().in_a_process().start().await;
    let (one, other) = (world.owner(ONE), world.owner(OTHER));
    // One sends the key in the body, the other as a bearer.
    let mut with_key = body("Alder", "");
    with_key["apiKey"] = ONE.into();
    let first = create(&world.visitor(), &with_key).await.id;
    let sent = bearer(&world, OTHER, Method::POST, "/api/tasks").json(&body("Birch", ""));
    let second =
        world.visitor().send(sent).await.expect(202).json()["id"].as_str().expect("an id").to_owned();
    assert_ne!(first, second);

    for (who, key, own, theirs, word) in
        [(&one, ONE, &first, &second, "Birch"), (&other, OTHER, &second, &first, "Alder")]
    {
        who.get(&format!("/api/tasks/{own}?wait=60")).await.expect(200);
        let page = who.get("/api/tasks?limit=1").await.expect(200).json();
        assert_eq!(ids(&page), [own.as_str()], "the key is the same owner's, however it is sent");
        let stranger = if key == ONE { &other } else { &one };
        let cursor = stranger.get("/api/tasks?limit=1").await.json()["next_cursor"].clone();
        for query in [
            String::new(),
            "?format=array".to_owned(),
            format!("?q={word}"),
            format!("?q={}", word.to_lowercase()),
            format!("?q={theirs}"),
            format!("?metadata.team={word}"),
            "?status=completed&processor=lite&kind=task&type=parallel.task".to_owned(),
            "?from=2020-01-01&to=2100-01-01".to_owned(),
            format!("?cursor={}", cursor.as_str().unwrap_or_default().replace('#', "%23")),
        ] {
            if query == "?cursor=" {
                continue;
            }
            let list = who.get(&format!("/api/tasks{query}")).await.expect(200);
            assert!(ids(&list.json()).iter().all(|id| id == own), "{query}: {}", list.text);
            assert!(
                !list.text.contains(theirs.as_str()) && !list.text.contains(word),
                "{query}: {}",
                list.text
            );
        }
        // Their own id is theirs: in the resource, in its stream, with a bearer too.
        let known = world
            .visitor()
            .send(bearer(&world, key, Method::GET, "/api/tasks/order-7"))
            .await
            .expect(200)
            .json();
        assert_eq!(known["id"], own.as_str());
        let told = who.events("/api/tasks/order-7/events", None).await.rest().await;
        assert_eq!(told.last().map(|event| event.json()["id"].clone()), Some(json!(own)));
        // The work was bought with their own key, and told nobody else.
        let bought = world.simulator().ledger().runs_of_key(key);
        assert_eq!(bought.len(), 1);
    }
    for path in ["/api/tasks", "/api/tasks/order-7", "/api/tasks/order-7/events", "/v1beta/tasks/groups"] {
        let refused = world.visitor().get(path).await.expect(401);
        assert_eq!(refused.header("www-authenticate"), "Bearer", "{path}");
        assert!(refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("key")), "{path}");
    }
    // To cancel or retry by it touches the own one alone.
    one.delete("/api/tasks/order-7").await;
    one.post("/api/tasks/order-7/retry", &json!({})).await;
    other.get(&format!("/api/tasks/{second}")).await.expect(200);
    assert_eq!(other.get("/api/tasks/order-7").await.json()["status"], "completed");
}

#[tokio::test]
async fn a_key_is_on_no_disk_in_no_log_on_no_page_and_in_no_answer() {
    let world = World::setup().in_a_process().start().await;
    let (one, visitor) = (world.owner(ONE), world.visitor());
    let mut answers: Vec<(String, Answer)> = Vec::new();
    let mut with_key = body("Alder", "seconds=2");
    with_key["api_key"] = OTHER.into();
    with_key["webhook_url"] = world.receiver().url("/hook").into();
    let made = visitor.post("/api/tasks", &with_key).await.expect(202);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    answers.push(("made".to_owned(), made));
    answers.push(("made again".to_owned(), visitor.post("/api/tasks", &with_key).await));
    let mut changed = with_key.clone();
    changed["input"] = "another".into();
    answers.push(("a conflict".to_owned(), visitor.post("/api/tasks", &changed).await.expect(409)));
    changed["input"] = 7.into();
    changed["colour"] = OTHER.into();
    answers.push(("faults".to_owned(), visitor.post("/api/tasks", &changed).await.expect(422)));
    let broken = visitor.request(Method::POST, "/api/tasks").body(format!("{{\"apiKey\": \"{OTHER}\","));
    answers.push(("no JSON".to_owned(), visitor.send(broken).await));
    let second = create(&one, &body("Birch", "seconds=2")).await.id;

    // While the work goes on the keys are needed, and nowhere to be read.
    let mut live = one.events(&format!("/task/{id}/events"), None).await;
    live.next().await.expect("it is under way");
    for key in [ONE, OTHER] {
        assert_eq!(holds(&world, key), Vec::<String>::new());
    }
    let told = live.rest().await;
    for (id, key) in [(&id, OTHER), (&second, ONE)] {
        let owner = world.owner(key);
        owner.get(&format!("/task/{id}.json?wait=60")).await.expect(200);
        for form in FORMS {
            answers.push((form.to_owned(), owner.get(&format!("/task/{id}{form}")).await.expect(200)));
        }
        for path in [
            format!("/api/tasks/{id}"),
            format!("/api/tasks/{id}/events"),
            format!("/{id}.json"),
            format!("/{id}/runs"),
            format!("/{id}/deliveries"),
            "/api/tasks".to_owned(),
            "/v1beta/webhooks/secret".to_owned(),
        ] {
            answers.push((path.clone(), owner.get(&path).await.expect(200)));
        }
    }
    world.receiver().after(1).await;
    let refused = one.delete(&format!("/task/{id}")).await.expect(403);
    answers.push(("a refusal".to_owned(), refused));
    for key in [ONE, OTHER] {
        for (what, answer) in &answers {
            assert!(!answer.text.contains(key), "{what}: {}", answer.text);
            assert!(!format!("{:?}", answer.headers).contains(key), "{what}");
        }
        assert!(told.iter().all(|event| !event.data.contains(key)));
        assert!(world.receiver().hits().iter().all(|hit| !hit.body.contains(key)));
        assert_eq!(holds(&world, key), Vec::<String>::new(), "after the end");
    }
}

/// Every way to change a task, or to see how it is told to others.
fn changes(id: &str) -> Vec<(Method, String)> {
    let post = |path: &str| (Method::POST, path.to_owned());
    vec![
        post(&format!("/task/{id}/cancel")),
        post(&format!("/task/{id}/retry")),
        post(&format!("/api/tasks/{id}/retry")),
        post(&format!("/{id}/cancel")),
        post(&format!("/{id}/retry")),
        post(&format!("/{id}/runs")),
        post(&format!("/{id}/deliveries/webhook/redeliver")),
        (Method::DELETE, format!("/api/tasks/{id}")),
        (Method::DELETE, format!("/task/{id}")),
        (Method::DELETE, format!("/{id}")),
        (Method::GET, format!("/{id}/deliveries")),
    ]
}

async fn is_refused(who: &Client, status: u16, id: &str) {
    for (method, path) in changes(id) {
        let request = who.request(method.clone(), &path).json(&json!({"inputs": ["b"]}));
        let refused = who.send(request).await.expect(status);
        assert_eq!(refused.header("content-type"), "application/problem+json", "{method} {path}");
        let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains("key") || detail.contains("owner"), "{method} {path}: {detail}");
    }
}

#[tokio::test]
async fn who_has_only_the_url_reads_everything_and_changes_nothing() {
    let world = World::setup().in_a_process().start().await;
    let one = world.owner(ONE);
    let id = create(&one, &body("Alder", "seconds=2")).await.id;
    is_refused(&world.visitor(), 401, &id).await;
    is_refused(&world.owner(OTHER), 403, &id).await;
    let over = world.visitor().get(&format!("/task/{id}.json?wait=60")).await.expect(200).json();
    assert_eq!((&over["task"]["status"], &over["task"]["attempts"]), (&json!("completed"), &json!(1)));
    is_refused(&world.visitor(), 401, &id).await;
    is_refused(&world.owner(OTHER), 403, &id).await;
    for who in [world.visitor(), world.owner(OTHER)] {
        for form in FORMS {
            who.get(&format!("/task/{id}{form}")).await.expect(200);
        }
        who.get(&format!("/api/tasks/{id}")).await.expect(200);
    }
    let after = one.get(&format!("/task/{id}.json")).await.expect(200).json();
    assert_eq!((&after["task"], &after["events"]), (&over["task"], &over["events"]), "nothing has changed");
    assert_eq!(world.simulator().ledger().runs().len(), 1);
}

#[tokio::test]
async fn a_task_for_its_owner_alone_tells_others_not_even_how_it_stands() {
    let world = World::setup().in_a_process().start().await;
    let one = world.owner(ONE);
    let mut hidden = body("Alder", "");
    hidden["visibility"] = "key".into();
    let id = create(&one, &hidden).await.id;
    one.get(&format!("/task/{id}.json?wait=60")).await.expect(200);
    let mut paths: Vec<String> = FORMS.iter().map(|form| format!("/task/{id}{form}")).collect();
    paths.extend(FORMS.iter().map(|form| format!("/{id}{form}")));
    paths.extend([
        format!("/api/tasks/{id}"),
        format!("/api/tasks/{id}/events"),
        format!("/{id}/runs"),
        format!("/{id}/runs/0"),
    ]);
    for path in paths {
        for (who, status) in [(world.visitor(), 401), (world.owner(OTHER), 403)] {
            for method in [Method::GET, Method::HEAD] {
                let refused = who.send(who.request(method.clone(), &path)).await;
                assert_eq!(refused.status, status, "{method} {path}");
                for word in ["Alder", "completed", "lite", "trun_"] {
                    assert!(!refused.text.contains(word), "{method} {path} tells {word}");
                }
            }
        }
        one.get(&path).await.expect(200);
        world.visitor().send(bearer(&world, ONE, Method::GET, &path)).await.expect(200);
    }
}
