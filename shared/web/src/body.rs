//! Bodies: how large, of which type, and read as JSON.
//!
//! What a body means is for its route to say. Invariant: nothing past the limit is read.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use domain::limits;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt;
use serde_json::Value;

use crate::Problem;

/// What a body's `Content-Type` says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One JSON value.
    Json,
    /// Rows of comma-separated values.
    Csv,
    /// Rows of JSON, one to a line.
    Ndjson,
}

/// The whole body, if it is no larger than the contract allows; else 413.
pub async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    read_at_most(limits::BODY_BYTES, headers, body).await.map_err(|broken| broken.unwrap_or_else(too_large))
}

/// The whole body, if it has so many bytes at most; else an error, which is none where the body is larger.
async fn read_at_most(most: usize, headers: &HeaderMap, mut body: Body) -> Result<Bytes, Option<Problem>> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(None);
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Some(Problem::bad_request("The body broke off.")))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > most {
            return Err(None);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// The whole body of what another service sends, with a limit of its own; else 413.
pub async fn read_small(most: usize, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let larger = || Problem::too_large(format!("A body has {} KB at most here.", most / 1024));
    read_at_most(most, headers, body).await.map_err(|broken| broken.unwrap_or_else(larger))
}

fn too_large() -> Problem {
    let most = limits::BODY_BYTES / (1024 * 1024);
    Problem::too_large(format!(
        "A body has {most} MB at most. Larger lists come by URL, or by appending rows."
    ))
}

/// What the body is; 415 where it is something else than JSON, CSV or NDJSON in UTF-8.
///
/// A body without a type is JSON, and so is one of the type that `curl -d` gives when nobody says another.
pub fn kind(headers: &HeaderMap) -> Result<Kind, Problem> {
    let refused = |what: &str| {
        let known = "application/json, text/csv or application/x-ndjson, in UTF-8 and not compressed";
        Problem::unsupported_media_type(format!("{what} A body is {known}."))
    };
    let header = |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or("?"));
    if header(CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(refused("The body is compressed."));
    }
    let Some(told) = header(CONTENT_TYPE) else { return Ok(Kind::Json) };
    let mut parts = told.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    if charset
        .is_some_and(|charset| !["utf-8", "utf8", "us-ascii"].iter().any(|c| charset.eq_ignore_ascii_case(c)))
    {
        return Err(refused("The body's characters are not UTF-8."));
    }
    match essence.as_str() {
        "" | "application/json" | "text/json" | "application/x-www-form-urlencoded" => Ok(Kind::Json),
        "text/csv" | "application/csv" => Ok(Kind::Csv),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Kind::Ndjson),
        other if other.ends_with("+json") => Ok(Kind::Json),
        _ => Err(refused("The body's type is not read here.")),
    }
}

/// The body as text; 400 where it is not UTF-8. A byte-order mark is dropped.
pub fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        Problem::bad_request(format!("The body is not UTF-8: see the byte at {}.", error.valid_up_to()))
    })
}

/// The body as JSON; 400 with line and column where it is not.
pub fn json(bytes: &[u8]) -> Result<Value, Problem> {
    let text = text(bytes)?;
    if text.trim().is_empty() {
        return Err(Problem::bad_request("The body is empty; JSON is needed."));
    }
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Problem::bad_request(format!("The body is not JSON: see line {line}, column {column}."))
            .with("line", line)
            .with("column", column)
    })
}

/// A body of JSON, read whole and checked: 413, 415 or 400 where it is not.
pub async fn read_json(headers: &HeaderMap, body: Body) -> Result<Value, Problem> {
    if kind(headers)? != Kind::Json {
        return Err(Problem::unsupported_media_type("Here a body is application/json."));
    }
    json(&read(headers, body).await?)
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use http::HeaderValue;

    use super::*;

    fn typed(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_type_says_what_a_body_is() {
        let csv = Ok(Kind::Csv);
        for (told, expected) in [
            ("application/json", Ok(Kind::Json)),
            ("Application/JSON; charset=UTF-8", Ok(Kind::Json)),
            ("application/vnd.api+json", Ok(Kind::Json)),
            ("application/x-www-form-urlencoded", Ok(Kind::Json)),
            ("", Ok(Kind::Json)),
            ("text/csv; header=present; charset=\"utf-8\"", csv),
            ("application/x-ndjson", Ok(Kind::Ndjson)),
            ("text/csv; charset=iso-8859-1", Err(415)),
            ("application/json; charset=utf-16", Err(415)),
            ("text/plain", Err(415)),
            ("multipart/form-data; boundary=x", Err(415)),
            ("application/xml", Err(415)),
        ] {
            assert_eq!(kind(&typed(told)).map_err(|problem| problem.status().as_u16()), expected, "{told}");
        }
        assert_eq!(kind(&HeaderMap::new()), Ok(Kind::Json));
        let zipped = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static("gzip"))]);
        assert_eq!(kind(&zipped).map_err(|problem| problem.status().as_u16()), Err(415));
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for (bytes, detail) in [
            (&b"{\"a\": 1,\n  b}"[..], "The body is not JSON: see line 2, column 3."),
            (b"{\"a\": ", "The body is not JSON: see line 1, column 6."),
            (b"[1] x", "The body is not JSON: see line 1, column 5."),
            (b" \n", "The body is empty; JSON is needed."),
            (b"{\"a\": \"\xff\"}", "The body is not UTF-8: see the byte at 7."),
            (b"[\"\xe2\x82", "The body is not UTF-8: see the byte at 2."),
        ] {
            let problem = json(bytes).expect_err("no JSON");
            assert_eq!((problem.status().as_u16(), problem.detail()), (400, detail));
        }
        let deep = "[".repeat(100_000);
        assert_eq!(json(deep.as_bytes()).expect_err("too deep").status().as_u16(), 400);
        assert_eq!(
            json(b"\xef\xbb\xbf{\"a\":1.10}").unwrap().to_string(),
            "{\"a\":1.10}".replace("1.10", "1.1")
        );
    }

    #[tokio::test]
    async fn a_body_may_have_its_limit_and_not_one_byte_more() {
        let none = HeaderMap::new();
        let chunks = |sizes: &[usize]| {
            let chunks: Vec<_> =
                sizes.iter().map(|&size| Ok::<_, std::io::Error>(vec![b' '; size])).collect();
            Body::from_stream(stream::iter(chunks))
        };
        let whole = read(&none, chunks(&[limits::BODY_BYTES - 1, 1])).await;
        assert_eq!(whole.map(|bytes| bytes.len()), Ok(limits::BODY_BYTES));
        let more = read(&none, chunks(&[limits::BODY_BYTES, 1])).await;
        assert_eq!(more.map_err(|problem| problem.status().as_u16()), Err(413));
        let announced = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(limits::BODY_BYTES + 1))]);
        let announced = read(&announced, Body::empty()).await;
        assert_eq!(announced.map_err(|problem| problem.status().as_u16()), Err(413));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_a_bad_request() {
        let chunks = [Ok(vec![b'{']), Err(std::io::Error::other("cut"))];
        let cut = read(&HeaderMap::new(), Body::from_stream(stream::iter(chunks))).await;
        assert_eq!(cut.map_err(|problem| problem.status().as_u16()), Err(400));
    }
}
