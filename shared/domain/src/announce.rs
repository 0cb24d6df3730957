//! What a unit's end causes to be told: the deliveries that are written in the same transaction as its last status.
//!
//! A body says where the unit stands and where its results are: never inputs, outputs or keys. How often and how long a delivery is tried is
//! decided in [`crate::delivery`]. Invariant: one delivery for each hook and round, and the same unit gives the same bytes.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::delivery::{Delivery, State};
use crate::run::RunStatus;
use crate::unit::{Kind, Status, Unit};

/// The hook of a unit's `webhook_url`.
pub const WEBHOOK: &str = "webhook";

/// The deliveries that the end of this unit causes, due at once; none where it is not over, or nobody asked to be told.
///
/// `unit` is as it ends: with its last status, counts and times. Every writer of an end calls this and writes what it gets
/// together with the end.
#[must_use]
pub fn announce(unit: &Unit, now: Timestamp) -> Vec<Delivery> {
    let over = unit.status.is_terminal() && unit.status != Status::Deleted;
    let Some(webhook) = unit.spec.group.webhook.as_ref().filter(|_| over) else { return Vec::new() };
    vec![Delivery {
        unit: unit.id.clone(),
        owner: unit.owner.clone(),
        hook: WEBHOOK.to_owned(),
        moment: unit.status.word().to_owned(),
        round: unit.round,
        url: webhook.url.clone(),
        sealed_secret: webhook.sealed_secret.clone(),
        body: body(unit, now).to_string(),
        created_at: now,
        state: State::Pending { attempt: 1, due_at: now },
        attempts: Vec::new(),
        earlier: 0,
    }]
}

/// What is told. `sequence` rises by one with each end of the unit, so a receiver can tell an old end from a new one.
fn body(unit: &Unit, now: Timestamp) -> Value {
    let status = unit.status.word();
    json!({
        "id": unit.id,
        "type": format!("{}.{status}", subject(unit.kind)),
        "status": status,
        "timestamp": now,
        "sequence": u64::from(unit.round) + 1,
        "url": unit.url(),
        "data": data(unit),
    })
}

const fn subject(kind: Kind) -> &'static str {
    match kind {
        Kind::Group => "task_group",
        Kind::Task => "task",
    }
}

