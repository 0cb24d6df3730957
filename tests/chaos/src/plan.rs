//! The plan of a round: what is asked for, and what goes wrong when.
//!
//! A pure function of the seed and the length. Times are seconds from the round's start; which worker a fault strikes is a share of those
//! that are busy then. Invariant: nothing of a plan breaks what the protocol builds on: clocks differ by less than half of what a purchase is
//! given, and no request is executed upstream after it was given up.

use simulator::{Effect, Endpoint, Fault};

use crate::asked::{Asked, Change, Kind, Reply, Row};
use crate::dice::Dice;
use crate::proxy::Skies;
use crate::weather::{Queue, Store, Weather};
use crate::worker::Manner;

/// Clocks are at most this much ahead of the hub's, in seconds.
const MOST_SKEW: f64 = 0.8;
/// A quota that is filled.
const TIGHT: usize = 24;

/// A round.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it was made from.
    pub seed: u64,
    /// How long things go wrong.
    pub seconds: f64,
    /// Workers at most.
    pub workers: usize,
    /// Messages to an invocation.
    pub batch: usize,
    /// Runs that each key may create upstream in a minute.
    pub quota: usize,
    /// How the runners behave.
    pub manner: Manner,
    /// Whether the upstream tells of ends by webhooks of its own.
    pub woken: bool,
    /// What is asked for, in the order of time.
    pub units: Vec<Asked>,
    /// What is done to the workers and the queues, in the order of time.
    pub steps: Vec<Step>,
    /// What the tables and the queues do to requests meanwhile.
    pub skies: Skies,
    /// What the upstream does meanwhile.
    pub upstream: Vec<Fault>,
}

/// Something that is done at a time.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// When.
    pub at: f64,
    /// What.
    pub act: Act,
}

/// What is done to the workers and the queues.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// A busy worker is killed.
    Kill {
        /// Which of them.
        who: f64,
    },
    /// A busy worker is stopped, and goes on later.
    Freeze {
        /// Which of them.
        who: f64,
        /// For how many seconds.
        seconds: f64,
    },
    /// A busy worker is asked to end.
    End {
        /// Which of them.
        who: f64,
    },
    /// A worker's clock is moved forward.
    Skew {
        /// Which of them.
        who: f64,
        /// To so many seconds ahead.
        ahead: f64,
    },
    /// No request of a worker reaches the tables.
    Outage {
        /// For how many seconds.
        seconds: f64,
    },
    /// The next messages of a queue are given to two receivers.
    Duplicates {
        /// Of which queue.
        queue: &'static str,
        /// How many.
        count: usize,
    },
    /// The next entries of batches fail.
    FailedEntries {
        /// Of which queue.
        queue: &'static str,
        /// How many.
        count: usize,
    },
    /// The next operations have their effect and are answered by a failure.
    LostReplies {
        /// Of which queue.
        queue: &'static str,
        /// How many.
        count: usize,
    },
}

impl Plan {
    /// The plan of this seed, for a round in which things go wrong for `seconds`.
    #[must_use]
    pub fn new(seed: u64, seconds: f64) -> Self {
        let dice = Dice::new(seed, "plan");
        let tight = dice.chance(0.25);
        let mut units = units(seed, seconds, tight, &Dice::new(seed, "units"));
        units.sort_by(|one, other| one.at.total_cmp(&other.at));
        Self {
            seed,
            seconds,
            workers: dice.whole(2, 4) as usize,
            batch: dice.pick(&[3, 6, 10]),
            quota: if tight { TIGHT } else { 2_000 },
            manner: manner(tight, &dice),
            woken: dice.chance(0.4),
            steps: steps(seconds, &Dice::new(seed, "steps")),
            skies: skies(&Dice::new(seed, "weather")),
            upstream: upstream(&Dice::new(seed, "upstream")),
            units,
        }
    }
}

/// Where the quota is tight the runners are right about it, or believe in twice as much and are refused. Adoption goes by the slice: in short ones
/// much is handed over, and in long ones adopted.
fn manner(tight: bool, dice: &Dice) -> Manner {
    let believed = if tight { dice.pick(&[TIGHT, 2 * TIGHT]) } else { 2_000 };
    Manner {
        slice: dice.pick(&[4, 8, 40]),
        lease: 3,
        units: dice.pick(&[4, 12, 100]),
        runs_per_minute: u32::try_from(believed).unwrap_or(u32::MAX),
    }
}

fn units(seed: u64, seconds: f64, tight: bool, dice: &Dice) -> Vec<Asked> {
    let many = dice.whole(8, 16);
    let unit = |number: u32| {
        let name = format!("s{seed}-u{number}");
        let kind = if dice.chance(0.6) { Kind::Task } else { Kind::Group };
        let most = if tight { 5 } else { 12 };
        let rows = if kind == Kind::Task { 1 } else { dice.whole(2, most) };
        let longest = dice.pick(&[2.0, 5.0, 9.0]);
        let row = |index| Row {
            name: format!("{name}-r{index}"),
            seconds: dice.between(0.5, longest),
            fails: dice.chance(0.12),
        };
        let rows: Vec<Row> = (0..rows).map(row).collect();
        let change = change(kind, &name, dice);
        Asked {
            at: dice.between(0.0, seconds * 0.7),
            kind,
            rows,
            retry_failed: dice.pick(&[0, 0, 1, 2]),
            key: format!("key-{seed}-{}", dice.whole(1, 3)),
            twice: dice.chance(0.25),
            read: kind == Kind::Task && dice.chance(0.5),
            replies: if dice.chance(0.75) { Some(replies(dice)) } else { None },
            change,
            name,
        }
    };
    (0..many).map(unit).collect()
}

