//! The checker, checked: a record of a round without faults passes, and every fault that is planted in it is told as what it is.

use std::collections::BTreeMap;

use chaos::asked::{Asked, Change, Kind as UnitKind, Reply, Row};
use chaos::check::{Kind, check};
use chaos::reader::Read;
use chaos::receiver::Hit;
use chaos::record::{Bought, Delivery, Flush, Followed, Loss, Meta, Record, Run, Unit, View};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Of a task and of a group of two rows, of which the second fails and is bought twice.
fn clean() -> Record {
    let (task, group) = (task(), group());
    let hits = vec![hit(&task), hit(&group)];
    let bought = vec![
        Bought { messages: messages(), ..bought("task-r0", (0, 1), "completed") },
        bought("group-r0", (0, 1), "completed"),
        bought("group-r1", (1, 1), "failed"),
        bought("group-r1", (1, 2), "failed"),
    ];
    Record { units: vec![task, group], bought, hits, dead: Vec::new() }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000 + second).expect("a time")
}

fn lost(from: i64, until: i64) -> Loss {
    Loss { from: at(from), until: at(until) }
}

fn asked(name: &str, kind: UnitKind, rows: Vec<Row>) -> Asked {
    Asked {
        name: name.to_owned(),
        at: 0.0,
        kind,
        rows,
        retry_failed: 1,
        key: "key".to_owned(),
        twice: false,
        read: false,
        replies: Some(Vec::new()),
        change: None,
    }
}

fn row(name: &str, fails: bool) -> Row {
    Row { name: name.to_owned(), seconds: 1.0, fails }
}

fn meta(status: &str, counts: &[(&str, u64)], seq: u64) -> Meta {
    let counts = counts.iter().map(|(status, count)| ((*status).to_owned(), *count)).collect();
    Meta { status: status.to_owned(), counts, seq, round: 0, epoch: 3, told: json!({"progress": {}}) }
}

fn run(status: &str, attempt: u32, run_id: &str) -> Run {
    let output = (status == "completed").then(|| output(run_id));
    Run { status: status.to_owned(), attempt, run_id: Some(run_id.to_owned()), output }
}

fn output(run_id: &str) -> Value {
    json!({"type": "text", "content": format!("the content of {run_id}")})
}

fn delivery(moment: &str) -> Delivery {
    Delivery {
        key: format!("D#webhook#{moment}#0"),
        moment: moment.to_owned(),
        round: 0,
        state: "delivered".to_owned(),
        due_at: None,
        attempts: vec![200],
    }
}

fn hit(unit: &Unit) -> Hit {
    let status = &unit.meta.as_ref().expect("it is there").status;
    Hit {
        unit: unit.asked.name.clone(),
        webhook_id: format!("msg_{}", unit.id),
        signed: true,
        body: json!({"id": unit.id, "sequence": 1, "status": status}),
        at: at(11),
        reply: Reply::Status(200),
    }
}

fn messages() -> Vec<(Timestamp, Value)> {
    let message = |n: i64| json!({"type": "task_run.progress_msg.plan", "message": format!("step {n}")});
    (1..=4).map(|n| (at(n), message(n))).collect()
}

fn told(messages: &[(Timestamp, Value)]) -> Vec<(String, Value)> {
    messages.iter().map(|(_, event)| ("task_run.progress_msg.plan".to_owned(), event.clone())).collect()
}

fn flush(second: i64, runs: &[(u32, &str, u32)], told: Vec<(String, Value)>) -> Flush {
    let runs = runs.iter().map(|(row, status, attempt)| (*row, (*status).to_owned(), *attempt)).collect();
    Flush { at: at(second), runs, told }
}

fn task() -> Unit {
    let shown = messages();
    Unit {
        asked: asked("task", UnitKind::Task, vec![row("task-r0", false)]),
        changed: None,
        id: "id-of-task".to_owned(),
        meta: Some(meta("completed", &[("completed", 1)], 3)),
        flushes: BTreeMap::from([
            (1, flush(2, &[], told(&shown[..2]))),
            (2, flush(5, &[], told(&shown[2..]))),
            (3, flush(10, &[(0, "completed", 1)], Vec::new())),
        ]),
        purchases: vec![(0, 1, "run-task-r0.1".to_owned())],
        runs: BTreeMap::from([(0, run("completed", 1, "run-task-r0.1"))]),
        deliveries: vec![delivery("completed")],
        items: Vec::new(),
        view: Some(view("completed", &[(0, "completed", Some("run-task-r0.1"))])),
        read: None,
        losses: Vec::new(),
        partings: Vec::new(),
        retold: 0,
    }
}

