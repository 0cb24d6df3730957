//! Receipts: what a receiver shows to delete a message or to hide it for longer.
//!
//! A receipt names the queue, the place of the message in it and one receive. Invariant: each receive gives a receipt
//! that no other receive has given, so the newest is told from the stale ones.

use data_encoding::BASE64URL_NOPAD;

use super::error::Error;
use super::queue::Serial;

/// A receipt, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) queue: String,
    pub(crate) serial: Serial,
    pub(crate) nonce: String,
}

impl Receipt {
    /// The receipt as receivers see it: opaque.
    pub(crate) fn render(&self) -> String {
        BASE64URL_NOPAD.encode(format!("{}/{}/{}", self.queue, self.serial, self.nonce).as_bytes())
    }

    /// Reads a receipt that `queue` gave; any other text is refused.
    pub(crate) fn parse(text: &str, queue: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(Error::Missing("ReceiptHandle"));
        }
        let read = || {
            let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
            let plain = String::from_utf8(bytes).ok()?;
            let mut parts = plain.split('/');
            let receipt = Self {
                queue: parts.next()?.to_owned(),
                serial: parts.next()?.parse().ok()?,
                nonce: parts.next()?.to_owned(),
            };
            (receipt.queue == queue && parts.next().is_none()).then_some(receipt)
        };
        read().ok_or(Error::Receipt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_good_for_its_own_queue_only() {
        let receipt = Receipt { queue: "runs".into(), serial: 7, nonce: "n".into() };
        let text = receipt.render();
        assert_eq!(Receipt::parse(&text, "runs"), Ok(receipt));
        assert_eq!(Receipt::parse(&text, "other"), Err(Error::Receipt));
        for wrong in ["nonsense", "cnVucw", "%%%"] {
            assert_eq!(Receipt::parse(wrong, "runs"), Err(Error::Receipt));
        }
        assert_eq!(Receipt::parse("", "runs"), Err(Error::Missing("ReceiptHandle")));
    }
}
