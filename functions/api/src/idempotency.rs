//! `Idempotency-Key`, and a caller's own id for a task: the same request under the same key has its effect once, and gets the same answer
//! each time.
//!
//! What the key remembers is written in the transaction of the effect, so of two requests at the same time one has it and the other finds it.
//! An own id is free again once its unit is gone; a header's key is not.

use axum::response::Response;
use domain::fault::Fault;
use domain::{OwnerId, limits};
use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value;
use store::{Idempotent, Remembered};

use crate::accepted::{Given, answer};
use crate::refusal::Refusal;
use crate::{Api, after};

/// A key with the hash of the request that it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    owner: OwnerId,
    text: String,
    request: String,
    kind: Kind,
    /// What was answered when it was used for a unit that is gone.
    outlived: Option<String>,
}

/// Where a key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The header.
    Header,
    /// The caller's own id for what it makes, which is known as long as that is.
    OwnId,
}

impl Key {
    /// The key of a request, if it brings one. `parts` are what makes it this request and no other.
    pub(crate) fn of(headers: &HeaderMap, owner: &OwnerId, parts: &[&[u8]]) -> Result<Option<Self>, Refusal> {
        let Some(given) = headers.get("idempotency-key") else { return Ok(None) };
        let key = given.to_str().unwrap_or_default().trim();
        if key.is_empty() || key.len() > limits::IDEMPOTENCY_KEY_CHARS {
            let message =
                format!("an Idempotency-Key is 1 to {} visible characters", limits::IDEMPOTENCY_KEY_CHARS);
            return Err(Refusal::Faulty { faults: vec![Fault::new("", message)], received: None });
        }
        let (owner, text) = (owner.clone(), key.to_owned());
        Ok(Some(Self { owner, text, request: request(parts), kind: Kind::Header, outlived: None }))
    }

    /// The key that a caller's own id is.
    pub(crate) fn of_own_id(id: &str, owner: &OwnerId, parts: &[&[u8]]) -> Self {
        let text = store::own_id(id);
        Self { owner: owner.clone(), text, request: request(parts), kind: Kind::OwnId, outlived: None }
    }

    /// The answer that was given to this request before, if it was. An own id whose unit is gone was given none.
    pub(crate) async fn before(
        &mut self,
        api: &Api,
        headers: &HeaderMap,
    ) -> Result<Option<Response>, Refusal> {
        let now = api.now();
        let Some(remembered) = api.store().remembered(&self.owner, &self.text, now).await? else {
            return Ok(None);
        };
        if self.kind == Kind::OwnId {
            let unit = api.store().unit(&remembered.unit()?).await?;
            if unit.is_none_or(|unit| unit.is_expired(now)) {
                self.outlived = Some(remembered.answer);
                return Ok(None);
            }
        }
        self.again(&remembered, headers).map(Some)
    }

    /// What was answered before, if it was to this very request.
    pub(crate) fn again(&self, remembered: &Remembered, headers: &HeaderMap) -> Result<Response, Refusal> {
        if remembered.request != self.request {
            return Err(match self.kind {
                Kind::Header => Refusal::KeyReused,
                Kind::OwnId => Refusal::IdReused,
            });
        }
        let body: Value = serde_json::from_str(&remembered.answer).map_err(|error| {
            store::Error::Corrupt { item: "an answer".to_owned(), reason: error.to_string() }
        })?;
        Ok(answer(&body, Given::Before, headers))
    }

    /// The key as it is to be remembered, with this answer.
    pub(crate) fn remembering(&self, answer: &Value, now: Timestamp) -> Idempotent {
        Idempotent {
            owner: self.owner.clone(),
            key: self.text.clone(),
            request: self.request.clone(),
            answer: answer.to_string(),
            at: now,
            until: match self.kind {
                Kind::Header => after(now, limits::IDEMPOTENCY_RETENTION),
                Kind::OwnId => after(now, limits::CHILD_RETENTION),
            },
            instead_of: self.outlived.clone(),
        }
    }
}

/// A hash of a request's parts; their lengths keep one part from passing for another.
fn request(parts: &[&[u8]]) -> String {
    let mut whole = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        whole.extend_from_slice(&(part.len() as u64).to_be_bytes());
        whole.extend_from_slice(part);
    }
    vault::digest(&whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(header: &str, parts: &[&[u8]]) -> Result<Option<Key>, Refusal> {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static("idempotency-key"),
            http::HeaderValue::from_str(header).unwrap(),
        )]);
        Key::of(&headers, &OwnerId::new("owner"), parts)
    }

    #[test]
    fn a_key_may_have_its_length_and_no_more() {
        let most = limits::IDEMPOTENCY_KEY_CHARS;
        assert!(key(&"k".repeat(most), &[]).is_ok_and(|key| key.is_some()));
        for bad in [" ".to_owned(), "k".repeat(most + 1)] {
            assert!(matches!(key(&bad, &[]), Err(Refusal::Faulty { .. })), "{bad}");
        }
    }

    #[test]
    fn parts_that_read_alike_when_joined_are_two_requests() {
        let hash = |parts: &[&[u8]]| key("k", parts).unwrap().unwrap().request;
        assert_eq!(hash(&[b"a", b"b"]), hash(&[b"a", b"b"]));
        assert_ne!(hash(&[b"ab", b""]), hash(&[b"a", b"b"]));
    }
}
