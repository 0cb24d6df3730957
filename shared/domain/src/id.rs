//! Identifiers, parsed at the door.
//!
//! A unit's id is 128 random bits in lower-case base32, so it can be in a URL, never equals a word of a
//! route, and whoever has it may read the unit.

use std::fmt;
use std::str::FromStr;

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// Lower-case RFC 4648 base32 without padding.
pub static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().expect("32 distinct symbols make an encoding")
});

/// The number of characters of a [`UnitId`].
pub const UNIT_ID_LENGTH: usize = 26;

/// The id of a unit: 26 characters of lower-case base32.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitId(String);

impl UnitId {
    /// The id that these 128 bits spell.
    #[must_use]
    pub fn from_bits(bits: [u8; 16]) -> Self {
        Self(BASE32.encode(&bits))
    }

    /// The id as it stands in a URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is not the id of a unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is {UNIT_ID_LENGTH} characters of lower-case base32")]
pub struct NotAnId;

impl FromStr for UnitId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let spells_128_bits =
            text.len() == UNIT_ID_LENGTH && BASE32.decode(text.as_bytes()).is_ok_and(|bits| bits.len() == 16);
        if spells_128_bits { Ok(Self(text.to_owned())) } else { Err(NotAnId) }
    }
}

impl TryFrom<String> for UnitId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<UnitId> for String {
    fn from(id: UnitId) -> Self {
        id.0
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose a unit is: a keyed hash of the caller's credential, from which the credential cannot be had back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnerId(String);

impl OwnerId {
    /// The owner that this hash names.
    #[must_use]
    pub fn new(hash: impl Into<String>) -> Self {
        Self(hash.into())
    }

    /// The hash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        let id = UnitId::from_bits([0xa5; 16]);
        assert_eq!(id.as_str().len(), UNIT_ID_LENGTH);
        assert_eq!(id.as_str().parse(), Ok(id));
    }

    #[test]
    fn words_capitals_and_other_lengths_are_no_ids() {
        for text in ["", "health", "A".repeat(26).as_str(), "a".repeat(25).as_str(), "1".repeat(26).as_str()]
        {
            assert_eq!(text.parse::<UnitId>(), Err(NotAnId), "{text}");
        }
    }
}
