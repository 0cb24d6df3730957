//! What a server refused, with every fault at its place.

use serde::Deserialize;

/// A request that was not done.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.told())]
pub(crate) struct Refused {
    pub(crate) status: u16,
    problem: Problem,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    detail: String,
    errors: Vec<Fault>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fault {
    pointer: String,
    detail: String,
}

impl Refused {
    /// What an answer with this status and body tells.
    pub(crate) fn new(status: u16, body: &[u8]) -> Self {
        Self { status, problem: serde_json::from_slice(body).unwrap_or_default() }
    }

    fn told(&self) -> String {
        let Problem { detail, errors } = &self.problem;
        // The detail of a single fault is the fault.
        let errors =
            if errors.len() == 1 && detail.ends_with(&errors[0].detail) { &[] } else { errors.as_slice() };
        let detail = if detail.is_empty() { "the server does not say why" } else { detail };
        let mut told = format!("refused ({}): {detail}", self.status);
        for Fault { pointer, detail } in errors {
            let place = if pointer.is_empty() { "the request" } else { pointer };
            told.push_str("\n  ");
            told.push_str(place);
            told.push_str(": ");
            told.push_str(detail);
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_with_its_pointer() {
        let body = br#"{"detail": "The request has 2 faults.", "errors": [
            {"pointer": "/inputs/3", "detail": "must be text"}, {"pointer": "", "detail": "is too much"}]}"#;
        let told = Refused::new(422, body).to_string();
        let expected =
            "refused (422): The request has 2 faults.\n  /inputs/3: must be text\n  the request: is too much";
        assert_eq!(told, expected);
    }

    #[test]
    fn a_single_fault_is_told_once() {
        let body = br#"{"detail": "/limit: is too much", "errors": [{"pointer": "/limit", "detail": "is too much"}]}"#;
        assert_eq!(Refused::new(422, body).to_string(), "refused (422): /limit: is too much");
    }

    #[test]
    fn an_answer_that_is_no_problem_is_told_by_its_status() {
        assert_eq!(Refused::new(502, b"<html>").to_string(), "refused (502): the server does not say why");
    }
}
