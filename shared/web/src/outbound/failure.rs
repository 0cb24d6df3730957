//! What can go wrong with an outbound call, sorted where it is known.
//!
//! Messages may be shown to whoever gave the URL: they tell neither addresses nor what was answered.

use std::error::Error as _;

use url::Url;

use super::Refusal;
use super::resolver::Unresolved;

/// An outbound call did not go well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The URL, or one it was redirected to, is not called.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The name of the host has no address.
    #[error("the host's name cannot be resolved")]
    Unresolved,
    /// No connection could be made: nothing was sent.
    #[error("the host cannot be reached")]
    Unreachable,
    /// It took too long.
    #[error("the answer did not come in time")]
    TimedOut,
    /// The connection broke.
    #[error("the connection broke off")]
    Broken,
    /// The answer's status is not a success.
    #[error("the answer was {0}")]
    Status(u16),
    /// Too many redirects, or one to nowhere.
    #[error("the redirects lead nowhere: five are followed at most")]
    Redirects,
    /// The answer is too large.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    /// The answer is compressed though nobody asked for that.
    #[error("the answer is compressed, which was not asked for")]
    Compressed,
    /// No HTTP client can be made on this machine.
    #[error("no HTTP client can be made")]
    NoClient,
}

impl Failure {
    /// Whether the URL itself, or one it was redirected to, is what is not called.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// Whether the same call may go well later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Unresolved | Self::Unreachable | Self::TimedOut | Self::Broken => true,
            Self::Status(status) => matches!(*status, 408 | 425 | 429 | 500..),
            Self::Refused(_) | Self::Redirects | Self::TooLarge(_) | Self::Compressed | Self::NoClient => {
                false
            }
        }
    }

    pub(super) fn of_resolution(unresolved: Unresolved, url: &Url) -> Self {
        match unresolved {
            Unresolved::NotPublic => Refusal::not_public(url).into(),
            Unresolved::Runtime => Refusal::runtime(url).into(),
            Unresolved::Unknown => Self::Unresolved,
        }
    }

    /// What an error of the client means that came from calling `url`.
    pub(super) fn of_call(error: &reqwest::Error, url: &Url) -> Self {
        let mut source = error.source();
        while let Some(inner) = source {
            if let Some(unresolved) = inner.downcast_ref::<Unresolved>() {
                return Self::of_resolution(*unresolved, url);
            }
            source = inner.source();
        }
        if error.is_connect() {
            Self::Unreachable
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Broken
        }
    }
}
