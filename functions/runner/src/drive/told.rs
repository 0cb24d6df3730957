//! What the upstream tells of a task's run, each once, though it repeats everything to whoever connects and numbers nothing.
//!
//! The state in which a run ends is held back until that end is taken in, so that nobody reads of an end whose result is not there.
//! Pure. Invariant: what is still to be told stands in no flush that was taken in, and no two of it are the same.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use domain::event::Told;
use parallel::TaskRun;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

/// The kind of a state.
const STATE: &str = "task_run.state";
/// Bytes that one flush tells at most, unless a single event has more.
const BATCH_BYTES: usize = 200 * 1_024;
/// Bytes that one event is kept with at most.
const LONGEST: usize = 100 * 1_024;
/// Bytes that may wait to be told before no more is heard.
const FULL: usize = 256 * 1_024;
/// How much is kept of the beginning of a longer one, in characters.
const BEGINNING: usize = 1_000;

/// What was heard, and what of it is still to be told.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// By their marks' digests: a run may tell much, and each of it is kept only until it is told.
    known: HashSet<u128>,
    due: VecDeque<Told>,
    due_bytes: usize,
    last: Option<Told>,
}

/// What two events have in common that are the same.
#[derive(Debug, Hash)]
enum Mark<'a> {
    State { run: String, status: String, since: Option<String> },
    Other(&'a Told),
}

impl<'a> Mark<'a> {
    fn of(told: &'a Told) -> Self {
        let state =
            (told.kind == STATE).then(|| serde_json::from_str::<Value>(told.data.get()).ok()).flatten();
        let word = |name: &str| Some(state.as_ref()?.get("run")?.get(name)?.as_str()?.to_owned());
        match (word("run_id"), word("status")) {
            (Some(run), Some(status)) => Self::State { run, status, since: word("modified_at") },
            _ => Self::Other(told),
        }
    }

    /// So long that no two marks ever have the same by chance.
    fn digest(&self) -> u128 {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, self).hash(&mut hasher);
            u128::from(hasher.finish())
        };
        half(0) << 64 | half(1)
    }
}

impl Heard {
    /// Takes in what a flush told, a predecessor's or this holder's.
    pub(crate) fn take_in(&mut self, told: &[Told]) {
        if told.is_empty() {
            return;
        }
        let marks: HashSet<u128> = told.iter().map(digest).collect();
        self.due.retain(|told| !marks.contains(&digest(told)));
        self.due_bytes = self.due.iter().map(size).sum();
        self.last.take_if(|told| marks.contains(&digest(told)));
        self.known.extend(marks);
    }

    /// Takes in an event that came; says whether it is news.
    pub(crate) fn hear(&mut self, told: Told) -> bool {
        let news = self.known.insert(digest(&told));
        if news {
            self.due_bytes += size(&told);
            self.due.push_back(told);
        }
        news
    }

    /// Takes in the state in which a run ends, and holds it back.
    pub(crate) fn hold(&mut self, told: Told) {
        if !self.known.contains(&digest(&told)) {
            self.last.get_or_insert(told);
        }
    }

    /// The end is taken in: its state may be told, after everything else that was heard until now.
    pub(crate) fn release(&mut self) {
        if let Some(last) = self.last.take() {
            self.hear(last);
        }
    }

    /// What the next flush tells.
    pub(crate) fn batch(&self) -> Vec<Told> {
        let mut bytes = 0;
        let fits = |told: &&Told| {
            let first = bytes == 0;
            bytes += size(told);
            first || bytes <= BATCH_BYTES
        };
        self.due.iter().take_while(fits).cloned().collect()
    }

    /// Whether so much waits to be told that nothing more is to be heard before it is.
    pub(crate) fn is_full(&self) -> bool {
        self.due_bytes >= FULL
    }

    /// Whether nothing is left to tell.
    pub(crate) fn is_told(&self) -> bool {
        self.due.is_empty()
    }

    /// Whether one flush can tell all that is left.
    pub(crate) fn is_one_batch(&self) -> bool {
        self.due_bytes <= BATCH_BYTES
    }
}

fn digest(told: &Told) -> u128 {
    Mark::of(told).digest()
}

/// About how many bytes an event takes in a flush.
fn size(told: &Told) -> usize {
    told.data.get().len() + told.kind.len() + 100
}

