//! What the upstream told of a task's run, read for people: its statistics, and its messages as a timeline.
//!
//! Any kind may be new and any field missing: what is not understood is shown as the JSON that it is. Everything in it is hostile.

use std::borrow::Cow;

use domain::event::Told;
use domain::unit::Unit;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::head;

const STATS: &str = "task_run.progress_stats";
const MESSAGE: &str = "task_run.progress_msg.";
const STATE: &str = "task_run.state";
/// Names of events that are this service's own, or a browser's: it calls the loss of a connection `error`.
const OWN: [&str; 5] = ["status", "complete", "initial", "message", "error"];
/// Sources of a sample that are shown.
const SAMPLE: usize = 20;

/// How many sources were looked at, as told last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    pub(crate) considered: Option<u64>,
    pub(crate) read: Option<u64>,
    pub(crate) sample: Vec<String>,
    meter: Option<f64>,
}

#[derive(Deserialize)]
struct SentStats {
    #[serde(default)]
    source_stats: Option<SentSources>,
    #[serde(default)]
    progress_meter: Option<f64>,
}

#[derive(Default, Deserialize)]
struct SentSources {
    #[serde(default)]
    num_sources_considered: Option<u64>,
    #[serde(default)]
    num_sources_read: Option<u64>,
    #[serde(default)]
    sources_read_sample: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Message {
    message: String,
}

#[derive(Deserialize)]
struct State {
    run: Stands,
}

#[derive(Deserialize)]
struct Stands {
    status: String,
}

#[derive(Deserialize)]
struct Error {
    error: Message,
}

impl Stats {
    /// The statistics after all of this.
    #[must_use]
    pub fn of<'a>(told: impl IntoIterator<Item = &'a Told>) -> Self {
        let mut stats = Self::default();
        told.into_iter().for_each(|told| stats.take(told));
        stats
    }

    /// Takes in what was told next.
    pub fn take(&mut self, told: &Told) {
        if told.kind != STATS {
            return;
        }
        let Ok(sent) = serde_json::from_str::<SentStats>(told.data.get()) else { return };
        let sources = sent.source_stats.unwrap_or_default();
        let mut sample = sources.sources_read_sample.unwrap_or_default();
        sample.truncate(SAMPLE);
        *self = Self {
            considered: sources.num_sources_considered,
            read: sources.num_sources_read,
            sample,
            meter: sent.progress_meter,
        };
    }

    /// How far the unit is, in whole per cent; 100 only when it is over.
    pub(crate) fn percent(&self, unit: &Unit) -> u32 {
        let of_rows = head::percent(unit);
        let meter = self.meter.filter(|meter| meter.is_finite()).unwrap_or(0.0).clamp(0.0, 99.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between 0 and 99"
        )]
        let meter = meter as u32;
        of_rows.max(meter)
    }
}

/// The name under which an event of this kind is sent: one that cannot break its line, nor pass for one of this service's own.
pub(crate) fn event_name(kind: &str) -> Cow<'_, str> {
    let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
    if kind.is_empty() || OWN.contains(&kind) || !kind.chars().all(fits) {
        let plain: String = kind.chars().filter(|char| fits(*char)).take(100).collect();
        Cow::Owned(format!("upstream.{plain}"))
    } else {
        Cow::Borrowed(kind)
    }
}

/// An entry of the timeline.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) at: Option<Timestamp>,
    /// A word for its kind.
    pub(crate) label: Cow<'a, str>,
    pub(crate) text: String,
}

/// What stands of this in the timeline; statistics do not.
pub(crate) fn entry(told: &Told) -> Option<Entry<'_>> {
    let data: &RawValue = &told.data;
    let known = |label: &'static str, text: Option<String>| Some((Cow::Borrowed(label), text?));
    let found = match told.kind.as_str() {
        STATS => return None,
        STATE => known("state", read(data).map(|state: State| state.run.status)),
        "error" => known("error", read(data).map(|error: Error| error.error.message)),
        kind => kind
            .strip_prefix(MESSAGE)
            .and_then(|label| Some((Cow::Owned(label.replace('_', " ")), read::<Message>(data)?.message))),
    };
    let (label, text) = found.unwrap_or_else(|| (Cow::Borrowed(told.kind.as_str()), data.get().to_owned()));
    Some(Entry { at: told.at, label, text })
}

/// The status of a run that this tells, if it tells one.
pub(crate) fn state(told: &Told) -> Option<String> {
    let state: State = (told.kind == STATE).then(|| read(&told.data))??;
    Some(state.run.status)
}

fn read<'a, T: Deserialize<'a>>(data: &'a RawValue) -> Option<T> {
    serde_json::from_str(data.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{group, told};

    #[test]
    fn the_last_statistics_count_and_progress_never_says_that_it_is_over() {
        let stats = Stats::of(&[
            told(
                STATS,
                r#"{"source_stats":{"num_sources_considered":4,"num_sources_read":1,"sources_read_sample":null},"progress_meter":35.5}"#,
            ),
            told(
                STATS,
                r#"{"source_stats":{"num_sources_considered":41,"num_sources_read":null,"sources_read_sample":["http://a.example"]},"progress_meter":100.0}"#,
            ),
            told(STATS, r#"{"source_stats":"none"}"#),
        ]);
        assert_eq!((stats.considered, stats.read, stats.sample.len()), (Some(41), None, 1));
        assert_eq!(stats.percent(&group(1)), 99);
        assert_eq!(Stats::default().percent(&group(1)), 0);
    }

    #[test]
    fn a_kind_cannot_break_its_line_or_pass_for_one_of_ours() {
        for (kind, name) in [
            ("task_run.progress_msg.plan", "task_run.progress_msg.plan"),
            ("complete", "upstream.complete"),
            ("error", "upstream.error"),
            ("a\nevent: complete", "upstream.aeventcomplete"),
            ("", "upstream."),
        ] {
            assert_eq!(event_name(kind), name);
        }
    }

    #[test]
    fn what_is_not_understood_is_shown_as_it_is() {
        for (kind, data, label, text) in [
            ("task_run.progress_msg.exec_status", r#"{"message":"Starting"}"#, "exec status", "Starting"),
            (STATE, r#"{"run":{"status":"running"}}"#, "state", "running"),
            ("error", r#"{"error":{"message":"no"}}"#, "error", "no"),
            (
                "task_run.progress_msg.plan",
                r#"{"message":7}"#,
                "task_run.progress_msg.plan",
                r#"{"message":7}"#,
            ),
            ("new", "[1]", "new", "[1]"),
        ] {
            let told = told(kind, data);
            let entry = entry(&told).expect("an entry");
            assert_eq!((entry.label.as_ref(), entry.text.as_str()), (label, text));
        }
        assert!(entry(&told(STATS, "{}")).is_none());
    }
}