fn group() -> Unit {
    Unit {
        asked: asked("group", UnitKind::Group, vec![row("group-r0", false), row("group-r1", true)]),
        changed: None,
        id: "id-of-group".to_owned(),
        meta: Some(meta("partial", &[("completed", 1), ("failed", 1)], 2)),
        flushes: BTreeMap::from([
            (1, flush(5, &[(0, "completed", 1), (1, "pending", 2)], Vec::new())),
            (2, flush(10, &[(1, "failed", 2)], Vec::new())),
        ]),
        purchases: vec![
            (0, 1, "run-group-r0.1".to_owned()),
            (1, 1, "run-group-r1.1".to_owned()),
            (1, 2, "run-group-r1.2".to_owned()),
        ],
        runs: BTreeMap::from([
            (0, run("completed", 1, "run-group-r0.1")),
            (1, run("failed", 2, "run-group-r1.2")),
        ]),
        deliveries: vec![delivery("partial")],
        items: Vec::new(),
        view: Some(view("partial", &[(0, "completed", Some("run-group-r0.1")), (1, "failed", None)])),
        read: None,
        losses: Vec::new(),
        partings: Vec::new(),
        retold: 0,
    }
}

fn view(status: &str, rows: &[(u32, &str, Option<&str>)]) -> View {
    let row = |(index, status, run): &(u32, &str, Option<&str>)| {
        (*index, (*status).to_owned(), run.map(|run| output(run)["content"].clone()))
    };
    View { status: status.to_owned(), rows: rows.iter().map(row).collect() }
}

fn bought(row: &str, mark: (u32, u32), status: &str) -> Bought {
    let run_id = format!("run-{row}.{}", mark.1);
    let followed = Followed { opened_at: at(0), told_at: Some(at(9)), closed_at: at(9) };
    Bought {
        row: row.to_owned(),
        mark: Some(mark),
        status: status.to_owned(),
        ended_at: Some(at(9)),
        output: (status == "completed").then(|| output(&run_id)),
        messages: Vec::new(),
        followed: vec![followed],
        run_id,
    }
}

