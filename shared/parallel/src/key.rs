//! The caller's upstream key, which prints as stars.

use std::fmt;

use http::header::HeaderValue;

/// An upstream key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// This text as a key.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The value of the header that carries it; none if it holds characters that no header can.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&self.0).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
