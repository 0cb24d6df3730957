//! What must be settled before anything is bought: the rows, the specification, the processor, the upstream group.
//!
//! Each is settled once and stands in the unit's progress; a runner that takes the unit over finds it there.

use std::time::Duration;

use domain::group::{Output, Secrets, task_spec};
use domain::progress::Failure;
use parallel::{Key, Kind};
use serde_json::{Map, Value, json};
use tracing::warn;

use super::{Drive, Step, Stop};
use crate::registry::Place;

/// How often an upstream call that costs nothing is tried before its fallback is taken.
const TRIES: u32 = 3;
/// How often creating the group is tried within one slice before the unit waits for the next.
const GROUP_TRIES: u32 = 8;

impl Drive<'_> {
    /// Opens the unit's secrets, and refuses to drive it against another upstream than it was made for.
    pub(super) fn open_secrets(&mut self) -> Step<()> {
        let here = self.runner.upstream.base().as_str().trim_end_matches('/');
        if self.unit.spec.upstream.trim_end_matches('/') != here {
            let message = format!(
                "the group was made for the upstream {}, and this one is {here}",
                self.unit.spec.upstream
            );
            return Err(Stop::Fails(Failure::new("other_upstream", message)));
        }
        let unreadable = || {
            Stop::Fails(Failure::new(
                "key_unreadable",
                "the group's sealed key cannot be opened: it was sealed with another sealing key",
            ))
        };
        let sealed = self.unit.sealed.as_deref().ok_or_else(unreadable)?;
        let opened = self.runner.sealer.open(sealed, self.unit.id.as_str()).map_err(|_| unreadable())?;
        let secrets: Secrets = serde_json::from_str(opened.expose()).map_err(|_| unreadable())?;
        // The quota is the key's, and several owners may share the server's.
        self.quota = self.runner.sealer.owner(&vault::Secret::new(format!("quota:{}", secrets.key)));
        self.key = Some(Key::new(secrets.key.clone()));
        self.secrets = Some(secrets);
        Ok(())
    }

    pub(super) async fn prepare(&mut self, place: &Place) -> Step<()> {
        if self.unit.progress.rows.is_none() {
            self.read_list(place).await?;
        }
        self.settle_spec(place).await?;
        self.settle_processor(place).await?;
        self.settle_group(place).await
    }

    async fn settle_spec(&mut self, place: &Place) -> Step<()> {
        if self.unit.progress.task_spec.is_some() {
            return Ok(());
        }
        let group = self.unit.spec.group.clone();
        let input_schema: Option<Value> =
            group.input_schema.as_deref().and_then(|schema| serde_json::from_str(schema.get()).ok());
        let suggested = match &group.output {
            Output::Described { description } => self.suggest(place, description).await?,
            _ => None,
        };
        self.unit.progress.task_spec =
            Some(task_spec(&group.output, suggested.as_ref(), input_schema.as_ref()));
        self.fruitful = true;
        self.checkpoint().await
    }

    /// The schema that the upstream suggests for a description; none, with a warning, when it suggests none.
    async fn suggest(&mut self, place: &Place, description: &str) -> Step<Option<Value>> {
        let Some(key) = self.key.clone() else { return Ok(None) };
        for attempt in 0..TRIES {
            let upstream = &self.runner.upstream;
            match self.unless_over(place, upstream.suggest(&key, description)).await? {
                Ok(suggested) => {
                    let schema = suggested.output_schema.filter(|schema| schema.get("properties").is_some());
                    if schema.is_none() {
                        break;
                    }
                    return Ok(schema.map(|schema| strict(schema, description)));
                }
                Err(error) if error.is_passing() && attempt + 1 < TRIES => self.pause(place, attempt).await?,
                Err(error) => {
                    refused(&error)?;
                    warn!(error = %error, "No schema was suggested.");
                    break;
                }
            }
        }
        let warning = "no schema could be suggested for output_description, so the output has the upstream's own form (auto)";
        self.unit.progress.warnings.push(warning.to_owned());
        Ok(None)
    }

    async fn settle_processor(&mut self, place: &Place) -> Step<()> {
        if self.unit.progress.processor.is_some() {
            return Ok(());
        }
        let (processor, reason) = match self.unit.spec.group.processor.clone() {
            Some(asked) => (asked, "asked for".to_owned()),
            None => self.choose_processor(place).await?,
        };
        self.unit.progress.processor = Some(processor);
        self.unit.progress.processor_reason = Some(reason);
        self.dirty = true;
        self.checkpoint().await
    }

    async fn choose_processor(&mut self, place: &Place) -> Step<(String, String)> {
        let spec = self.unit.progress.task_spec.clone().unwrap_or_else(|| json!({}));
        let Some(key) = self.key.clone() else { return Ok(self.own_choice("no key")) };
        for attempt in 0..TRIES {
            let upstream = &self.runner.upstream;
            match self.unless_over(place, upstream.suggest_processor(&key, &spec)).await? {
                Ok(recommended) => {
                    return Ok(match recommended.into_iter().next() {
                        Some(best) => (best, "recommended by the upstream".to_owned()),
                        None => self.own_choice("the upstream recommended none"),
                    });
                }
                Err(error) if error.is_passing() && attempt + 1 < TRIES => self.pause(place, attempt).await?,
                Err(error) => {
                    refused(&error)?;
                    return Ok(self.own_choice(&error.message));
                }
            }
        }
        Ok(self.own_choice("the upstream recommended none"))
    }

    /// The processor that fits by our own reckoning, with the reason, which also says why the upstream was not followed.
    fn own_choice(&mut self, why: &str) -> (String, String) {
        let group = &self.unit.spec.group;
        let schema =
            self.unit.progress.task_spec.as_ref().and_then(|spec| spec["output_schema"].get("json_schema"));
        let choice = domain::choice::heuristic(&group.output, schema, None);
        let warning = format!("the processor {} was chosen here, since {why}", choice.processor);
        self.unit.progress.warnings.push(warning);
        (choice.processor, choice.reason)
    }

    /// Creates the upstream group. It is free, so one whose reply is lost is only an empty group more.
    async fn settle_group(&mut self, place: &Place) -> Step<()> {
        if self.unit.progress.upstream_group.is_some() {
            return Ok(());
        }
        let Some(key) = self.key.clone() else { return Ok(()) };
        let mut metadata = Map::new();
        metadata.insert(domain::wake::UNIT_KEY.to_owned(), json!(self.unit.id.as_str()));
        let mut attempt = 0;
        let group = loop {
            let upstream = &self.runner.upstream;
            match self.unless_over(place, upstream.create_group(&key, &metadata)).await? {
                Ok(group) => break group,
                Err(error) => {
                    refused(&error)?;
                    if matches!(error.kind, Kind::Invalid | Kind::NotFound | Kind::Forbidden) {
                        return Err(Stop::Fails(Failure::new("upstream_refused", error.message)));
                    }
                    attempt += 1;
                    if attempt >= GROUP_TRIES {
                        return Err(Stop::Left(self.hand_over_later(&error).await?));
                    }
                    self.pause(place, attempt).await?;
                }
            }
        };
        self.unit.progress.upstream_group = Some(group.taskgroup_id);
        self.fruitful = true;
        self.unit.progress.waiting_for = None;
        self.checkpoint().await
    }

    /// The upstream does not answer: the unit is handed over, with a word about what it waits for.
    async fn hand_over_later(&mut self, error: &parallel::Error) -> Step<super::Left> {
        self.unit.progress.waiting_for = Some(format!("waiting for the upstream: {}", error.message));
        self.dirty = true;
        self.hand_over(queue::Line::Runs).await
    }

    async fn pause(&mut self, place: &Place, attempt: u32) -> Step<()> {
        let wait = Duration::from_millis(250) * 2_u32.saturating_pow(attempt.min(7));
        let jitter = 1.0 + self.runner.entropy.fraction() / 4.0;
        let runner = self.runner;
        self.unless_over(place, runner.clock.sleep(wait.mul_f64(jitter))).await
    }
}

/// A suggested schema as the upstream wants schemas: every property required, no others, with the description at its root.
fn strict(mut schema: Value, description: &str) -> Value {
    let names: Vec<String> = schema["properties"]
        .as_object()
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default();
    schema["type"] = json!("object");
    schema["required"] = json!(names);
    schema["additionalProperties"] = json!(false);
    if schema.get("description").is_none() {
        schema["description"] = json!(description);
    }
    schema
}

/// A key that is refused, or without credit, ends the unit at once: no fallback would help.
fn refused(error: &parallel::Error) -> Step<()> {
    let code = match error.kind {
        Kind::KeyRefused => "key_refused",
        Kind::NoCredit => "no_credit",
        _ => return Ok(()),
    };
    Err(Stop::Fails(Failure::new(code, error.message.clone())))
}