/// What the checker says once `plant` has changed the clean record.
fn told_of(plant: impl FnOnce(&mut Record)) -> Vec<Kind> {
    let mut record = clean();
    plant(&mut record);
    let mut kinds: Vec<Kind> = check(&record).into_iter().map(|fault| fault.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[test]
fn a_round_without_faults_passes() {
    assert_eq!(check(&clean()), []);
}

#[test]
fn a_dropped_event_is_told() {
    for place in 0..2 {
        let kinds = told_of(|record| {
            record.units[0].flushes.get_mut(&2).expect("it is there").told.remove(place);
        });
        assert_eq!(kinds, [Kind::EventLost]);
    }
}

#[test]
fn an_event_that_no_holder_was_told_or_could_write_down_is_not_missed() {
    let drop = |record: &mut Record| {
        record.units[0].flushes.get_mut(&2).expect("it is there").told.pop();
    };
    let kinds = told_of(|record| {
        drop(record);
        record.units[0].losses.push(lost(5, 5));
    });
    assert_eq!(kinds, [], "its holder was killed a second after it was told");
    let kinds = told_of(|record| {
        drop(record);
        record.units[0].losses.push(lost(1, 6));
    });
    assert_eq!(kinds, [], "its holder was frozen when it was told");
    let kinds = told_of(|record| {
        drop(record);
        record.bought[0].followed[0].told_at = Some(at(3));
        record.bought[0].followed[0].closed_at = at(8);
    });
    assert_eq!(kinds, [], "nobody was told");
    for (flushed, kinds) in [(3, vec![Kind::EventLost]), (4, vec![]), (5, vec![]), (6, vec![Kind::EventLost])]
    {
        let told = told_of(|record| {
            drop(record);
            record.units[0].flushes.get_mut(&2).expect("it is there").at = at(flushed);
            record.units[0].partings.push(at(9));
        });
        assert_eq!(told, kinds, "its holder left for its last flush at {flushed}");
    }
    let kinds = told_of(|record| {
        drop(record);
        record.units[0].losses.push(lost(1, 1));
        record.units[0].losses.push(lost(30, 30));
    });
    assert_eq!(kinds, [Kind::EventLost], "nothing had happened to its holder then");
}

#[test]
fn an_event_told_twice_or_out_of_order_or_of_another_run_is_told() {
    let again = |record: &mut Record| {
        let flushes = &mut record.units[0].flushes;
        let told = flushes[&1].told[0].clone();
        flushes.get_mut(&2).expect("it is there").told.push(told);
    };
    assert_eq!(told_of(again), [Kind::EventTwice]);
    let swapped = |record: &mut Record| {
        record.units[0].flushes.get_mut(&2).expect("it is there").told.swap(0, 1);
    };
    assert_eq!(told_of(swapped), [Kind::EventOrder]);
    let foreign = |record: &mut Record| {
        let told = &mut record.units[0].flushes.get_mut(&2).expect("it is there").told;
        told.push((String::new(), json!({"type": "task_run.progress_msg.plan", "message": "another's"})));
    };
    assert_eq!(told_of(foreign), [Kind::EventOrder]);
}

#[test]
fn a_reader_that_was_told_too_little_or_something_twice_is_told() {
    let read = |events: Vec<(Timestamp, Value)>, complete| {
        let events = events.into_iter().map(|(at, event)| (at.to_string(), String::new(), event)).collect();
        Some(Read { events, resumed: 1, complete })
    };
    assert_eq!(told_of(|record| record.units[0].read = read(messages(), true)), []);
    assert_eq!(told_of(|record| record.units[0].read = read(messages(), false)), [Kind::Reader]);
    for place in 0..4 {
        let mut less = messages();
        less.remove(place);
        assert_eq!(told_of(|record| record.units[0].read = read(less, true)), [Kind::Reader]);
        let mut more = messages();
        more.push(messages()[place].clone());
        assert_eq!(told_of(|record| record.units[0].read = read(more, true)), [Kind::Reader]);
    }
}

#[test]
fn a_double_purchase_is_told_whether_or_not_the_table_knows() {
    let twice = |record: &mut Record| {
        let again = Bought { run_id: "another".to_owned(), ..record.bought[1].clone() };
        record.bought.push(again);
    };
    assert_eq!(told_of(twice), [Kind::BoughtTwice, Kind::Foreign]);
    let known = |record: &mut Record| {
        twice(record);
        record.units[1].purchases.push((0, 1, "another".to_owned()));
    };
    assert_eq!(told_of(known), [Kind::BoughtTwice]);
}

#[test]
fn a_purchase_too_many_too_few_or_for_nobody_is_told() {
    let kinds = told_of(|record| {
        record.bought.remove(3);
        record.units[1].purchases.remove(2);
    });
    assert_eq!(kinds, [Kind::Unbought, Kind::Result]);
    let kinds = told_of(|record| record.bought.push(bought("group-r0", (0, 2), "failed")));
    assert_eq!(kinds, [Kind::Unbought, Kind::Foreign, Kind::Result]);
    let kinds = told_of(|record| record.bought.push(bought("nobody-r0", (0, 1), "failed")));
    assert_eq!(kinds, [Kind::Foreign]);
}

#[test]
fn a_lost_webhook_is_told() {
    let kinds = told_of(|record| {
        record.hits.pop();
    });
    assert_eq!(kinds, [Kind::WebhookLost], "it did not come");
    let kinds = told_of(|record| {
        record.hits.pop();
        record.units[1].deliveries.pop();
    });
    assert_eq!(kinds, [Kind::WebhookLost], "it was never to be sent");
    let kinds = told_of(|record| record.units[1].deliveries[0].state = "pending".to_owned());
    assert_eq!(kinds, [Kind::WebhookLost], "it still waits");
}

#[test]
fn a_doubled_webhook_is_told() {
    let kinds = told_of(|record| record.hits.push(record.hits[0].clone()));
    assert_eq!(kinds, [Kind::WebhookTwice], "under the same id, after it was taken");
    let other = |record: &mut Record| {
        record.hits.push(Hit { webhook_id: "msg_other".to_owned(), ..record.hits[0].clone() });
        record.units[0].deliveries[0].attempts = vec![0, 200];
        record.hits[0].reply = Reply::Hang;
    };
    assert_eq!(told_of(other), [Kind::WebhookTwice], "under another id");
    let kinds = told_of(|record| {
        let again =
            Delivery { key: "D#webhook#failed#0".to_owned(), ..record.units[0].deliveries[0].clone() };
        record.units[0].deliveries.insert(0, again);
    });
    assert_eq!(kinds, [Kind::WebhookTwice], "by another delivery");
}

#[test]
fn a_webhook_that_failed_and_came_again_is_as_it_should_be() {
    let kinds = told_of(|record| {
        record.hits.push(record.hits[0].clone());
        record.hits[0].reply = Reply::Status(500);
        record.units[0].deliveries[0].attempts = vec![500, 200];
    });
    assert_eq!(kinds, []);
    let kinds = told_of(|record| {
        record.hits[0].reply = Reply::Status(410);
        record.units[0].deliveries[0].attempts = vec![410];
        record.units[0].deliveries[0].state = "gone".to_owned();
    });
    assert_eq!(kinds, []);
}

#[test]
fn a_webhook_that_is_told_again_because_the_table_does_not_know_of_it_has_the_same_id() {
    let again = |record: &mut Record| {
        record.hits.push(record.hits[0].clone());
        record.units[0].retold = 1;
    };
    assert_eq!(told_of(again), []);
    let other = |record: &mut Record| {
        again(record);
        record.hits[2].webhook_id = "msg_other".to_owned();
    };
    assert_eq!(told_of(other), [Kind::WebhookTwice]);
}

#[test]
fn a_webhook_of_another_or_with_a_wrong_signature_is_told() {
    assert_eq!(told_of(|record| record.hits[0].signed = false), [Kind::Webhook]);
    let shared = |record: &mut Record| record.hits[1].webhook_id = record.hits[0].webhook_id.clone();
    assert_eq!(told_of(shared), [Kind::Webhook]);
}

#[test]
fn a_stuck_unit_is_told_and_so_is_one_that_is_gone_or_given_up() {
    let kinds = told_of(|record| record.units[1].meta = Some(meta("running", &[], 1)));
    assert_eq!(kinds, [Kind::Stuck]);
    assert_eq!(told_of(|record| record.units[0].meta = None), [Kind::Stuck]);
    let given_up = |record: &mut Record| {
        let meta = record.units[0].meta.as_mut().expect("it is there");
        meta.told = json!({"progress": {"failure": {"code": "poison"}}});
    };
    assert_eq!(told_of(given_up), [Kind::Ended]);
    let after_all_that = |record: &mut Record| {
        given_up(record);
        record.units[0].losses = (1..6).map(|second| lost(second, second)).collect();
    };
    assert_eq!(told_of(after_all_that), [], "its holders were struck again and again");
}

#[test]
fn a_result_that_is_missing_or_anothers_is_told() {
    let missing = |record: &mut Record| {
        record.units[1].runs.remove(&1);
    };
    assert_eq!(told_of(missing), [Kind::Result]);
    let anothers = |record: &mut Record| {
        let other = record.units[0].runs[&0].clone();
        record.units[1].runs.insert(0, other);
    };
    assert!(told_of(anothers).contains(&Kind::Result));
    let unread = |record: &mut Record| {
        record.units[1].view.as_mut().expect("it is there").rows.pop();
    };
    assert_eq!(told_of(unread), [Kind::Result]);
    let miscounted = |record: &mut Record| {
        record.units[1].meta = Some(meta("partial", &[("completed", 2)], 2));
    };
    assert_eq!(told_of(miscounted), [Kind::Counts]);
}

#[test]
fn a_gap_in_the_flushes_and_an_end_told_twice_are_told() {
    let gap = |record: &mut Record| {
        record.units[1].flushes.remove(&1);
    };
    assert_eq!(told_of(gap), [Kind::Flushes]);
    let twice = |record: &mut Record| {
        let flush = record.units[1].flushes.get_mut(&2).expect("it is there");
        flush.runs.push((0, "completed".to_owned(), 1));
    };
    assert_eq!(told_of(twice), [Kind::Flushes]);
    let never_announced = |record: &mut Record| {
        record.units[1].flushes.insert(3, flush(12, &[(0, "completed", 1)], Vec::new()));
    };
    assert_eq!(told_of(never_announced), [], "a fenced holder wrote it, and nobody reads it");
}

#[test]
fn what_is_left_of_a_deleted_unit_is_told() {
    let deleted = |record: &mut Record, left: &[&str]| {
        let unit = &mut record.units[1];
        unit.changed = Some(Change::Delete);
        unit.meta = Some(meta("deleted", &[], 0));
        unit.deliveries.clear();
        unit.items = left.iter().map(|&key| key.to_owned()).collect();
        record.hits.pop();
    };
    assert_eq!(told_of(|record| deleted(record, &[])), []);
    assert_eq!(told_of(|record| deleted(record, &["U#id E#1"])), [Kind::Leftover]);
}

#[test]
fn a_cancelled_unit_need_not_have_all_but_nothing_twice() {
    let cancelled = |record: &mut Record| {
        let unit = &mut record.units[0];
        unit.changed = Some(Change::Cancel);
        unit.meta = Some(meta("cancelled", &[("cancelled", 1)], 1));
        unit.deliveries = vec![delivery("cancelled")];
        unit.view = Some(view("cancelled", &[(0, "cancelled", None)]));
        record.hits[0].body["status"] = json!("cancelled");
    };
    assert_eq!(told_of(cancelled), []);
    let twice = |record: &mut Record| {
        cancelled(record);
        let again = Bought { run_id: "another".to_owned(), ..record.bought[0].clone() };
        record.bought.push(again);
    };
    assert_eq!(told_of(twice), [Kind::BoughtTwice]);
}

#[test]
fn a_dead_letter_is_told() {
    assert_eq!(told_of(|record| record.dead.push("runs-dead: {}".to_owned())), [Kind::DeadLetter]);
}
