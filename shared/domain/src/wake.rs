//! A webhook of the upstream: whether it makes the holder of the unit that it names look.
//!
//! It is a hint and nothing else: the holder asks the upstream itself, so a false one costs a question and a lost one some time.
//! Invariant: whatever a webhook tells of is looked at after it came, also where it came too close behind another to be written down.

use jiff::SignedDuration;
use serde::Deserialize;

use crate::id::UnitId;
use crate::unit::Unit;

/// How long a nudge stands for all webhooks that follow it.
pub const WINDOW: SignedDuration = SignedDuration::from_secs(2);
/// How long after it has learnt of a nudge its holder looks for what followed within the window, whose clock may be another's.
pub const AFTER: SignedDuration = SignedDuration::from_secs(3);

/// What ties a run upstream to its unit, beside what ties it to its row: a name in its metadata.
pub const UNIT_KEY: &str = "mt_unit";

/// Where webhooks of the upstream come in, below the public base.
pub const PATH: &str = "/webhooks/parallel";

/// Whether a webhook changes anything for this unit: it must be of this upstream, wait for webhooks, and not be over.
#[must_use]
pub fn concerns(unit: &Unit, upstream: &str) -> bool {
    let here = unit.spec.upstream.trim_end_matches('/') == upstream.trim_end_matches('/');
    here && unit.spec.woken && !unit.status.is_terminal()
}

/// The unit that a webhook's body names; none in whatever else was signed.
#[must_use]
pub fn unit_named(body: &[u8]) -> Option<UnitId> {
    #[derive(Deserialize)]
    struct Body {
        data: Run,
    }
    #[derive(Deserialize)]
    struct Run {
        metadata: serde_json::Map<String, serde_json::Value>,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    body.data.metadata.get(UNIT_KEY)?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_names_its_unit_in_the_runs_metadata_or_none() {
        let id = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
        let named = |body: &str| unit_named(body.as_bytes()).map(|id| id.to_string());
        let body = format!(
            r#"{{"type":"task_run.status","data":{{"run_id":"r","metadata":{{"mt_unit":"{id}"}}}}}}"#
        );
        assert_eq!(named(&body).as_deref(), Some(id));
        for other in [
            "",
            "[]",
            "null",
            r#"{"data":{"run_id":"r"}}"#,
            r#"{"data":{"metadata":null}}"#,
            r#"{"data":{"metadata":{"mt_unit":7}}}"#,
            r#"{"data":{"metadata":{"mt_unit":"elsewhere"}}}"#,
            r#"{"metadata":{"mt_unit":"aaaaaaaaaaaaaaaaaaaaaaaaaa"}}"#,
        ] {
            assert_eq!(named(other), None, "{other}");
        }
    }
}
