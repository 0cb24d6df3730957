//! Signatures by the Standard Webhooks specification, and their check, also in the upstream's older form.
//!
//! Signed is `id.timestamp.body` with HMAC-SHA256; a header may carry several signatures, of which one has to fit.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;
use ring::hmac;

use crate::Secret;

const PREFIX: &str = "whsec_";
/// How far a signature's time may be from now, in seconds.
const TOLERANCE: i64 = 300;

/// A signing secret: `whsec_` and the base64 of 24 to 64 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret {
    text: String,
    key: Vec<u8>,
}

/// The text is not a signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is whsec_ followed by the base64 of 24 to 64 bytes")]
pub struct NotASecret;

impl SigningSecret {
    /// The secret that these random bytes make.
    #[must_use]
    pub fn generate(bytes: [u8; 32]) -> Self {
        Self { text: format!("{PREFIX}{}", BASE64.encode(&bytes)), key: bytes.to_vec() }
    }

    /// The secret as its receiver has to know it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The signature of a delivery: `v1,` and base64.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        signature(&self.key, id, timestamp, body)
    }
}

impl FromStr for SigningSecret {
    type Err = NotASecret;

    fn from_str(text: &str) -> Result<Self, NotASecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(NotASecret)?;
        let key = BASE64.decode(encoded.as_bytes()).map_err(|_| NotASecret)?;
        if (24..=64).contains(&key.len()) { Ok(Self { text: text.to_owned(), key }) } else { Err(NotASecret) }
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The value of `webhook-signature`: a signature by each secret, since a receiver may know only one of them.
#[must_use]
pub fn sign(secrets: &[SigningSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(id, timestamp, body)).collect();
    signatures.join(" ")
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// Signed too long ago, or in the future.
    #[error("the signature's time is more than {TOLERANCE} seconds from now")]
    Time,
    /// No signature fits.
    #[error("no signature fits")]
    Signature,
}

/// What a secret needs at least, so that nobody finds it by trying.
const SHORTEST: usize = 16;

/// A text that is too short to be a secret: whoever took it would take anybody's signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret is too short: it is whsec_ and base64, as the upstream's settings show it")]
pub struct TooShort;

/// What checks the signatures of deliveries that come in under one secret.
///
/// The secret's keys are two: the bytes that its base64 means, as the standard has it; and all of its text, as the upstream has it for
/// accounts of old.
#[derive(Clone)]
pub struct Verifier {
    keys: Vec<Vec<u8>>,
}

impl Verifier {
    /// A verifier under this secret; white space around it is not part of it.
    pub fn new(secret: &Secret) -> Result<Self, TooShort> {
        let text = secret.expose().trim();
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        if encoded.len() < SHORTEST {
            return Err(TooShort);
        }
        let standard = text.strip_prefix(PREFIX).and_then(|encoded| BASE64.decode(encoded.as_bytes()).ok());
        let standard = standard.filter(|key| key.len() >= SHORTEST);
        Ok(Self { keys: standard.into_iter().chain([text.as_bytes().to_vec()]).collect() })
    }

