//! Attribute values: made briefly, read with a reason when they are not what they should be.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// An item as the SDK gives it.
pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

#[expect(clippy::needless_pass_by_value, reason = "numbers are copied at no cost")]
pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn bytes(value: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// A time as microseconds since 1970.
pub(crate) fn time(value: Timestamp) -> AttributeValue {
    number(value.as_microsecond())
}

/// A time as DynamoDB's TTL wants it: seconds since 1970.
pub(crate) fn expiry(value: Timestamp) -> AttributeValue {
    number(value.as_second())
}

/// Reads one item's attributes; errors name the item.
pub(crate) struct Reader<'a> {
    item: &'a Item,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(item: &'a Item) -> Self {
        Self { item }
    }

    pub(crate) fn name(&self) -> String {
        let key = |name| self.item.get(name).and_then(|value| value.as_s().ok()).map_or("?", String::as_str);
        format!("{} {}", key(crate::keys::PK), key(crate::keys::SK))
    }

    #[expect(clippy::needless_pass_by_value, reason = "an error is told and done with")]
    fn corrupt(&self, attribute: &str, reason: impl ToString) -> Error {
        Error::corrupt(self.name(), format!("{attribute}: {}", reason.to_string()))
    }

    pub(crate) fn text(&self, attribute: &str) -> Result<&'a str> {
        self.text_if_any(attribute).ok_or_else(|| self.corrupt(attribute, "no text"))
    }

    pub(crate) fn text_if_any(&self, attribute: &str) -> Option<&'a str> {
        self.item.get(attribute)?.as_s().ok().map(String::as_str)
    }

    pub(crate) fn number<N: std::str::FromStr>(&self, attribute: &str) -> Result<N> {
        self.number_if_any(attribute)?.ok_or_else(|| self.corrupt(attribute, "no number"))
    }

    pub(crate) fn number_if_any<N: std::str::FromStr>(&self, attribute: &str) -> Result<Option<N>> {
        let Some(value) = self.item.get(attribute) else { return Ok(None) };
        let digits = value.as_n().map_err(|_| self.corrupt(attribute, "no number"))?;
        digits.parse().map(Some).map_err(|_| self.corrupt(attribute, "a number out of range"))
    }

    pub(crate) fn bytes(&self, attribute: &str) -> Result<&'a [u8]> {
        let value = self.item.get(attribute).ok_or_else(|| self.corrupt(attribute, "missing"))?;
        value.as_b().map(Blob::as_ref).map_err(|_| self.corrupt(attribute, "no bytes"))
    }

    pub(crate) fn time(&self, attribute: &str) -> Result<Timestamp> {
        self.time_if_any(attribute)?.ok_or_else(|| self.corrupt(attribute, "no time"))
    }

    pub(crate) fn time_if_any(&self, attribute: &str) -> Result<Option<Timestamp>> {
        let micros = self.number_if_any::<i64>(attribute)?;
        micros.map(Timestamp::from_microsecond).transpose().map_err(|error| self.corrupt(attribute, error))
    }

    pub(crate) fn expiry(&self, attribute: &str) -> Result<Timestamp> {
        Timestamp::from_second(self.number(attribute)?).map_err(|error| self.corrupt(attribute, error))
    }

    /// A value that was written as JSON text.
    pub(crate) fn json<T: DeserializeOwned>(&self, attribute: &str) -> Result<T> {
        serde_json::from_str(self.text(attribute)?).map_err(|error| self.corrupt(attribute, error))
    }

    /// A value that was written packed, all of it in this item.
    pub(crate) fn packed<T: DeserializeOwned>(&self, attribute: &str) -> Result<T> {
        let json =
            crate::value::unpack(self.bytes(attribute)?).map_err(|error| self.corrupt(attribute, error))?;
        serde_json::from_slice(&json).map_err(|error| self.corrupt(attribute, error))
    }
}
