//! Sealing: AES-256-GCM under one key, each text bound to a context.
//!
//! A sealed text is base64 of a version byte, a nonce of 12 bytes, and the ciphertext with its tag. Nonces are random: with 2^32 texts under a
//! key the chance of a repetition is 2^-33, far beyond what a deployment seals in its life.

use std::sync::Arc;

use ambient::Entropy;
use data_encoding::BASE64URL_NOPAD as BASE64;
use domain::OwnerId;
use domain::id::BASE32;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;

use crate::Secret;

const VERSION: u8 = 1;
/// Bytes of the hash that names an owner: as many as an id has.
const OWNER_BYTES: usize = 16;

/// Seals and opens under one key; clones share it.
#[derive(Clone)]
pub struct Sealer {
    key: Arc<LessSafeKey>,
    owners: hmac::Key,
    entropy: Entropy,
}

/// The text cannot be opened: it was sealed with another key or context, or is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed text cannot be opened with this key and context")]
pub struct CannotOpen;

impl Sealer {
    /// A sealer under this key.
    ///
    /// # Panics
    /// Never: every 32 bytes are a key.
    #[must_use]
    pub fn new(key: &[u8; 32], entropy: Entropy) -> Self {
        let unbound = UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are a key of AES-256");
        // A key of its own for owners, so that no hash of one ever meets the sealing key.
        let owners = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"owners");
        Self {
            key: Arc::new(LessSafeKey::new(unbound)),
            owners: hmac::Key::new(hmac::HMAC_SHA256, owners.as_ref()),
            entropy,
        }
    }

    /// A sealer under the key that this text spells: 32 bytes in base64 or hexadecimal, or any text of at least 32 characters, which is hashed.
    #[must_use]
    pub fn from_text(key: &Secret, entropy: Entropy) -> Option<Self> {
        let text = key.expose().trim();
        let decoded = data_encoding::BASE64
            .decode(text.as_bytes())
            .or_else(|_| data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()))
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let key = match decoded {
            Some(key) => key,
            None if text.len() >= 32 => {
                let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
                hash.as_ref().try_into().ok()?
            }
            None => return None,
        };
        Some(Self::new(&key, entropy))
    }

    /// Seals a text, bound to this context.
    ///
    /// # Panics
    /// Never: memory is the only limit of what can be sealed.
    #[must_use]
    pub fn seal(&self, text: &Secret, context: &str) -> String {
        let nonce: [u8; NONCE_LEN] = self.entropy.bytes();
        let mut sealed = text.expose().as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.as_bytes()),
                &mut sealed,
            )
            .expect("a text is shorter than AES-GCM's limit of 64 GiB");
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&nonce);
        bytes.append(&mut sealed);
        BASE64.encode(&bytes)
    }

    /// Opens a text that was sealed under this key and context.
    pub fn open(&self, sealed: &str, context: &str) -> Result<Secret, CannotOpen> {
        let bytes = BASE64.decode(sealed.as_bytes()).map_err(|_| CannotOpen)?;
        let (&version, rest) = bytes.split_first().ok_or(CannotOpen)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or(CannotOpen)?;
        if version != VERSION {
            return Err(CannotOpen);
        }
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.key.open_in_place(nonce, Aad::from(context.as_bytes()), &mut sealed);
        let text = std::str::from_utf8(opened.map_err(|_| CannotOpen)?).map_err(|_| CannotOpen)?;
        Ok(Secret::new(text))
    }

    /// Whose a unit is that was made with this credential.
    #[must_use]
    pub fn owner(&self, credential: &Secret) -> OwnerId {
        let hash = hmac::sign(&self.owners, credential.expose().as_bytes());
        OwnerId::new(BASE32.encode(&hash.as_ref()[..OWNER_BYTES]))
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(key: u8) -> Sealer {
        Sealer::new(&[key; 32], Entropy::seeded(1))
    }

    #[test]
    fn a_sealed_text_opens_under_its_key_and_context_only() {
        let sealed = sealer(1).seal(&Secret::new("key-123"), "unit-a");
        assert!(!sealed.contains("key-123"));
        assert_eq!(sealer(1).open(&sealed, "unit-a"), Ok(Secret::new("key-123")));
        assert_eq!(sealer(1).open(&sealed, "unit-b"), Err(CannotOpen));
        assert_eq!(sealer(2).open(&sealed, "unit-a"), Err(CannotOpen));
    }

    #[test]
    fn a_damaged_text_does_not_open() {
        let sealed = sealer(1).seal(&Secret::new("key-123"), "unit-a");
        for damaged in ["", "AQ", &sealed[1..], &format!("{sealed}A"), "\u{e4}"] {
            assert_eq!(sealer(1).open(damaged, "unit-a"), Err(CannotOpen), "{damaged}");
        }
    }

    #[test]
    fn sealing_twice_gives_two_texts() {
        let sealer = sealer(1);
        let seal = || sealer.seal(&Secret::new("key"), "unit");
        assert_ne!(seal(), seal());
    }

    #[test]
    fn an_owner_is_the_same_for_the_same_credential_and_does_not_tell_it() {
        let owner = |key: u8, credential: &str| sealer(key).owner(&Secret::new(credential));
        assert_eq!(owner(1, "a"), owner(1, "a"));
        assert_ne!(owner(1, "a"), owner(1, "b"));
        assert_ne!(owner(1, "a"), owner(2, "a"), "another deployment names owners otherwise");
    }

    #[test]
    fn a_key_is_32_bytes_however_written_or_a_long_text() {
        let from = |text: &str| Sealer::from_text(&Secret::new(text), Entropy::seeded(1));
        assert!(from(&data_encoding::BASE64.encode(&[7; 32])).is_some());
        assert!(from(&"0f".repeat(32)).is_some());
        assert!(from("a passphrase that is long enough to be one").is_some());
        assert!(from("short").is_none());
    }
}