    /// Checks that one of these signatures, separated by spaces, fits under one of the keys, and was made lately.
    pub fn verify(
        &self,
        id: &str,
        timestamp: i64,
        signatures: &str,
        body: &[u8],
        now: i64,
    ) -> Result<(), Unverified> {
        if now.abs_diff(timestamp) > TOLERANCE.unsigned_abs() {
            return Err(Unverified::Time);
        }
        let fits = |key: &Vec<u8>| {
            let expected = signature(key, id, timestamp, body);
            signatures.split(' ').any(|given| crate::same(given.as_bytes(), expected.as_bytes()))
        };
        if self.keys.iter().any(fits) { Ok(()) } else { Err(Unverified::Signature) }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Checks the signatures of one delivery, as [`Verifier::verify`] does.
pub fn verify(
    secret: &str,
    id: &str,
    timestamp: i64,
    signatures: &str,
    body: &[u8],
    now: i64,
) -> Result<(), Unverified> {
    let verifier = Verifier::new(&Secret::new(secret)).map_err(|TooShort| Unverified::Signature)?;
    verifier.verify(id, timestamp, signatures, body, now)
}

fn signature(key: &[u8], id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    format!("v1,{}", BASE64.encode(context.sign().as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_c3ludGhldGljLXNpZ25pbmcta2V5LTI0";

    #[test]
    fn a_signature_is_the_one_that_other_implementations_make() {
        let secret: SigningSecret = SECRET.parse().expect("a secret");
        // computed with Python's hmac and base64 over "msg_1.1791209028.{}"
        let signature = secret.sign("msg_1", 1_791_209_028, b"{}");
        assert_eq!(signature, "v1,TpXcqs9vm9fRvNFtRxgAww5ELQ0IlRKZce3UuwsXY5U=");
    }

    #[test]
    fn the_upstreams_deliveries_verify_under_either_key() {
        let fixture = include_str!("../tests/fixtures/webhook_delivery.json");
        let sample: serde_json::Value = serde_json::from_str(fixture).expect("JSON");
        let secret = sample["secret"].as_str().expect("a secret");
        let deliveries = sample["deliveries"].as_array().expect("deliveries");
        assert_eq!(deliveries.len(), 2);
        for delivery in deliveries {
            let header = |name: &str| delivery["headers"][name].as_str().expect("a header");
            let body = delivery["raw_body"].as_str().expect("a body").as_bytes();
            let at: i64 = header("webhook-timestamp").parse().expect("a time");
            for signature in
                [header("webhook-signature"), delivery["legacy_signature"].as_str().expect("legacy")]
            {
                let check = |body: &[u8]| verify(secret, header("webhook-id"), at, signature, body, at);
                assert_eq!(check(body), Ok(()), "{signature}");
                assert_eq!(check(&body[1..]), Err(Unverified::Signature), "{signature}");
            }
        }
    }

    #[test]
    fn what_was_changed_is_not_accepted() {
        let secret: SigningSecret = SECRET.parse().expect("a secret");
        let good = secret.sign("msg_1", 1_000, b"{}");
        let check =
            |id, at, signatures: &str, body: &[u8], now| verify(SECRET, id, at, signatures, body, now);
        assert_eq!(check("msg_1", 1_000, &good, b"{}", 1_300), Ok(()));
        assert_eq!(check("msg_1", 1_000, &good, b"{}", 1_301), Err(Unverified::Time));
        assert_eq!(check("msg_1", 1_301, &good, b"{}", 1_000), Err(Unverified::Time));
        assert_eq!(check("msg_2", 1_000, &good, b"{}", 1_000), Err(Unverified::Signature));
        assert_eq!(check("msg_1", 1_000, &good, b"{ }", 1_000), Err(Unverified::Signature));
        assert_eq!(check("msg_1", 1_000, "v2,abc", b"{}", 1_000), Err(Unverified::Signature));
    }

    #[test]
    fn one_of_several_signatures_is_enough() {
        let secrets = [SigningSecret::generate([1; 32]), SECRET.parse().expect("a secret")];
        let signatures = sign(&secrets, "msg_1", 1_000, b"{}");
        assert_eq!(signatures.split(' ').count(), 2);
        assert_eq!(verify(SECRET, "msg_1", 1_000, &signatures, b"{}", 1_000), Ok(()));
    }

    #[test]
    fn an_empty_or_short_secret_verifies_nothing() {
        for text in ["", " ", "whsec_", "whsec_YQ==", "short", "whsec_\n"] {
            assert_eq!(Verifier::new(&Secret::new(text)).err(), Some(TooShort), "{text:?}");
        }
        let by_nothing = signature(b"", "msg_1", 1_000, b"{}");
        assert_eq!(verify("", "msg_1", 1_000, &by_nothing, b"{}", 1_000), Err(Unverified::Signature));
        let by_no_bytes = signature(b"", "msg_1", 1_000, b"{}");
        let verifier = Verifier::new(&Secret::new(format!("{SECRET}\n"))).expect("long enough");
        assert_eq!(verifier.verify("msg_1", 1_000, &by_no_bytes, b"{}", 1_000), Err(Unverified::Signature));
        let good = SECRET.parse::<SigningSecret>().expect("a secret").sign("msg_1", 1_000, b"{}");
        assert_eq!(verifier.verify("msg_1", 1_000, &format!("v2,x v1,y {good}"), b"{}", 1_000), Ok(()));
        assert_eq!(format!("{verifier:?}"), "***");
    }

    #[test]
    fn a_secret_has_its_prefix_and_its_length() {
        for text in ["", "whsec_", "c3ludGhldGljLXNpZ25pbmcta2V5LTI0", "whsec_!", "whsec_YQ=="] {
            assert_eq!(text.parse::<SigningSecret>(), Err(NotASecret), "{text}");
        }
    }
}
