//! What is bought together: which rows come next, what of them the budget allows, and what the upstream is told of each.
//!
//! Invariant: a batch never costs more than the group's budget leaves, whatever was announced before.

use domain::input::Input;
use domain::run::{Run, RunError, RunStatus};
use domain::wake::{self, UNIT_KEY};
use serde_json::{Map, Value, json};

use super::rows::{ROW_KEY, row_mark};
use super::{Drive, Step};

impl Drive<'_> {
    /// The next rows to buy: what was put back first, then new ones, within the budget; rows past it are over.
    pub(super) async fn next_batch(&mut self) -> Step<Option<Vec<(u32, u32)>>> {
        loop {
            let batch = match self.batches.pop_front() {
                Some(mut batch) => {
                    // Since it was put aside, a run of it may have been found upstream.
                    batch.retain(|&(index, attempt)| self.rows.needs_buying(index, attempt));
                    if batch.is_empty() {
                        continue;
                    }
                    batch
                }
                None => self.rows.next_batch(self.batch_limit),
            };
            if batch.is_empty() {
                return Ok(None);
            }
            let batch = self.without_cached(batch).await?;
            let affordable = self.affordable(batch.len());
            let (batch, beyond) = batch.split_at(affordable);
            for &(index, attempt) in beyond {
                let run = self.ended(index, attempt, RunStatus::Failed);
                let error = RunError::new("not bought: the group's max_cost_usd would be exceeded");
                self.take_in_end(Run { error: Some(error), ..run });
            }
            if !batch.is_empty() {
                return Ok(Some(batch.to_vec()));
            }
        }
    }

    /// How many of `rows` more runs the budget allows.
    fn affordable(&self, rows: usize) -> usize {
        let Some(most) = self.unit.spec.group.max_cost else { return rows };
        let left = most.saturating_sub(self.unit.progress.committed_cost);
        match left.checked_div(self.price()) {
            Some(affordable) => rows.min(usize::try_from(affordable).unwrap_or(usize::MAX)),
            None => rows,
        }
    }

    /// What a run costs, in millionths of a dollar; the dearest price where it is unknown, so that a budget is kept.
    pub(super) fn price(&self) -> u64 {
        let dearest = domain::processor::PROCESSORS.iter().map(|processor| processor.micro_dollars).max();
        let name = self.unit.progress.processor.as_deref().unwrap_or_default();
        domain::processor::find(name).map_or(dearest.unwrap_or(0), |processor| processor.micro_dollars)
    }

    /// Complete run inputs for these rows.
    pub(super) async fn run_inputs(&mut self, batch: &[(u32, u32)]) -> Step<Vec<Value>> {
        let mut inputs = Vec::with_capacity(batch.len());
        let rows = self.inputs_of(batch).await?;
        for (&(index, attempt), input) in batch.iter().zip(rows) {
            let input: Value = serde_json::from_str(input.get()).unwrap_or(Value::Null);
            inputs.push(self.run_input(index, attempt, input));
        }
        Ok(inputs)
    }

    /// The inputs of these rows, a page read once.
    pub(super) async fn inputs_of(&self, batch: &[(u32, u32)]) -> Step<Vec<Input>> {
        let mut inputs = Vec::with_capacity(batch.len());
        let mut page: Option<(String, u32, Vec<Input>)> = None;
        for &(index, _) in batch {
            let Some(place) = domain::input::place(self.unit.sources(), index) else { continue };
            if page.as_ref().is_none_or(|(source, number, _)| source != place.source || *number != place.page)
            {
                let rows = self.runner.store.input_page(&self.unit.id, place.source, place.page).await?;
                page = Some((place.source.to_owned(), place.page, rows.unwrap_or_default()));
            }
            let row = page.as_ref().and_then(|(_, _, rows)| rows.get(place.slot).cloned());
            let name = format!("{} row {index}", self.unit.id);
            inputs
                .push(row.ok_or_else(|| store::Error::Corrupt { item: name, reason: "missing".to_owned() })?);
        }
        Ok(inputs)
    }

    fn run_input(&self, index: u32, attempt: u32, input: Value) -> Value {
        let group = &self.unit.spec.group;
        let mut run = Map::new();
        run.insert("processor".to_owned(), json!(self.unit.progress.processor));
        run.insert("input".to_owned(), input);
        let mut metadata = group.metadata.clone();
        metadata.insert(ROW_KEY.to_owned(), json!(row_mark(index, attempt)));
        if self.unit.spec.woken {
            // Not in the URL, which proxies log: who has a unit's id may read it.
            metadata.insert(UNIT_KEY.to_owned(), json!(self.unit.id));
            let url = format!("{}{}", self.unit.spec.public_base, wake::PATH);
            run.insert("webhook".to_owned(), json!({"url": url, "event_types": ["task_run.status"]}));
        }
        run.insert("metadata".to_owned(), Value::Object(metadata));
        run.extend(group.pass_through.clone());
        if let Some(servers) = self.secrets.as_ref().and_then(|secrets| secrets.mcp_servers.clone()) {
            run.insert("mcp_servers".to_owned(), servers);
        }
        Value::Object(run)
    }
}
