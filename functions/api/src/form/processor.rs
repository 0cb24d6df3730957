//! `processor`, `mode` and `upgrade`: which processor is asked for, and whether it is large enough for what it is asked.
//!
//! A processor that is not documented is passed on: nobody here knows how large it is. Invariant: a larger one, which costs more, takes the
//! place of the one that was named only where `upgrade` says so.

use domain::limits::PROCESSOR_CHARS;
use domain::processor::{self, DEEP_RESEARCH, FALLBACK, PROCESSORS};

use super::Fields;

/// Whether the output is to have the upstream's own form, of which the smallest processors make little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Auto {
    /// It is not.
    No,
    /// It is, and the smallest do for it.
    Welcome,
    /// It is what was asked for, so that the smallest are refused.
    Asked,
}

/// What a processor must be at least, and why.
struct Least {
    name: &'static str,
    what: &'static str,
    is_refused: bool,
}

/// The processor that is asked for; none where the choice is left to the upstream.
pub(super) fn processor(fields: &mut Fields, auto: Auto, warnings: &mut Vec<String>) -> Option<String> {
    let named = name(fields, warnings);
    let is_deep = fields.word("mode", &[("deep_research", true)]).unwrap_or(false);
    let upgrade = fields.flag("upgrade").unwrap_or(false);
    let Some(name) = named else {
        return is_deep.then(|| {
            warnings
                .push(format!("deep_research takes {}, since no processor is named", DEEP_RESEARCH.usual));
            DEEP_RESEARCH.usual.to_owned()
        });
    };
    let least = match auto {
        _ if is_deep => Least { name: DEEP_RESEARCH.least, what: "deep_research", is_refused: true },
        Auto::No => return Some(name),
        Auto::Welcome | Auto::Asked => {
            Least { name: FALLBACK, what: "auto output", is_refused: auto == Auto::Asked }
        }
    };
    Some(fitting(fields, name, &least, upgrade, warnings))
}

fn name(fields: &mut Fields, warnings: &mut Vec<String>) -> Option<String> {
    let name = fields.text("processor").map(|name| name.trim().to_owned())?;
    // What the forms of the first clients send when the choice is left to the service.
    if name.eq_ignore_ascii_case("auto") {
        return None;
    }
    let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    if name.len() > PROCESSOR_CHARS || !name.chars().all(fits) {
        let known: Vec<&str> = PROCESSORS.iter().map(|known| known.name).collect();
        fields.fault("/processor", format!("must be the name of a processor, such as {}", known.join(", ")));
        return None;
    }
    if processor::find(&name).is_none() {
        warnings.push(format!(
            "the processor {name} is not a documented one; it is asked for all the same, at an unknown price"
        ));
    }
    Some(name)
}

/// The processor, or the least that would do where a larger one is welcome.
fn fitting(
    fields: &mut Fields,
    name: String,
    least: &Least,
    upgrade: bool,
    warnings: &mut Vec<String>,
) -> String {
    if processor::is_at_least(&name, least.name) {
        return name;
    }
    let fast = if name.ends_with("-fast") { "-fast" } else { "" };
    let (larger, what) = (format!("{}{fast}", least.name), least.what);
    if upgrade {
        warnings.push(format!("{name} is too small for {what}; {larger} is used instead, as upgrade says"));
        return larger;
    }
    if least.is_refused {
        let other = if what == "auto output" { ", ask for text or json" } else { "" };
        let message =
            format!("{name} is too small for {what}: take {larger} or more{other}, or send upgrade: true");
        fields.fault("/processor", message);
    }
    name
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(body: &Value, auto: Auto) -> (Option<String>, usize, Vec<String>) {
        let mut fields = super::super::json(body.to_string().as_bytes()).expect("JSON");
        let mut warnings = Vec::new();
        let name = processor(&mut fields, auto, &mut warnings);
        (name, warnings.len(), fields.finish().into_iter().map(|fault| fault.pointer).collect())
    }

    #[test]
    fn deep_research_takes_pro_or_better_and_has_a_processor_of_its_own() {
        let deep = |name: &str, upgrade: bool| {
            read(&json!({"mode": "deep_research", "processor": name, "upgrade": upgrade}), Auto::Asked)
        };
        let refused = vec!["/processor".to_owned()];
        for small in ["lite", "base", "core", "core2x", "core2x-fast"] {
            assert_eq!(deep(small, false).2, refused, "{small}");
        }
        for large in ["pro", "pro-fast", "ultra", "ultra8x", "nova"] {
            let (name, _, faults) = deep(large, false);
            assert_eq!((name.as_deref(), faults.len()), (Some(large), 0), "{large}");
        }
        assert_eq!(deep("lite-fast", true), (Some("pro-fast".to_owned()), 1, vec![]));
        assert_eq!(deep("", false), (Some("ultra".to_owned()), 1, vec![]));
        assert_eq!(deep("auto", false).0.as_deref(), Some("ultra"));
        assert_eq!(read(&json!({"mode": "shallow"}), Auto::No).2, ["/mode"]);
        assert_eq!(read(&json!({}), Auto::Asked), (None, 0, vec![]));
    }

    #[test]
    fn auto_output_is_refused_to_the_smallest_only_where_it_was_asked_for() {
        let of =
            |name: &str, upgrade: bool, auto| read(&json!({"processor": name, "upgrade": upgrade}), auto);
        assert_eq!(of("base", false, Auto::Asked).2, ["/processor"]);
        assert_eq!(of("base", false, Auto::Welcome), (Some("base".to_owned()), 0, vec![]));
        for auto in [Auto::Asked, Auto::Welcome] {
            assert_eq!(of("base-fast", true, auto), (Some("core-fast".to_owned()), 1, vec![]));
            assert_eq!(of("core", true, auto), (Some("core".to_owned()), 0, vec![]));
        }
        assert_eq!(of("lite", true, Auto::No), (Some("lite".to_owned()), 0, vec![]));
    }
}
