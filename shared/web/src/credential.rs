//! The credential that a request carries: `x-api-key`, else `Authorization: Bearer`.
//!
//! Whose it is and what it opens is decided in [`crate::identity`]. Invariant: a credential is a [`Secret`] from here on.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use vault::Secret;

use crate::Problem;

/// Characters of a credential.
const LONGEST: usize = 4_096;

/// The credential of a request; none if it carries none.
pub fn of(headers: &HeaderMap) -> Result<Option<Secret>, Problem> {
    let own = headers.get("x-api-key").map(|value| value.as_bytes().trim_ascii());
    let bearer = || headers.get(AUTHORIZATION).and_then(|value| bearer(value.as_bytes()));
    let Some(given) = own.filter(|given| !given.is_empty()).or_else(bearer) else { return Ok(None) };
    read(given).map(Some)
}

/// The credential that stands in a body.
pub fn of_body(text: &str) -> Result<Option<Secret>, Problem> {
    let text = text.trim();
    if text.is_empty() { Ok(None) } else { read(text.as_bytes()).map(Some) }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer ") && !token.is_empty()).then_some(token)
}

fn read(given: &[u8]) -> Result<Secret, Problem> {
    let text =
        std::str::from_utf8(given).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
    match text {
        Some(text) if text.len() <= LONGEST => Ok(Secret::new(text)),
        _ => Err(Problem::unauthorized("The key holds characters that no key has, or is far too long.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(headers: &[(&'static str, &str)]) -> Result<Option<String>, u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let found = of(&map).map_err(|problem| problem.status().as_u16())?;
        Ok(found.map(|secret| secret.expose().to_owned()))
    }

    #[test]
    fn the_key_header_comes_before_the_bearer() {
        let key = |key: &str| Ok(Some(key.to_owned()));
        for (headers, expected) in [
            (&[][..], Ok(None)),
            (&[("x-api-key", "k")], key("k")),
            (&[("x-api-key", " k ")], key("k")),
            (&[("authorization", "Bearer t")], key("t")),
            (&[("authorization", "bEARER   t")], key("t")),
            (&[("x-api-key", "k"), ("authorization", "Bearer t")], key("k")),
            (&[("x-api-key", ""), ("authorization", "Bearer t")], key("t")),
            (&[("authorization", "Basic dTpw")], Ok(None)),
            (&[("authorization", "Bearer ")], Ok(None)),
            (&[("authorization", "Bearer")], Ok(None)),
            (&[("x-api-key", "a b")], Err(401)),
            (&[("x-api-key", "schlüssel")], Err(401)),
        ] {
            assert_eq!(found(headers), expected, "{headers:?}");
        }
        assert_eq!(found(&[("x-api-key", &"k".repeat(LONGEST))]), key(&"k".repeat(LONGEST)));
        assert_eq!(found(&[("x-api-key", &"k".repeat(LONGEST + 1))]), Err(401));
    }

    #[test]
    fn a_body_may_carry_it_too() {
        assert_eq!(of_body(" "), Ok(None));
        assert_eq!(of_body("k"), Ok(Some(Secret::new("k"))));
        assert!(of_body("a\nb").is_err());
    }
}