fn data(unit: &Unit) -> Value {
    let counts = RunStatus::ALL.into_iter().map(|status| (status, unit.counts.of(status)));
    let counts: Map<_, _> = counts
        .filter(|(_, count)| *count > 0)
        .map(|(status, count)| (status.word().to_owned(), count.into()))
        .collect();
    let group = &unit.spec.group;
    json!({
        "taskgroup_id": unit.id,
        "url": unit.url(),
        "metadata": group.metadata,
        "num_task_runs": unit.rows().max(unit.counts.total()),
        "task_run_status_counts": counts,
        "processor": unit.progress.processor.as_ref().or(group.processor.as_ref()),
        "created_at": unit.created_at,
        "completed_at": unit.completed_at,
        "expires_at": unit.expires_at,
        "reason": (unit.status == Status::TimedOut).then_some("timeout"),
        "error": unit.progress.failure,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{GroupSpec, Inputs, Output, Webhook};
    use crate::progress::{Failure, Progress};
    use crate::run::Counts;
    use crate::unit::{Asks, Lease, Spec, Visibility};
    use crate::{OwnerId, UnitId};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn unit(status: Status) -> Unit {
        Unit {
            id: UnitId::from_bits([0; 16]),
            kind: Kind::Group,
            owner: OwnerId::new("owner"),
            status,
            lease: Lease::default(),
            round: 0,
            seq: 3,
            changes: 0,
            created_at: NOW,
            started_at: Some(NOW),
            completed_at: Some(NOW),
            modified_at: NOW,
            expires_at: NOW,
            counts: Counts { completed: 1, failed: 2, ..Counts::default() },
            spec: Spec {
                public_base: "https://multitask.test".to_owned(),
                preview: None,
                upstream: "https://upstream.test".to_owned(),
                visibility: Visibility::Link,
                woken: false,
                group: GroupSpec {
                    inputs: Inputs::Stored { rows: 3 },
                    output: Output::Text { description: None },
                    input_schema: None,
                    processor: Some("base".to_owned()),
                    webhook: Some(Webhook {
                        url: "https://receiver.test/hook".to_owned(),
                        sealed_secret: Some("sealed-secret".to_owned()),
                    }),
                    metadata: Map::from_iter([("batch".to_owned(), json!("b1"))]),
                    offset: 0,
                    limit: None,
                    max_cost: None,
                    timeout_seconds: None,
                    retry_failed: 0,
                    cache_hours: None,
                    pass_through: Map::new(),
                    warnings: Vec::new(),
                },
            },
            asks: Asks::default(),
            progress: Progress { rows: Some(3), ..Progress::default() },
            sealed: Some("sealed-key".to_owned()),
        }
    }

    fn told(unit: &Unit) -> Value {
        let deliveries = announce(unit, NOW);
        assert_eq!(deliveries.len(), 1);
        serde_json::from_str(&deliveries[0].body).expect("JSON")
    }

    #[test]
    fn the_body_says_where_the_unit_stands_and_where_its_results_are() {
        let url = "https://multitask.test/aaaaaaaaaaaaaaaaaaaaaaaaaa";
        assert_eq!(
            told(&unit(Status::Partial)),
            json!({
                "id": "aaaaaaaaaaaaaaaaaaaaaaaaaa",
                "type": "task_group.partial",
                "status": "partial",
                "timestamp": "1970-01-01T00:00:00Z",
                "sequence": 1,
                "url": url,
                "data": {
                    "taskgroup_id": "aaaaaaaaaaaaaaaaaaaaaaaaaa",
                    "url": url,
                    "metadata": {"batch": "b1"},
                    "num_task_runs": 3,
                    "task_run_status_counts": {"completed": 1, "failed": 2},
                    "processor": "base",
                    "created_at": "1970-01-01T00:00:00Z",
                    "completed_at": "1970-01-01T00:00:00Z",
                    "expires_at": "1970-01-01T00:00:00Z",
                    "reason": null,
                    "error": null,
                },
            })
        );
    }

    #[test]
    fn each_end_is_told_once_and_only_ends_are() {
        for status in Status::ALL {
            let deliveries = announce(&unit(status), NOW);
            let over = !matches!(status, Status::Pending | Status::Running | Status::Deleted);
            assert_eq!(deliveries.len(), usize::from(over), "{status:?}");
        }
        let mut silent = unit(Status::Completed);
        silent.spec.group.webhook = None;
        assert_eq!(announce(&silent, NOW), []);
    }

    #[test]
    fn a_later_round_has_a_key_of_its_own_and_a_higher_sequence() {
        let first = unit(Status::Completed);
        let second = Unit { round: 1, ..first.clone() };
        assert_eq!(announce(&first, NOW)[0].key(), "D#webhook#completed#0");
        assert_eq!(announce(&second, NOW)[0].key(), "D#webhook#completed#1");
        assert_eq!(
            (told(&first)["sequence"].as_u64(), told(&second)["sequence"].as_u64()),
            (Some(1), Some(2))
        );
    }

    #[test]
    fn a_failure_and_a_timeout_say_why() {
        let mut failed = unit(Status::Failed);
        failed.progress.failure = Some(Failure::new("no_credit", "the upstream account has no credit"));
        let error = json!({"code": "no_credit", "message": "the upstream account has no credit"});
        assert_eq!(told(&failed)["data"]["error"], error);
        assert_eq!(told(&unit(Status::TimedOut))["data"]["reason"], "timeout");
    }

    #[test]
    fn no_secret_stands_in_the_body() {
        let delivery = announce(&unit(Status::Completed), NOW).remove(0);
        assert!(!delivery.body.contains("sealed"), "{}", delivery.body);
        assert_eq!(delivery.sealed_secret.as_deref(), Some("sealed-secret"));
    }
}