fn change(kind: Kind, name: &str, dice: &Dice) -> Option<(f64, Change)> {
    if !dice.chance(0.4) {
        return None;
    }
    let after = dice.between(0.2, 6.0);
    let appended = || {
        let row = |index| Row {
            name: format!("{name}-a{index}"),
            seconds: dice.between(0.5, 4.0),
            fails: dice.chance(0.1),
        };
        Change::Append((0..dice.whole(1, 4)).map(row).collect())
    };
    let change = match (kind, dice.whole(0, 5)) {
        (_, 0) | (Kind::Task, 3) => Change::Cancel,
        (_, 1) => Change::Delete,
        (_, 2) => Change::Retry,
        (Kind::Group, _) => appended(),
        (Kind::Task, _) => return None,
    };
    Some((after, change))
}

fn replies(dice: &Dice) -> Vec<Reply> {
    match dice.whole(0, 6) {
        0 => vec![Reply::Status(500)],
        1 => vec![Reply::Status(410)],
        2 => vec![Reply::Slow(dice.between(0.5, 2.0))],
        3 => vec![Reply::Hang],
        _ => Vec::new(),
    }
}

fn steps(seconds: f64, dice: &Dice) -> Vec<Step> {
    let pace = dice.between(0.6, 2.0);
    let mut steps = Vec::new();
    let mut at = dice.between(0.5, 1.5);
    while at < seconds {
        let who = dice.between(0.0, 1.0);
        let queue = dice.pick(&["runs", "adopt", "deliveries"]);
        let count = dice.whole(1, 3) as usize;
        let act = match dice.whole(0, 13) {
            0..=3 => Act::Kill { who },
            4..=6 => Act::Freeze { who, seconds: dice.between(1.0, 8.0) },
            7 => Act::End { who },
            8 | 9 => Act::Skew { who, ahead: dice.between(0.0, MOST_SKEW) },
            10 => Act::Outage { seconds: dice.between(0.2, 1.5) },
            11 => Act::Duplicates { queue, count },
            12 => Act::FailedEntries { queue, count },
            _ => Act::LostReplies { queue, count },
        };
        steps.push(Step { at, act });
        at += dice.between(0.2, 1.8) * pace;
    }
    steps
}

/// Workers have the worse of it; the other functions are few processes that nobody kills here.
fn skies(dice: &Dice) -> Skies {
    let rate = |most: f64| if dice.chance(0.5) { dice.between(0.0, most) } else { 0.0 };
    let workers = Weather {
        store: Store { refused: rate(0.15), lost: rate(0.1), cut: rate(0.05), slow: rate(0.1) },
        queue: Queue { refused: rate(0.2), lost: rate(0.2), twice: rate(0.3), late: rate(0.3) },
        outage: false,
    };
    let others = Weather {
        store: Store { refused: rate(0.05), lost: rate(0.05), cut: rate(0.02), slow: rate(0.05) },
        queue: Queue { refused: rate(0.1), lost: rate(0.1), twice: rate(0.2), late: rate(0.2) },
        outage: false,
    };
    Skies { workers, others }
}

fn upstream(dice: &Dice) -> Vec<Fault> {
    let status = |status, retry_after| Effect::Status { status, retry_after, message: None };
    let all = [
        (Endpoint::AddRuns, Effect::LostReply),
        (Endpoint::AddRuns, Effect::LostRequest),
        (Endpoint::AddRuns, status(429, Some(1))),
        (Endpoint::AddRuns, status(503, None)),
        (Endpoint::AddRuns, Effect::SlowReply { seconds: dice.between(0.2, 4.0) }),
        (Endpoint::CreateGroup, Effect::LostReply),
        (Endpoint::CreateGroup, status(500, None)),
        (Endpoint::GroupEvents, cut(dice, 6)),
        (Endpoint::GroupEvents, status(502, None)),
        (Endpoint::RunEvents, cut(dice, 12)),
        (Endpoint::RunEvents, status(500, None)),
        (Endpoint::RunEvents, Effect::LostRequest),
        (Endpoint::GroupRuns, cut(dice, 3)),
        (Endpoint::GroupRuns, Effect::LostReply),
        (Endpoint::Result, status(500, None)),
        (Endpoint::Result, Effect::LostReply),
        (Endpoint::GetGroup, status(500, None)),
        (Endpoint::Webhook, Effect::LostWebhook),
        (Endpoint::Webhook, Effect::DuplicateWebhook { deliveries: 2 }),
        (Endpoint::Webhook, Effect::LateWebhook { seconds: dice.between(0.5, 5.0) }),
    ];
    let chosen = all.into_iter().filter(|_| dice.chance(0.35));
    chosen
        .map(|(endpoint, effect)| Fault::on(endpoint, effect).with_probability(dice.between(0.1, 0.6)))
        .collect()
}

fn cut(dice: &Dice, most: u32) -> Effect {
    Effect::CutStream { after_events: dice.whole(0, most), with_error: dice.chance(0.3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_one_plan_and_another_seed_another() {
        let told = |seed| format!("{:?}", Plan::new(seed, 15.0));
        assert_eq!(told(7), told(7));
        assert_ne!(told(7), told(8));
    }

    #[test]
    fn no_plan_breaks_what_the_protocol_builds_on() {
        let half_of_a_purchase = {
            let manner = Manner { slice: 4, lease: 3, units: 1, runs_per_minute: 1 };
            crate::settings::runner(manner).purchase.as_secs_f64() / 2.0
        };
        for seed in 0..200 {
            let plan = Plan::new(seed, 30.0);
            for step in &plan.steps {
                if let Act::Skew { ahead, .. } = step.act {
                    assert!(ahead < half_of_a_purchase / 2.0, "{step:?}");
                }
            }
            assert!(plan.units.len() >= 8 && plan.workers >= 2, "{plan:?}");
        }
    }
}
