//! Hashes and comparisons.

use data_encoding::HEXLOWER;
use ring::digest::SHA256;
use ring::hmac;

/// SHA-256 of these bytes, in hexadecimal.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(ring::digest::digest(&SHA256, bytes).as_ref())
}

/// Whether two secrets are the same; how long that takes does not tell where they differ.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    // signatures are compared, so neither length nor content of the secrets is
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"same");
    hmac::verify(&key, b, hmac::sign(&key, a).as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_sha_256() {
        assert_eq!(digest(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn only_equal_secrets_are_the_same() {
        assert!(same(b"token", b"token"));
        assert!(!same(b"token", b"tokem"));
        assert!(!same(b"token", b"token2"));
    }
}
