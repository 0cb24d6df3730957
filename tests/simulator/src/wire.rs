//! The objects of the API as they cross the wire, and the framing of its streams.
//!
//! Owns key order and the treatment of nulls: replies leave null keys out, streams print them, as captured.
//! Invariant: a frame is `event: <type>`, one `data:` line and a blank line, and the two types are equal.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::behaviour::{Content, Outcome};
use crate::chance::Dice;
use crate::output;
use crate::run::{Run, Status};

/// Whether keys without a value are printed or left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// As in streams and webhooks.
    Printed,
    /// As in replies.
    LeftOut,
}

impl Nulls {
    /// The other style when `swap` says so.
    pub(crate) fn swapped(self, swap: bool) -> Self {
        match (self, swap) {
            (same, false) => same,
            (Self::Printed, true) => Self::LeftOut,
            (Self::LeftOut, true) => Self::Printed,
        }
    }
}

/// A time with microseconds and `Z`.
pub(crate) fn time(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// The `TaskRun` of `run` at `now`.
pub(crate) fn task_run(run: &Run, now: Timestamp, nulls: Nulls) -> Value {
    let (status, since) = run.status_at(now);
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        if nulls == Nulls::Printed || !value.is_null() {
            fields.insert(name.to_owned(), value);
        }
    };
    put("run_id", json!(run.id));
    put("interaction_id", json!(run.id));
    put("status", json!(status.name()));
    put("is_active", json!(status.is_active()));
    put("warnings", if run.request.warnings.is_empty() { Value::Null } else { json!(run.request.warnings) });
    put("error", if status == Status::Failed { error(run) } else { Value::Null });
    put("processor", json!(run.request.processor()));
    put("metadata", Value::Object(run.request.metadata()));
    put("taskgroup_id", json!(run.group.as_deref()));
    put("created_at", json!(time(run.created_at)));
    put("modified_at", json!(time(run.modified_at(since))));
    Value::Object(fields)
}

/// Why a failed run failed.
fn error(run: &Run) -> Value {
    let reason = match run.life.content {
        Content::Hostile => output::hostile::all(),
        Content::Plain | Content::Huge => "No source that answers the question could be read".to_owned(),
    };
    json!({
        "ref_id": Dice::of(&["error", &run.id]).reference(),
        "message": format!("Run failed: {reason}."),
        "detail": {"errors": [{"error": reason}]},
    })
}

/// The output of `run` at `now`: null unless it is completed by then and has one.
pub(crate) fn output(run: &Run, now: Timestamp, nulls: Nulls) -> Value {
    let completed = run.status_at(now).0 == Status::Completed;
    if !completed || run.life.outcome == Outcome::NoOutput {
        return Value::Null;
    }
    let found = output::of(run);
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        if nulls == Nulls::Printed || !value.is_null() {
            fields.insert(name.to_owned(), value);
        }
    };
    let text = found.content.is_string();
    put("basis", found.basis);
    put("type", json!(if text { "text" } else { "json" }));
    put("mcp_tool_calls", found.tool_calls);
    put("beta_fields", Value::Null);
    put("content", found.content);
    if !text {
        put("output_schema", found.schema);
    }
    Value::Object(fields)
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    /// The payload, whose `type` names the event.
    pub(crate) data: Value,
}

impl Frame {
    /// The frame of `data`, an object with a `type`.
    pub(crate) fn of(data: Value) -> Self {
        Self { data }
    }

    /// A `task_run.state` event.
    pub(crate) fn state(
        event_id: Option<u64>,
        input: Value,
        run: Value,
        output: Value,
        nulls: Nulls,
    ) -> Self {
        let mut data = Map::new();
        data.insert("type".into(), json!("task_run.state"));
        let id = event_id.map(|id| id.to_string());
        for (name, value) in [("event_id", json!(id)), ("input", input), ("run", run), ("output", output)] {
            if nulls == Nulls::Printed || !value.is_null() {
                data.insert(name.into(), value);
            }
        }
        Self::of(data.into())
    }

    /// The name of the event.
    pub(crate) fn kind(&self) -> &str {
        self.data.get("type").and_then(Value::as_str).unwrap_or("message")
    }

    /// The bytes to send.
    pub(crate) fn bytes(&self) -> Bytes {
        format!("event: {}\ndata: {}\n\n", self.kind(), self.data).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::run::tests::run;

    #[test]
    fn times_have_microseconds_and_z() {
        assert_eq!(time(Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn replies_leave_nulls_out_and_streams_print_them_in_the_documented_order() {
        let body = json!({"processor": "lite", "input": "x"});
        let run = run(&body, &Config::default());
        let keys = |nulls| -> Vec<String> {
            let object = task_run(&run, run.created_at, nulls);
            object.as_object().expect("an object").keys().cloned().collect()
        };
        let all = "run_id interaction_id status is_active warnings error processor metadata taskgroup_id \
                   created_at modified_at";
        assert_eq!(keys(Nulls::Printed).join(" "), all);
        let few = "run_id interaction_id status is_active processor metadata created_at modified_at";
        assert_eq!(keys(Nulls::LeftOut).join(" "), few);
    }

    #[test]
    fn a_frame_names_its_type_twice_and_has_no_id_line() {
        let frame = Frame::of(json!({"type": "error", "error": {"message": "a\nb\u{2028}c"}}));
        let text = String::from_utf8(frame.bytes().to_vec()).expect("text");
        assert_eq!(
            text,
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"a\\nb\u{2028}c\"}}\n\n"
        );
    }
}
