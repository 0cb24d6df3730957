//! Readers who ask as fast as they can, in every form at once: none is ever told of an end before its result.

use futures::future::join_all;
use serde_json::{Value, json};
use suite::{Client, Group, World, at_an_emulator};

/// Rows of a group.
const ROWS: usize = 3;
/// What the one field of each output begins with.
const FIELD: &str = "ceo";

/// How many units of each kind are asked after at a time.
fn units() -> usize {
    if at_an_emulator() { 2 } else { 12 }
}

fn schema() -> Value {
    json!({"type": "object", "required": [FIELD], "additionalProperties": false, "properties": {FIELD: {"type": "string"}}})
}

fn is_over(word: &Value) -> bool {
    word != "pending" && word != "running"
}

/// Asks for this path again and again, until `see` has seen the end in an answer; returns how often it had to ask.
async fn poll(who: &Client, path: String, see: impl Fn(&str) -> bool) -> u32 {
    let mut asked = 1;
    while !see(&who.get(&path).await.expect(200).text) {
        asked += 1;
    }
    asked
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Whether a task is over, which it never is without its result.
fn task_is_over(task: &Value) -> bool {
    let has_result = task["result"]["content"][FIELD].is_string();
    assert_eq!(task["status"] == "completed", has_result, "{task}");
    assert_eq!(task["status"] == "completed", is_over(&task["status"]), "{task}");
    has_result
}

/// Whether a group is over: all rows that it counts as completed have their results, and so has each that says so.
fn group_is_over(group: &Value) -> bool {
    let results = group["results"].as_array().expect("results");
    let there = results.iter().filter(|result| result[FIELD].is_string()).count();
    let counted = group["status"]["task_run_status_counts"]["completed"].as_u64().unwrap_or(0);
    assert!(there as u64 >= counted, "{group}");
    for run in group["runs"].as_array().expect("runs") {
        run_is_whole(run);
    }
    let is_over = group["status"]["is_active"] == false;
    assert_eq!(is_over, group["status"]["status"] == "completed", "{group}");
    assert!(!is_over || there == ROWS, "{group}");
    is_over
}

fn run_is_whole(run: &Value) {
    assert_eq!(run["status"] == "completed", run["output"][FIELD].is_string(), "{run}");
}

/// Whether all these runs are over.
fn runs_are_over(runs: &[Value]) -> bool {
    runs.iter().for_each(run_is_whole);
    runs.len() == ROWS && runs.iter().all(|run| run["status"] == "completed")
}

/// Follows a plain stream to its end.
async fn follow(who: &Client, path: String, is_over: impl Fn(&Value) -> bool) {
    let mut ends = 0;
    for event in who.events(&path, None).await.rest().await {
        // What the upstream told stands between, as it told it.
        if event.data != "[DONE]" && !event.data.starts_with(r#"{"type":"task_run"#) {
            ends += u32::from(is_over(&event.json()));
        }
    }
    assert_eq!(ends, 1, "{path}");
}

/// A frame of a plain stream: only the last says that it is over, and has the result.
fn task_frame(frame: &Value) -> bool {
    let task = &frame["task"];
    if is_over(&task["status"]) { task_is_over(task) } else { false }
}

fn group_frame(frame: &Value) -> bool {
    if frame["status"]["is_active"] == false { group_is_over(frame) } else { false }
}

/// Follows a typed stream, and asks for the unit whenever it says that it is over.
async fn complete(who: &Client, path: &str, unit: String, is_told: impl Fn(&Value) -> bool) {
    let mut last = String::new();
    for event in who.events(path, None).await.rest().await {
        let data = event.json();
        if event.name == "run_update" {
            run_is_whole(&data);
        }
        let word = if data["status"].is_object() { &data["status"]["status"] } else { &data["status"] };
        if ["initial", "status", "group_status", "complete"].contains(&event.name.as_str()) && is_over(word) {
            let answer = who.get(&unit).await.expect(200).json();
            assert!(is_told(&answer), "it is over by {path}, and not by {unit}: {answer}");
        }
        last = event.name;
    }
    assert_eq!(last, "complete", "{path}");
}

/// Asks in every form; returns how many answers came by polling.
async fn ask_after_task(who: Client, task: Group) -> u32 {
    let path = |rest: &str| format!("/task/{}{rest}", task.id);
    let resource = format!("/api/tasks/{}", task.id);
    let shown = |said: &'static str| {
        move |text: &str| {
            let is_over = text.contains(said);
            assert!(
                !is_over || text.contains(&format!("{FIELD}</th>")) || text.contains(&format!("| {FIELD} |")),
                "{text}"
            );
            is_over
        }
    };
    let events = path("/events");
    let asked = tokio::join!(
        poll(&who, resource.clone(), |text| task_is_over(&parsed(text))),
        poll(&who, path(".json"), |text| task_is_over(&parsed(text)["task"])),
        poll(&who, format!("{resource}?wait=20"), |text| task_is_over(&parsed(text))),
        poll(&who, path(".html"), shown("data-status=\"completed\"")),
        poll(&who, path(".md"), shown("✅")),
        poll(&who, format!("/{}/runs/0", task.id), |text| {
            run_is_whole(&parsed(text));
            parsed(text)["status"] == "completed"
        }),
        follow(&who, path(".sse"), task_frame),
        complete(&who, &events, resource.clone(), task_is_over),
    );
    asked.0 + asked.1 + asked.3 + asked.4 + asked.5
}

