//! What of a request can only be judged by asking: whether a webhook may be called, and what stands behind a URL of inputs.
//!
//! Both go through the checked way out, whose refusals name the option that would allow an address. A list that is too large or too slow to be
//! read before the answer is left to the unit's first step.

use domain::choice::{self, Choice};
use domain::estimate::{Estimate, estimate};
use domain::fault::Fault;
use domain::input::Input;
use domain::limits::{SMALL_LIST_BYTES, SMALL_LIST_TIME};
use domain::rows::Form;
use web::outbound::{Failure, Limits};

use crate::Api;
use crate::form::{self, Draft, List, Read, Taken};
use crate::refusal::Refusal;

/// A group in which nothing is wrong.
#[derive(Debug)]
pub(crate) struct Checked {
    /// What is asked of it.
    pub(crate) draft: Draft,
    /// Its rows.
    pub(crate) rows: Rows,
}

/// The rows of a group in which nothing is wrong.
#[derive(Debug)]
pub(crate) enum Rows {
    /// The part that is taken.
    Known(Vec<Input>),
    /// They are read by a runner, from here.
    Unread(String),
    /// Only their number is known.
    Counted(u32),
}

impl Rows {
    /// How many there are, if that is known.
    pub(crate) fn count(&self) -> Option<u32> {
        match self {
            Self::Known(rows) => Some(u32::try_from(rows.len()).unwrap_or(u32::MAX)),
            Self::Unread(_) => None,
            Self::Counted(rows) => Some(*rows),
        }
    }
}

impl Checked {
    /// What it would cost, and how long it would take.
    pub(crate) fn estimate(&self) -> Estimate {
        let spec = &self.draft.spec;
        let first = match &self.rows {
            Rows::Known(rows) => rows.first().map(|row| row.get()),
            Rows::Unread(_) | Rows::Counted(_) => None,
        };
        let choice = match &spec.processor {
            Some(name) => Choice::asked_for(name),
            None => choice::heuristic(&spec.output, None, first),
        };
        estimate(self.rows.count(), 0, choice, spec.retry_failed)
    }
}

/// Judges what was read together with what only asking tells. `Err` holds everything that is wrong.
pub(crate) async fn complete(api: &Api, read: Read) -> Result<Checked, Refusal> {
    let Read { mut draft, mut faults, received } = read;
    let list = std::mem::replace(&mut draft.list, List::Nothing);
    let webhook = draft.spec.webhook.as_ref().map(|webhook| webhook.url.clone());
    let (webhook, rows) =
        tokio::join!(webhook_fault(api, webhook.as_deref()), settled(api, list, draft.taken()));
    faults.extend(webhook);
    let rows = rows.unwrap_or_else(|found| {
        faults.extend(found);
        None
    });
    let count = rows.as_ref().and_then(Rows::count).unwrap_or(0);
    let too_dear =
        form::over_budget(draft.surely_bought(count), draft.spec.processor.as_deref(), draft.spec.max_cost);
    match (rows, too_dear) {
        (Some(rows), None) if faults.is_empty() => Ok(Checked { draft, rows }),
        (_, Some(fault)) if faults.is_empty() => Err(Refusal::TooDear(fault)),
        (_, too_dear) => {
            faults.extend(too_dear);
            Err(Refusal::Faulty { faults, received })
        }
    }
}

/// Why a webhook is not called, if it is not.
async fn webhook_fault(api: &Api, url: Option<&str>) -> Option<Fault> {
    let failure = api.outbound().check(url?).await.err()?;
    Some(Fault::new("/webhook_url", failure.to_string()))
}

/// The rows of a list; none where it is faulty already.
async fn settled(api: &Api, list: List, taken: Taken) -> Result<Option<Rows>, Vec<Fault>> {
    let known = |rows| form::rows(rows, taken).map(|rows| Some(Rows::Known(rows)));
    match list {
        List::Rows(rows) => known(rows),
        List::Url(url) => match fetched(api, &url).await? {
            Fetched::Rows(rows) => known(rows),
            Fetched::Large(_) => Ok(Some(Rows::Unread(url))),
        },
        List::Count(rows) => {
            let left = rows.saturating_sub(taken.offset);
            Ok(Some(Rows::Counted(taken.limit.map_or(left, |limit| left.min(limit)))))
        }
        List::Nothing => Ok(None),
    }
}

/// What came of fetching a list before the answer.
pub(crate) enum Fetched {
    /// Its rows.
    Rows(Vec<Input>),
    /// It is too large, or comes too slowly.
    Large(Failure),
}

/// The list behind a URL, if it is small.
pub(crate) async fn fetched(api: &Api, url: &str) -> Result<Fetched, Vec<Fault>> {
    let limits = Limits { bytes: SMALL_LIST_BYTES, time: SMALL_LIST_TIME };
    let whole = async {
        let fetched = api.outbound().get(url, limits).await?;
        let form = Form::of(fetched.content_type.as_deref(), url);
        Ok((form, fetched.bytes().await?))
    };
    match whole.await {
        Ok((form, bytes)) => form::read(form, &bytes).map(Fetched::Rows),
        Err(failure @ (Failure::TooLarge(_) | Failure::TimedOut)) => Ok(Fetched::Large(failure)),
        Err(failure) => Err(vec![Fault::new("/inputs", format!("the list cannot be read: {failure}"))]),
    }
}
