//! What can go wrong with the upstream, sorted once, where it is known.
//!
//! The upstream has two forms of error bodies and proxies have more; whatever comes, a [`Kind`] says what it means and
//! [`Error::message`] what a person may read.

use std::time::Duration;

use metrics::Metric;
use serde::Deserialize;
use serde_json::Value;

use crate::types::UpstreamError;

/// Characters of an upstream message that are kept.
const MESSAGE_CHARS: usize = 600;

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 401: the key is wrong.
    KeyRefused,
    /// 402: no credit.
    NoCredit,
    /// 403: the processor, or the key's right to it, is refused.
    Forbidden,
    /// 404.
    NotFound,
    /// 408: the run is still active.
    StillActive,
    /// 400, 413, 422 and other 4xx: the request makes no sense upstream.
    Invalid,
    /// 429: over quota; nothing was created.
    Quota,
    /// 5xx.
    Unavailable,
    /// The connection could not be made: the request was surely not executed.
    NotSent,
    /// The request may have been executed, and no whole answer came.
    Lost,
    /// A stream was silent for longer than it may be.
    Silent,
    /// The answer is not what the API documents.
    Malformed,
    /// The answer, or an event, is larger than any may be.
    TooLarge,
}

impl Kind {
    /// Where an error of this kind is counted; a run that goes on is none.
    pub(crate) const fn metric(self) -> Option<Metric> {
        Some(match self {
            Self::KeyRefused | Self::NoCredit | Self::Forbidden => Metric::UpstreamRefused,
            Self::NotFound | Self::Invalid => Metric::UpstreamInvalid,
            Self::Quota => Metric::UpstreamQuota,
            Self::Unavailable => Metric::UpstreamUnavailable,
            Self::NotSent | Self::Lost | Self::Silent => Metric::UpstreamUnreached,
            Self::Malformed | Self::TooLarge => Metric::UpstreamUnreadable,
            Self::StillActive => return None,
        })
    }
}

/// The upstream did not do what was asked, or nobody knows whether it did.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What it means.
    pub kind: Kind,
    /// For people, in the upstream's words where it gave some.
    pub message: String,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// When the upstream asks to come again.
    pub retry_after: Option<Duration>,
    /// What the upstream said beyond its message.
    pub upstream: Option<Box<UpstreamError>>,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), status: None, retry_after: None, upstream: None }
    }

    /// Whether the same request may go well later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self.kind,
            Kind::Quota | Kind::Unavailable | Kind::NotSent | Kind::Lost | Kind::Silent | Kind::StillActive
        )
    }

    /// Whether a create that failed so has surely created nothing.
    #[must_use]
    pub const fn created_nothing(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Unavailable
                | Kind::Lost
                | Kind::Silent
                | Kind::Malformed
                | Kind::TooLarge
                | Kind::StillActive
        )
    }

    /// The error for an answer with a failing status and this body.
    pub(crate) fn of_answer(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let kind = match status {
            401 => Kind::KeyRefused,
            402 => Kind::NoCredit,
            403 => Kind::Forbidden,
            404 => Kind::NotFound,
            408 => Kind::StillActive,
            429 => Kind::Quota,
            400..=499 => Kind::Invalid,
            _ => Kind::Unavailable,
        };
        let upstream = upstream_error(body);
        let said = upstream.as_ref().map(|error| error.message.clone()).filter(|said| !said.is_empty());
        let message = match said {
            Some(said) => format!("the upstream answered {status}: {}", cut(&said)),
            None => format!("the upstream answered {status}"),
        };
        Self { kind, message, status: Some(status), retry_after, upstream: upstream.map(Box::new) }
    }
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARS).collect()
}

/// Reads form 1 (`{"error": {…}}`), else form 2 (`{"detail": [{loc, msg}]}`).
fn upstream_error(body: &[u8]) -> Option<UpstreamError> {
    #[derive(Deserialize)]
    struct Form1 {
        error: UpstreamError,
    }
    #[derive(Deserialize)]
    struct Form2 {
        detail: Vec<Fault>,
    }
    #[derive(Deserialize)]
    struct Fault {
        #[serde(default)]
        loc: Vec<Value>,
        #[serde(default)]
        msg: String,
    }
    #[derive(Deserialize)]
    struct Faults {
        errors: Vec<Fault>,
    }
    fn told(faults: &[Fault]) -> String {
        let faults = faults.iter().map(|fault| {
            let place =
                fault.loc.iter().map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned));
            format!("{}: {}", place.collect::<Vec<_>>().join("."), fault.msg)
        });
        faults.collect::<Vec<_>>().join("; ")
    }
    if let Ok(form) = serde_json::from_slice::<Form1>(body) {
        let mut error = form.error;
        // A request that is refused has its faults beside the message; what was sent stands there too, and stays there.
        let faults = error.detail.as_ref().and_then(|detail| Faults::deserialize(detail).ok());
        if let Some(Faults { errors }) = faults.filter(|faults| !faults.errors.is_empty()) {
            let message = format!("{} {}", error.message, told(&errors));
            message.trim().clone_into(&mut error.message);
        }
        return Some(error);
    }
    let form: Form2 = serde_json::from_slice(body).ok()?;
    Some(UpstreamError { ref_id: None, message: told(&form.detail), detail: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_errors_are_read_and_anything_else_is_survived() {
        let form1 =
            br#"{"type":"error","error":{"ref_id":"r","message":"Insufficient credit","detail":null}}"#;
        let error = Error::of_answer(402, None, form1);
        assert_eq!(
            (error.kind, error.message.as_str()),
            (Kind::NoCredit, "the upstream answered 402: Insufficient credit")
        );
        let form2 = br#"{"detail":[{"loc":["body","inputs",3],"msg":"Field required","type":"missing"}]}"#;
        let error = Error::of_answer(422, None, form2);
        assert_eq!(error.message, "the upstream answered 422: body.inputs.3: Field required");
        assert_eq!(Error::of_answer(502, None, b"<html>").message, "the upstream answered 502");
    }

    #[test]
    fn only_a_sure_refusal_says_that_nothing_was_created() {
        for (status, nothing) in
            [(401, true), (402, true), (422, true), (429, true), (500, false), (503, false)]
        {
            assert_eq!(Error::of_answer(status, None, b"").created_nothing(), nothing, "{status}");
        }
        assert!(
            !Error::of_answer(408, None, b"").created_nothing(),
            "a proxy may say so after it passed a request on"
        );
        assert!(Error::new(Kind::NotSent, "").created_nothing());
        assert!(!Error::new(Kind::Lost, "").created_nothing());
    }
}
