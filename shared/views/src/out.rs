//! What a view has written and nobody has taken yet.

use bytes::Bytes;
use serde::Serialize;

/// A buffer of UTF-8 text, emptied piece by piece.
#[derive(Debug, Default)]
pub struct Out(Vec<u8>);

impl Out {
    /// The number of bytes waiting.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes everything that waits.
    pub fn take(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.0))
    }

    /// Appends what the other holds, which is empty then.
    pub fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    /// Appends text.
    pub fn text(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Appends a value as JSON; raw values go through byte for byte.
    ///
    /// # Panics
    /// When the value has no JSON form; every type of this crate has one.
    pub fn json<T: Serialize + ?Sized>(&mut self, value: &T) {
        serde_json::to_writer(&mut self.0, value)
            .expect("views serialise string keys and infallible types into memory");
    }
}

/// The text that a closure writes.
pub(crate) fn written(write: impl FnOnce(&mut Out)) -> String {
    let mut out = Out::default();
    write(&mut out);
    String::from_utf8(out.0).expect("an Out is fed with text only")
}
