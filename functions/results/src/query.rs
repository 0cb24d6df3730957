//! What a reader may say in a query; every fault is told at once.

use std::time::Duration;

use domain::fault::Fault;
use domain::limits;
use domain::run::RunStatus;
use serde::Deserialize;
use views::{Options, Shape};

use crate::refusal::Refusal;
use crate::runs;

/// The query of a result.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Result {
    wait: Option<String>,
    shape: Option<String>,
    fields: Option<String>,
    include: Option<String>,
}

impl Result {
    /// The options that it spells, and how long to wait.
    pub(crate) fn read(self) -> std::result::Result<(Options, Option<Duration>), Refusal> {
        let mut faults = Vec::new();
        let longest = limits::WAIT.as_secs();
        let wait = self.wait.map(|wait| match wait.parse::<u64>() {
            Ok(seconds) if seconds <= longest => Duration::from_secs(seconds),
            _ => {
                faults.push(Fault::new("/wait", format!("must be a number of seconds from 0 to {longest}")));
                Duration::ZERO
            }
        });
        let basis = self.include.is_some_and(|include| {
            let mut words = include.split(',').map(str::trim).filter(|word| !word.is_empty());
            let is_known = words.clone().all(|word| word == "basis");
            if !is_known {
                faults.push(Fault::new("/include", "must be basis"));
            }
            words.any(|word| word == "basis")
        });
        let shape = match self.shape.as_deref() {
            // a basis stands beside the fields that it is of
            None if basis => Shape::Rows,
            None | Some("contents") => Shape::Contents,
            Some("rows") => Shape::Rows,
            Some(_) => {
                faults.push(Fault::new("/shape", "must be contents or rows"));
                Shape::Contents
            }
        };
        let fields = self.fields.map(|fields| {
            fields.split(',').map(str::trim).filter(|field| !field.is_empty()).map(str::to_owned).collect()
        });
        if faults.is_empty() {
            Ok((Options { shape, fields, basis, now: None }, wait))
        } else {
            Err(Refusal::Query(faults))
        }
    }
}

/// The query of a page of runs.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Runs {
    cursor: Option<String>,
    limit: Option<String>,
    status: Option<String>,
}

impl Runs {
    /// The runs that it names.
    pub(crate) fn read(self) -> std::result::Result<runs::Wanted, Refusal> {
        let mut faults = Vec::new();
        let from = self.cursor.map_or(Some(0), |cursor| cursor.parse().ok());
        if from.is_none() {
            faults.push(Fault::new("/cursor", "must be the next_cursor of the page before"));
        }
        let limit = self.limit.map_or(Some(runs::USUAL_PAGE), |limit| limit.parse().ok());
        let limit = limit.filter(|limit| runs::Wanted::is_in_range(*limit));
        if limit.is_none() {
            faults.push(Fault::new("/limit", format!("must be a number from 1 to {}", limits::RUNS_PAGE)));
        }
        let status = self.status.map(|word| RunStatus::ALL.into_iter().find(|status| status.word() == word));
        if status == Some(None) {
            let words: Vec<&str> = RunStatus::ALL.iter().map(|status| status.word()).collect();
            faults.push(Fault::new("/status", format!("must be one of {}", words.join(", "))));
        }
        match (from, limit) {
            (Some(from), Some(limit)) if faults.is_empty() => {
                Ok(runs::Wanted { from, limit, status: status.flatten() })
            }
            _ => Err(Refusal::Query(faults)),
        }
    }
}

/// The query of a typed stream.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Events {
    /// What `Last-Event-ID` says, for a page that begins where it was rendered.
    pub(crate) last_event_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(wait: &str, shape: &str) -> std::result::Result<(Options, Option<Duration>), Refusal> {
        let (wait, shape) = (Some(wait.to_owned()), Some(shape.to_owned()));
        Result { wait, shape, ..Result::default() }.read()
    }

    #[test]
    fn the_longest_wait_is_taken_and_one_second_more_is_not() {
        let longest = limits::WAIT.as_secs();
        assert_eq!(result(&longest.to_string(), "rows").expect("valid").1, Some(limits::WAIT));
        assert!(result(&(longest + 1).to_string(), "rows").is_err());
    }

    #[test]
    fn a_basis_comes_with_flat_rows_unless_another_shape_is_asked_for() {
        let read = |include: &str, shape: Option<&str>| {
            let (include, shape) = (Some(include.to_owned()), shape.map(str::to_owned));
            Result { shape, include, ..Result::default() }
                .read()
                .map(|(options, _)| (options.basis, options.shape))
        };
        assert_eq!(read("basis", None).expect("valid"), (true, Shape::Rows));
        assert_eq!(read("basis", Some("contents")).expect("valid"), (true, Shape::Contents));
        assert_eq!(read("", None).expect("valid"), (false, Shape::Contents));
        assert!(read("basis,input", None).is_err());
    }

    #[test]
    fn every_fault_is_told() {
        let Err(Refusal::Query(faults)) = result("soon", "round") else { panic!("faults expected") };
        assert_eq!(faults.len(), 2);
        let runs =
            Runs { cursor: Some("-1".into()), limit: Some("1001".into()), status: Some("done".into()) };
        let Err(Refusal::Query(faults)) = runs.read() else { panic!("faults expected") };
        assert_eq!(faults.len(), 3);
    }

    #[test]
    fn the_longest_page_is_taken_and_one_run_more_is_not() {
        let runs = |limit: usize| Runs { limit: Some(limit.to_string()), ..Runs::default() }.read();
        assert!(runs(limits::RUNS_PAGE).is_ok() && runs(1).is_ok());
        assert!(runs(limits::RUNS_PAGE + 1).is_err() && runs(0).is_err());
    }
}
