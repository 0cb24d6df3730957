//! Values in items: compressed past 1 KB, split past 350 KB.
//!
//! A packed value is one tag byte (0 plain, 1 deflated), then the bytes. Invariant: [`unpack`] of [`pack`] is the value.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// Values up to here stay plain.
const PLAIN_BYTES: usize = 1_024;
/// A packed value past this is split: an item is at most 400 KB, keys and other attributes included.
pub(crate) const INLINE_BYTES: usize = 350 * 1_024;
/// What a value may unfold to at most: a guard against a damaged or foreign item.
const UNPACKED_BYTES: u64 = 256 * 1_024 * 1_024;

const PLAIN: u8 = 0;
const DEFLATED: u8 = 1;

/// The packed form of these bytes.
pub(crate) fn pack(value: &[u8]) -> Vec<u8> {
    if value.len() > PLAIN_BYTES {
        let mut encoder = DeflateEncoder::new(vec![DEFLATED], Compression::fast());
        let written = encoder.write_all(value).and_then(|()| encoder.finish());
        return written.expect("writing to memory does not fail");
    }
    let mut packed = Vec::with_capacity(value.len() + 1);
    packed.push(PLAIN);
    packed.extend_from_slice(value);
    packed
}

/// The packed JSON of a value.
pub(crate) fn pack_json<T: serde::Serialize + ?Sized>(value: &T) -> Vec<u8> {
    pack(
        &serde_json::to_vec(value)
            .expect("what is stored has a JSON form: string keys, no failing serializer"),
    )
}

/// The bytes whose packed form this is.
pub(crate) fn unpack(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    match packed.split_first() {
        Some((&PLAIN, value)) => Ok(value.to_vec()),
        Some((&DEFLATED, deflated)) => {
            let mut value = Vec::new();
            DeflateDecoder::new(deflated).take(UNPACKED_BYTES).read_to_end(&mut value)?;
            Ok(value)
        }
        _ => Err(std::io::Error::other("neither plain nor deflated")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_survives_its_packing_whatever_its_size() {
        for size in [0, 1, PLAIN_BYTES, PLAIN_BYTES + 1, 3_000_000] {
            let value: Vec<u8> = (0..size).map(|at| u8::try_from(at * 7 % 251).expect("below 251")).collect();
            assert_eq!(unpack(&pack(&value)).expect("it was packed"), value, "{size} bytes");
        }
    }

    #[test]
    fn a_damaged_value_is_an_error_and_no_panic() {
        assert!(unpack(&[]).is_err());
        assert!(unpack(&[9, 1, 2]).is_err());
        assert!(unpack(&[DEFLATED, 0xff, 0xff, 0xff]).is_err());
    }
}
