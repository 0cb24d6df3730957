//! What the forms are filled with at first, and the same as a command: one click, or one paste, gives a result.

use serde_json::{Value, json};

use super::shell::Credential;

/// What the task is about.
pub(super) const INPUT: &str = "Stripe, the payments company";

/// The rows of the group.
pub(super) const ROWS: &str = "company,country\nStripe,US\nKlarna,SE\nAdyen,NL\n";

/// The processor of both.
pub(super) const PROCESSOR: &str = "base";

/// What is asked for: name, type, description.
pub(super) const FIELDS: [(&str, &str, &str); 3] = [
    ("founded", "integer", "The year in which the company was founded"),
    ("chief_executive", "string", "The name of its chief executive"),
    ("products", "list", "Its most important products, five at most"),
];

/// The request for the task.
pub(super) fn task() -> Value {
    json!({
        "processor": PROCESSOR,
        "input": INPUT,
        "taskSpec": { "output_schema": { "type": "json", "json_schema": schema() } },
    })
}

/// The request for the group.
pub(super) fn group() -> Value {
    let mut lines = ROWS.lines().map(|line| line.split(','));
    let names: Vec<&str> = lines.next().map(Iterator::collect).unwrap_or_default();
    let rows: Vec<Value> =
        lines.map(|cells| names.iter().zip(cells).map(|(name, cell)| (*name, cell)).collect()).collect();
    json!({ "inputs": rows, "output_type": "json", "processor": PROCESSOR, "output_schema": schema() })
}

fn schema() -> Value {
    let field = |kind: &str, description: &str| match kind {
        "list" => json!({ "type": "array", "items": { "type": "string" }, "description": description }),
        kind => json!({ "type": kind, "description": description }),
    };
    let properties: Value =
        FIELDS.iter().map(|(name, kind, description)| (*name, field(kind, description))).collect();
    let required: Vec<&str> = FIELDS.iter().map(|(name, ..)| *name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// The command that sends `body`; it works as it stands but for the key.
pub(super) fn curl(base: &str, path: &str, credential: Credential, body: &Value) -> String {
    let header = match credential.placeholder() {
        "" => String::new(),
        placeholder => format!("  -H 'x-api-key: {placeholder}' \\\n"),
    };
    format!("curl -X POST {base}{path} \\\n{header}  -H 'content-type: application/json' \\\n  -d '{body:#}'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::{Purpose, Sent};

    fn faults(command: &str) -> Vec<domain::fault::Fault> {
        let (_, body) = command.split_once("-d '").expect("a body");
        let body = body.strip_suffix('\'').expect("its end");
        assert!(!body.contains('\''), "a shell would end the body early: {body}");
        let sent = Sent::read(&http::HeaderMap::new(), body.as_bytes(), None).expect("JSON");
        crate::form::group(sent, Purpose::Create).faults
    }

    #[test]
    fn the_group_to_try_has_no_fault() {
        let command = curl("https://tasks.example", "/v1beta/tasks/groups", Credential::Key, &group());
        assert_eq!(faults(&command), []);
        assert!(command.contains("'x-api-key: YOUR_PARALLEL_API_KEY'"), "{command}");
        assert!(!curl("https://x.example", "/", Credential::None, &group()).contains("x-api-key"));
    }

    #[test]
    fn the_schema_of_the_task_to_try_has_no_fault() {
        let schema = &task()["taskSpec"]["output_schema"]["json_schema"];
        assert_eq!(domain::schema::faults(schema, ""), []);
        assert_eq!(domain::schema::warnings(schema, ""), Vec::<String>::new());
    }

    #[test]
    fn the_processor_to_try_is_known_and_good_for_the_fields() {
        let processor = domain::processor::find(PROCESSOR).expect("a known processor");
        assert!(FIELDS.len() <= processor.fields);
    }
}
