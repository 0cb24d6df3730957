//! One task as it is asked for: `{processor, input, taskSpec, …}`, read into the draft of a group of one.
//!
//! Field names are those of both predecessors' clients. Declarative tasks (`type`, `steps`, `payload`) are another kind of work, which this
//! version refuses by name.

use domain::UnitId;
use domain::fault::Fault;
use domain::group::{GroupSpec, Inputs};
use domain::limits::{RETRY_FAILED, TIMEOUT};
use domain::rows::Form;
use domain::unit::Visibility;
use serde_json::Value;

use super::group::{Draft, Read};
use super::inputs::{self, List};
use super::processor::{self, Auto};
use super::{Fields, budget, metadata, options, task_spec, through};

/// Characters of a caller's own id.
const ID_CHARS: usize = 128;
/// Fields of a declarative task.
const DECLARATIVE: [&str; 4] = ["type", "task", "steps", "payload"];
/// Fields of a research task, which make no sense beside those.
const RESEARCH: [&str; 4] = ["input", "processor", "taskSpec", "task_spec"];

/// What reading a task gave.
#[derive(Debug)]
pub(crate) struct Task {
    /// The group of one.
    pub(crate) read: Read,
    /// The caller's own id for it.
    pub(crate) own_id: Option<String>,
    /// The key, where it came in the body.
    pub(crate) key: Option<String>,
}

/// Reads a task.
pub(crate) fn task(mut fields: Fields) -> Task {
    let key = fields.text("apiKey").or_else(|| fields.text("api_key"));
    let is_declarative = declarative(&mut fields);
    let mut warnings = Vec::new();
    let own_id = own_id(&mut fields);
    let list = input(&mut fields, is_declarative);
    let (output, input_schema) = task_spec::task_spec(&mut fields, &mut warnings);
    let auto = if output.is_asked_to_be_auto() { Auto::Asked } else { Auto::No };
    let processor = processor::processor(&mut fields, auto, &mut warnings);
    let (webhook, webhook_secret) = options::webhook(&mut fields);
    let metadata = metadata::metadata(&mut fields);
    let max_cost = budget::dollars(&mut fields).map(|domain::estimate::Cost(most)| most);
    let timeout_seconds = fields.whole("timeout_seconds", 1..=TIMEOUT.as_secs());
    let retry_failed = fields.count("retry_failed", 0..=RETRY_FAILED).unwrap_or(0);
    let cache_hours = options::cache(&mut fields);
    let visibility = fields.word("visibility", &[("link", Visibility::Link), ("key", Visibility::Key)]);
    let mut pass_through = through::pass_through(&mut fields);
    pass_through.entry("enable_events").or_insert(Value::Bool(true));
    let mcp_servers = through::mcp_servers(&mut fields);
    if mcp_servers.is_some() {
        let kept =
            "mcp_servers are kept, sealed, until the task is over; a later retry has to bring them again";
        warnings.push(kept.to_owned());
    }
    let spec = GroupSpec {
        inputs: Inputs::Stored { rows: 1 },
        output: output.output,
        input_schema,
        processor,
        webhook,
        metadata,
        offset: 0,
        limit: None,
        max_cost,
        timeout_seconds,
        retry_failed,
        cache_hours,
        pass_through,
        warnings,
    };
    let visibility = visibility.unwrap_or_default();
    let draft = Draft { spec, list, webhook_secret, mcp_servers, visibility, dry_run: false };
    Task { read: Read { draft, faults: fields.finish(), received: None }, own_id, key }
}

/// Tells the fields of a declarative task, and of both kinds where they stand together.
fn declarative(fields: &mut Fields) -> bool {
    let given = |names: [&str; 4], fields: &Fields| {
        fields.names().iter().filter(|name| names.contains(&name.as_str())).cloned().collect::<Vec<_>>()
    };
    let (steps, research) = (given(DECLARATIVE, fields), given(RESEARCH, fields));
    for name in DECLARATIVE {
        let _ = fields.raw(name);
    }
    for name in &steps {
        let message = if research.is_empty() {
            "belongs to a declarative task, which this version does not take: send input, processor and taskSpec"
                .to_owned()
        } else {
            format!(
                "belongs to a declarative task, and {} to a research task: one request asks for one of them, \
                 and this version takes research tasks only",
                research.join(", ")
            )
        };
        fields.fault(format!("/{name}"), message);
    }
    !steps.is_empty()
}

fn own_id(fields: &mut Fields) -> Option<String> {
    let id = fields.text("id")?;
    let id = id.trim();
    let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.' | ':');
    if id.len() > ID_CHARS || !id.chars().all(fits) || matches!(id, "." | ".." | "types") {
        let message = format!("has 1 to {ID_CHARS} characters: letters, digits, - _ . and :");
        fields.fault("/id", message);
    } else if id.parse::<UnitId>().is_ok() {
        fields.fault("/id", "looks like an id that this service gives; use another form for your own");
    }
    Some(id.to_owned())
}

fn input(fields: &mut Fields, is_declarative: bool) -> List {
    let Some(raw) = fields.raw("input") else {
        if !is_declarative {
            fields.fault("/input", "is missing: a text or an object");
        }
        return List::Nothing;
    };
    match inputs::read(Form::Json, format!("[{}]", raw.get()).as_bytes()) {
        Ok(rows) => List::Rows(rows),
        Err(faults) => {
            fields.faults(of_one(faults));
            List::Nothing
        }
    }
}

/// The same faults, at the places that a task has.
pub(crate) fn of_one(faults: Vec<Fault>) -> Vec<Fault> {
    let place = |pointer: &str| match pointer.strip_prefix("/inputs") {
        Some(rest) => format!("/input{}", rest.strip_prefix("/0").unwrap_or(rest)),
        None => pointer.to_owned(),
    };
    faults.into_iter().map(|fault| Fault::new(place(&fault.pointer), fault.message)).collect()
}
