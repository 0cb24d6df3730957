//! What the workers' logs say of who held which unit, and how it was lost.
//!
//! Of all that is logged only a few sentences count, each told with the unit's id. Invariant: a loss is told for every unit that a killed or
//! frozen worker had ever claimed, so none is overlooked, whatever way the worker came by the unit.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::Loss;
use crate::pool::{Blow, Strike};

const CLAIMED: &str = "The unit is claimed.";
const FENCED: &str = "The unit is somebody else's now.";
/// Other ways in which a holder leaves its unit without having written all it knows.
const BROKEN: [&str; 2] = ["The unit could not be driven on", "A driver broke off"];
/// Ways in which a holder gives its unit up, having written all it has heard.
const PARTED: [&str; 2] =
    ["The unit is handed over.", "A newer message in this process takes the unit over."];
/// An attempt whose outcome the table may not know.
const RETOLD: &str = "An attempt could not be made or recorded";

/// What the logs say.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// When each unit was lost by a holder that did not give it up.
    pub losses: HashMap<String, Vec<Loss>>,
    /// When each unit was given up in order.
    pub partings: HashMap<String, Vec<Timestamp>>,
    /// How often an attempt to tell the end of each unit was perhaps made, and not recorded: it is made again.
    pub retold: HashMap<String, usize>,
    /// How often a holder was fenced.
    pub fences: usize,
    /// How many claims there were.
    pub claims: usize,
    /// Panics, by their text.
    pub panics: Vec<String>,
}

/// Reads the logs of the workers in the folder, with what was done to them on purpose, and that of the hub.
pub fn read(folder: &Path, hub: &Path, strikes: &[Strike]) -> anyhow::Result<Said> {
    let mut said = Said { retold: retold(&fs::read_to_string(hub)?), ..Said::default() };
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(worker) = name.strip_prefix("worker-").and_then(|number| number.parse::<u32>().ok()) else {
            continue;
        };
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        let blows = strikes
            .iter()
            .filter(|strike| strike.worker == worker && matches!(strike.what, Blow::Killed | Blow::Frozen));
        let blows = blows.map(|strike| Loss { from: strike.at, until: strike.until });
        of_worker(&mut said, &text, &blows.collect::<Vec<_>>());
    }
    Ok(said)
}

fn of_worker(said: &mut Said, log: &str, blows: &[Loss]) {
    let mut held = BTreeSet::new();
    for line in log.lines() {
        let Ok(entry) = serde_json::from_str::<Value>(line) else {
            if line.contains("panicked at") {
                said.panics.push(line.to_owned());
            }
            continue;
        };
        let at = entry["timestamp"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let (Some(at), (message, Some(unit))) = (at, said_of(&entry)) else { continue };
        if message == CLAIMED {
            said.claims += 1;
            held.insert(unit.to_owned());
        }
        if message == FENCED {
            said.fences += 1;
        }
        if PARTED.contains(&message) {
            said.partings.entry(unit.to_owned()).or_default().push(at);
        }
        if message == FENCED || BROKEN.iter().any(|broken| message.starts_with(broken)) {
            said.losses.entry(unit.to_owned()).or_default().push(Loss { from: at, until: at });
        }
    }
    for unit in held {
        said.losses.entry(unit).or_default().extend(blows);
    }
}

fn retold(log: &str) -> HashMap<String, usize> {
    let mut retold: HashMap<String, usize> = HashMap::new();
    for entry in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if let (message, Some(unit)) = said_of(&entry)
            && message.starts_with(RETOLD)
        {
            *retold.entry(unit.to_owned()).or_default() += 1;
        }
    }
    retold
}

/// What a line says, and of which unit.
fn said_of(entry: &Value) -> (&str, Option<&str>) {
    let message = entry.pointer("/fields/message").and_then(Value::as_str).unwrap_or_default();
    let spans = entry["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
    (message, spans.iter().find_map(|span| span["unit.id"].as_str()))
}
