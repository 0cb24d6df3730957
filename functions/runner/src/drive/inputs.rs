//! The first step of a group whose list comes by URL: it is read as it streams in, and stored page by page.
//!
//! Reading it again writes the same pages, so a runner that dies in between costs nothing but time.

use domain::group::Inputs;
use domain::input::{FIRST_SOURCE, Input, PAGE_ROWS};
use domain::limits;
use domain::progress::Failure;
use futures::StreamExt;
use tracing::info;

use super::{Drive, Step, Stop};
use crate::registry::Place;

impl Drive<'_> {
    /// Reads the list and counts its rows. Its faults fail the unit, with their places.
    pub(super) async fn read_list(&mut self, place: &Place) -> Step<()> {
        let group = &self.unit.spec.group;
        let (skip, most) = (group.offset as usize, group.limit.unwrap_or(limits::ROWS) as usize);
        let rows = match &group.inputs {
            Inputs::Stored { rows } => *rows,
            Inputs::Url { url } => {
                let url = url.clone();
                self.unit.progress.waiting_for = Some("reading the list of inputs".to_owned());
                self.dirty = true;
                self.flush().await?;
                self.read_url(place, &url, skip, most).await?
            }
        };
        info!(unit.rows = rows, "The list of inputs is read.");
        self.unit.progress.rows = Some(rows);
        self.fruitful = true;
        self.unit.progress.waiting_for = None;
        let total = self.unit.rows();
        self.rows.grow(total);
        self.unit.progress.appends_seen = u32::try_from(self.unit.asks.appends.len()).unwrap_or(u32::MAX);
        self.dirty = true;
        self.flush().await
    }

    async fn read_url(&mut self, place: &Place, url: &str, skip: usize, most: usize) -> Step<u32> {
        let unreadable = |message: String| Stop::Fails(Failure::new("input_unreadable", message));
        let outbound = &self.runner.outbound;
        let fetched = self.unless_over(place, outbound.get_list(url, limits::LIST_BYTES)).await?;
        let fetched =
            fetched.map_err(|error| unreadable(format!("the list of inputs cannot be read: {error}")))?;
        let form = domain::rows::Form::of(fetched.content_type.as_deref(), url);
        let mut parser = Some(domain::rows::Parser::new(form));
        let mut body = fetched.body;
        let mut page = Pages { next: 0, rows: Vec::new() };
        let (mut seen, mut taken) = (0_usize, 0_usize);
        while let Some(mut reading) = parser.take() {
            let rows = match self.unless_over(place, body.next()).await? {
                Some(Ok(chunk)) => {
                    let rows = reading.push(&chunk);
                    parser = Some(reading);
                    rows
                }
                Some(Err(error)) => return Err(unreadable(format!("the list of inputs broke off: {error}"))),
                None => reading.finish(),
            };
            for row in rows.map_err(|fault| unreadable(format!("the list of inputs is faulty: {fault}")))? {
                seen += 1;
                if seen > skip && taken < most {
                    taken += 1;
                    page.rows.push(row);
                }
            }
            if taken > limits::ROWS as usize {
                return Err(unreadable(format!(
                    "the list has more than {} rows; limit takes a part of it",
                    limits::ROWS
                )));
            }
            self.store_full_pages(&mut page).await?;
            if taken >= most && self.unit.spec.group.limit.is_some() {
                break;
            }
        }
        if taken == 0 {
            return Err(unreadable("the list of inputs has no rows".to_owned()));
        }
        let expires = self.children_expire();
        self.runner.store.put_inputs(&self.unit.id, FIRST_SOURCE, page.next, &page.rows, expires).await?;
        Ok(u32::try_from(taken).unwrap_or(u32::MAX))
    }

    async fn store_full_pages(&self, page: &mut Pages) -> Step<()> {
        let full = page.rows.len() / PAGE_ROWS as usize * PAGE_ROWS as usize;
        if full == 0 {
            return Ok(());
        }
        let rest = page.rows.split_off(full);
        let expires = self.children_expire();
        self.runner.store.put_inputs(&self.unit.id, FIRST_SOURCE, page.next, &page.rows, expires).await?;
        page.next += u32::try_from(full).unwrap_or(0) / PAGE_ROWS;
        page.rows = rest;
        Ok(())
    }
}

/// Rows that wait for their page to be full.
struct Pages {
    next: u32,
    rows: Vec<Input>,
}
