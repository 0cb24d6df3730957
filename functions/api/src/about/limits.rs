//! `GET /limits.json`: every limit of the contract, with its unit.

use axum::response::Response;
use domain::limits as l;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::accepted::json;

/// The limits.
pub(crate) async fn limits() -> Response {
    json(StatusCode::OK, &Value::Object(all()))
}

fn all() -> Map<String, Value> {
    let count = |count: usize| json!(count);
    let seconds = |span: std::time::Duration| json!(span.as_secs());
    let limits = [
        ("body_bytes", count(l::BODY_BYTES), "bytes of a request's body"),
        (
            "upstream_webhook_bytes",
            count(l::UPSTREAM_WEBHOOK_BYTES),
            "bytes of a webhook that the upstream sends here",
        ),
        ("small_list_bytes", json!(l::SMALL_LIST_BYTES), "bytes of a list that is fetched before the answer"),
        ("small_list_time", seconds(l::SMALL_LIST_TIME), "seconds for fetching a list before the answer"),
        ("list_bytes", json!(l::LIST_BYTES), "bytes of a list that is fetched as the group's first step"),
        ("rows", json!(l::ROWS), "rows of a group, appended ones included"),
        ("row_bytes", count(l::ROW_BYTES), "bytes of a row as JSON"),
        ("columns", count(l::COLUMNS), "columns of a CSV list"),
        (
            "spec_and_input_chars",
            count(l::SPEC_AND_INPUT_CHARS),
            "characters of the task specification and one row together",
        ),
        ("spec_chars", count(l::SPEC_CHARS), "characters of a task specification"),
        ("metadata_entries", count(l::METADATA_ENTRIES), "entries of metadata"),
        ("metadata_key_chars", count(l::METADATA_KEY_CHARS), "characters of a name in metadata"),
        ("metadata_value_chars", count(l::METADATA_VALUE_CHARS), "characters of a value in metadata"),
        ("mcp_servers", count(l::MCP_SERVERS), "MCP servers of a group"),
        ("mcp_servers_bytes", count(l::MCP_SERVERS_BYTES), "bytes of mcp_servers as JSON"),
        ("source_entries", count(l::SOURCE_ENTRIES), "domains of a source policy"),
        ("source_chars", count(l::SOURCE_CHARS), "characters of a domain in a source policy"),
        ("processor_chars", count(l::PROCESSOR_CHARS), "characters of a processor's name"),
        ("scope_chars", count(l::SCOPE_CHARS), "characters of memory_scope_key and previous_interaction_id"),
        (
            "cache_age",
            seconds(l::CACHE_AGE),
            "seconds: the greatest age of a result that is taken from the cache",
        ),
        (
            "secret_overlap",
            seconds(l::SECRET_OVERLAP),
            "seconds for which a replaced signing secret still signs",
        ),
        ("appends", count(l::APPENDS), "appends to a group"),
        ("rounds", json!(l::ROUNDS), "times that a group which is over is taken up again"),
        ("retry_failed", json!(l::RETRY_FAILED), "automatic purchases of a failed row beyond its first"),
        ("idempotency_key_chars", count(l::IDEMPOTENCY_KEY_CHARS), "characters of an Idempotency-Key"),
        (
            "idempotency_retention",
            seconds(l::IDEMPOTENCY_RETENTION),
            "seconds for which an Idempotency-Key is remembered",
        ),
        ("list_page", count(l::LIST_PAGE), "groups in a page of a list"),
        ("runs_page", count(l::RUNS_PAGE), "runs in a page of a group's runs"),
        ("url_chars", count(l::URL_CHARS), "characters of a URL"),
        ("wait", seconds(l::WAIT), "seconds of ?wait="),
        ("stream", seconds(l::STREAM), "seconds of a live stream before it is to be resumed"),
        ("retention", seconds(l::RETENTION), "seconds for which a group is kept after its end"),
        (
            "revivable",
            seconds(l::REVIVABLE),
            "seconds after its creation in which a group takes appends and retries",
        ),
        (
            "child_retention",
            seconds(l::CHILD_RETENTION),
            "seconds after its creation in which everything of a group is erased",
        ),
        ("tombstone", seconds(l::TOMBSTONE), "seconds for which a deleted group's id is remembered"),
        ("timeout", seconds(l::TIMEOUT), "seconds of timeout_seconds"),
        ("runs_per_minute", json!(l::RUNS_PER_MINUTE), "runs bought within a minute for each key"),
        ("living_units", json!(l::LIVING_UNITS), "groups that are not over, for each queue"),
    ];
    limits
        .into_iter()
        .map(|(name, value, unit)| (name.to_owned(), json!({ "value": value, "unit": unit })))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_limit_of_the_contract_is_stated_and_no_other() {
        let source = include_str!("../../../../shared/domain/src/limits.rs");
        let constants = source.lines().filter_map(|line| line.strip_prefix("pub const "));
        let constants: BTreeSet<String> =
            constants.filter_map(|line| Some(line.split_once(':')?.0.to_lowercase())).collect();
        let stated: BTreeSet<String> = all().keys().cloned().collect();
        assert_eq!(stated, constants);
    }

    #[test]
    fn a_limit_has_its_value_and_says_what_it_counts() {
        let all = all();
        assert_eq!(all["rows"]["value"], 250_000);
        assert_eq!(all["small_list_time"]["value"], 10);
        assert!(all.values().all(|limit| limit["value"].is_u64() && limit["unit"].is_string()));
    }
}