/// A state as it is kept: the run without its output, which has its own place.
pub(crate) fn state(run: &TaskRun, told: &RawValue) -> Told {
    let data = RawValue::from_string(format!(r#"{{"type":"{STATE}","run":{}}}"#, told.get()));
    cut(STATE.to_owned(), run.modified_at, data.unwrap_or_else(|_| told.to_owned()))
}

/// Any other event as it is kept.
pub(crate) fn other(kind: String, data: &RawValue) -> Told {
    let fields: Value = serde_json::from_str(data.get()).unwrap_or_default();
    let at = fields.get("timestamp").and_then(|at| at.as_str()?.parse().ok());
    cut(kind, at, data.to_owned())
}

fn cut(kind: String, at: Option<jiff::Timestamp>, data: Box<RawValue>) -> Told {
    let text = data.get();
    let data = if text.len() > LONGEST {
        let begins: String = text.chars().take(BEGINNING).collect();
        to_raw_value(&json!({"type": kind, "bytes": text.len(), "begins": begins})).unwrap_or(data)
    } else {
        data
    };
    Told { kind, at, data: data.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(text: &str) -> Told {
        let data = json!({"type": "task_run.progress_msg.plan", "message": text, "timestamp": "2026-10-05T14:02:21.001745Z"});
        other("task_run.progress_msg.plan".to_owned(), &to_raw_value(&data).expect("JSON"))
    }

    fn state_of(status: &str, more: &str) -> Told {
        let run = json!({"run_id": "trun_1", "status": status, "modified_at": "2026-10-05T14:02:12Z", "more": more});
        let run = to_raw_value(&run).expect("JSON");
        state(&serde_json::from_str(run.get()).expect("a run"), &run)
    }

    #[test]
    fn the_upstreams_own_time_is_kept_and_all_of_the_event() {
        let told = message("a");
        assert_eq!(told.at, "2026-10-05T14:02:21.001745Z".parse().ok());
        assert!(told.data.get().contains(r#""message":"a""#));
    }

    #[test]
    fn what_is_repeated_is_told_once_stored_or_not() {
        let mut heard = Heard::default();
        assert!(heard.hear(message("a")) && heard.hear(message("b")));
        assert!(!heard.hear(message("a")), "it waits to be told");
        heard.take_in(&[message("a"), message("c")]);
        assert_eq!(heard.batch(), [message("b")]);
        assert!(!heard.hear(message("a")) && !heard.hear(message("c")), "they are told");
    }

    #[test]
    fn a_state_is_told_once_however_it_is_written() {
        let mut heard = Heard::default();
        assert!(heard.hear(state_of("running", "from the run's stream")));
        assert!(!heard.hear(state_of("running", "from the group's stream")));
    }

    #[test]
    fn the_last_state_waits_for_the_end_and_comes_after_the_rest() {
        let mut heard = Heard::default();
        heard.hold(state_of("completed", ""));
        heard.hear(message("a"));
        assert_eq!(heard.batch(), [message("a")]);
        heard.release();
        assert_eq!(heard.batch(), [message("a"), state_of("completed", "")]);
        heard.hold(state_of("completed", "again"));
        heard.release();
        assert_eq!(heard.batch().len(), 2);
    }

    #[test]
    fn what_is_too_long_is_told_by_its_beginning() {
        let told = message(&"\u{1f980}".repeat(LONGEST));
        assert!(told.data.get().len() < 10_000 && told.data.get().contains("bytes"));
        assert_eq!(told.at, message("a").at);
    }

    #[test]
    fn nothing_more_is_heard_while_much_waits_to_be_told() {
        let mut heard = Heard::default();
        let mut n = 0;
        while !heard.is_full() {
            n += 1;
            heard.hear(message(&format!("{n} {}", "x".repeat(10_000))));
        }
        assert!(n > 20 && heard.due_bytes < FULL + 20_000, "{n}");
        let batch = heard.batch();
        heard.take_in(&batch);
        assert!(!heard.is_full());
        heard.take_in(&heard.batch());
        assert!(heard.is_told() && heard.due_bytes == 0);
    }

    proptest! {
        #[test]
        fn whatever_its_size_everything_is_told_in_order_in_flushes_that_fit(
            sizes in prop::collection::vec(0_usize..90_000, 0..20),
        ) {
            let all: Vec<Told> = sizes.iter().zip(0..).map(|(size, n)| message(&format!("{n} {}", "x".repeat(*size)))).collect();
            let mut heard = Heard::default();
            for told in &all {
                heard.hear(told.clone());
            }
            let mut flushed = Vec::new();
            while !heard.is_told() {
                let batch = heard.batch();
                prop_assert!(!batch.is_empty() && batch.iter().map(size).sum::<usize>() <= BATCH_BYTES);
                prop_assert_eq!(heard.is_one_batch(), batch.len() + flushed.len() == all.len());
                heard.take_in(&batch);
                flushed.extend(batch);
            }
            prop_assert_eq!(flushed, all);
        }
    }
}
