//! The log as JSON: one flat object a line, with the fields of the event and of all spans that it happened in.
//!
//! So `unit.id` is a field of every line about a unit, in whichever function and however deep, and one filter finds them all.
//! Invariant: a line is valid JSON and ends where it ends, whatever was logged.

use std::fmt;

use serde_json::{Map, Value};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{FormatFields, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

/// Has a function of Lambda log to its standard output, as its settings say: `AWS_LAMBDA_LOG_FORMAT` (this form for `JSON`, text for
/// people otherwise), and `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG` for what is worth a line, from INFO on if neither is set.
pub fn init_function(var: impl Fn(&str) -> Option<String>) {
    let level = var("AWS_LAMBDA_LOG_LEVEL").or_else(|| var("RUST_LOG")).unwrap_or_default();
    let filter = EnvFilter::builder().parse_lossy(if level.is_empty() { "info" } else { &level });
    if var("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json")) {
        init(filter, std::io::stdout);
    } else {
        tracing_subscriber::fmt().with_env_filter(filter).with_target(false).without_time().init();
    }
}

/// Has this process log in this form.
pub fn init(filter: EnvFilter, writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static) {
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .fmt_fields(JsonFields::new())
        .event_format(Flat)
        .with_writer(writer)
        .init();
}

/// The form of a line.
#[derive(Debug, Clone, Copy)]
pub struct Flat;

impl<S: Subscriber + for<'a> LookupSpan<'a>> FormatEvent<S, JsonFields> for Flat {
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Map::new();
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        // As Lambda looks for them: at the root, under these names, the time by RFC 3339.
        line.insert("timestamp".to_owned(), time.into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        for span in context.event_scope().into_iter().flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            if let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>() {
                line.extend(read(&fields.fields));
            }
        }
        let mut told = String::new();
        context.format_fields(Writer::new(&mut told), event)?;
        line.extend(read(&told));
        writeln!(writer, "{}", Value::Object(line))
    }
}

fn read(fields: &str) -> Map<String, Value> {
    serde_json::from_str(fields).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing::{info, info_span, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(work: impl FnOnce()) -> Vec<Value> {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(JsonFields::new())
            .event_format(Flat)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = kept.0.lock().expect("nobody panics").clone();
        let text = String::from_utf8(bytes).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }

    #[test]
    fn a_unit_has_the_same_field_in_a_line_of_its_own_and_in_one_within_its_span() {
        let lines = logged(|| {
            info!(unit.id = "u1", "accepted");
            info_span!("invoke", requestId = "r").in_scope(|| {
                info_span!("unit", unit.id = %"u1", unit.hop = 2)
                    .in_scope(|| warn!(unit.epoch = 3, "claimed"));
            });
        });
        assert!(lines.iter().all(|line| line["unit.id"] == "u1"), "{lines:?}");
        let of_span = lines[1].as_object().expect("an object");
        assert_eq!((&of_span["level"], &of_span["message"]), (&"WARN".into(), &"claimed".into()));
        assert_eq!((&of_span["unit.hop"], &of_span["unit.epoch"]), (&2.into(), &3.into()));
        assert_eq!(of_span["requestId"], "r");
        let time = of_span["timestamp"].as_str().expect("a time");
        assert!(time.len() > 20 && time.ends_with('Z') && time.contains('T'), "{time}");
    }

    #[test]
    fn what_is_logged_ends_no_line_and_forges_no_field() {
        let hostile = "x\n{\"level\":\"ERROR\"}\u{0}\"";
        let lines = logged(|| info!(said = hostile, "{hostile}"));
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0]["said"], &lines[0]["level"]), (&hostile.into(), &"INFO".into()));
    }
}