/// The same of a group.
async fn ask_after_group(who: Client, group: Group) -> u32 {
    let runs = |text: &str| runs_are_over(parsed(text)["runs"].as_array().expect("runs"));
    let lines = |text: &str| runs_are_over(&text.lines().map(parsed).collect::<Vec<_>>());
    let events = group.path("/events");
    let asked = tokio::join!(
        poll(&who, group.path(".json"), |text| group_is_over(&parsed(text))),
        poll(&who, group.path(".json?wait=20"), |text| group_is_over(&parsed(text))),
        poll(&who, group.path("/runs"), runs),
        poll(&who, group.path(".ndjson"), lines),
        follow(&who, group.path(".sse"), group_frame),
        complete(&who, &events, group.path(".json"), group_is_over),
    );
    asked.0 + asked.2 + asked.3
}

/// Asks for the list until all in it are over, and for each unit as soon as the list says that it is.
async fn ask_for_list(who: &Client, many: usize) {
    loop {
        let listed = who.get("/api/tasks").await.expect(200).json();
        let listed = listed["tasks"].as_array().expect("tasks").clone();
        let over: Vec<&Value> = listed.iter().filter(|unit| is_over(&unit["status"])).collect();
        for unit in &over {
            let path = format!("/{}.json", unit["id"].as_str().expect("an id"));
            let group = who.get(&path).await.expect(200).json();
            let results = group["results"].as_array().expect("results");
            assert!(results.iter().all(|result| result[FIELD].is_string()), "{unit}: {group}");
        }
        if over.len() == many {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_asks_as_fast_as_he_can_hears_of_an_end_before_its_result() {
    let world = World::setup().speed(20.0).start().await;
    let owner = world.owner("the-owners-key");
    let spec = json!({"output_schema": {"type": "json", "json_schema": schema()}});
    // They ask from the moment on in which there is something to ask for.
    let mut asking = Vec::new();
    for n in 0..units() {
        // Rows end one after the other, so that a group is told of on the way.
        let simulate = |row: usize| format!("seconds={row}.{}", n % 10);
        let body = json!({"processor": "core", "input": {"company": format!("Company {n}"), "simulate": simulate(0)}, "taskSpec": spec});
        let made = owner.post("/api/tasks", &body).await.expect(202).json();
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        let task = Group { id: text("id"), url: text("url") };
        asking.push(tokio::spawn(ask_after_task(owner.clone(), task)));
        let inputs: Vec<Value> = (0..ROWS)
            .map(|row| json!({"company": format!("Row {row} of {n}"), "simulate": simulate(row)}))
            .collect();
        let body =
            json!({"inputs": inputs, "output_type": "json", "output_schema": schema(), "processor": "lite"});
        asking.push(tokio::spawn(ask_after_group(owner.clone(), owner.create(&body).await)));
    }
    ask_for_list(&owner, 2 * units()).await;
    let all = join_all(asking).await;
    let asked: u32 = all.into_iter().map(|one| one.expect("no end is told before its result")).sum();
    // Eight forms of each pair of units are polled; had each been asked once, nobody had been there before the end.
    assert!(asked as usize > 3 * 8 * units(), "{asked} answers");
}
