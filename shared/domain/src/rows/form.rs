//! Which form a list has: by its content type, its name, or how it begins.

use super::Fault;

/// How rows are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON array.
    Json,
    /// A JSON value to a line.
    Ndjson,
    /// Comma-separated values under a header row.
    Csv,
    /// Not said: how the list begins decides.
    Unknown,
}

/// White space before a list's beginning at most.
const BEGIN_BYTES: usize = 4_096;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Form {
    /// The form that a content type tells, or else the ending of a URL's path.
    ///
    /// `application/json` yields to an ending that says NDJSON, since servers seldom know that type.
    #[must_use]
    pub fn of(content_type: Option<&str>, url: &str) -> Self {
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        let told = match essence.trim().to_ascii_lowercase().as_str() {
            "text/csv" | "application/csv" => Self::Csv,
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/json-lines"
            | "application/jsonlines" => Self::Ndjson,
            "application/json" | "text/json" => Self::Json,
            _ => Self::Unknown,
        };
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
        let named = match ending.unwrap_or_default().to_ascii_lowercase().as_str() {
            "csv" => Self::Csv,
            "ndjson" | "jsonl" => Self::Ndjson,
            "json" => Self::Json,
            _ => Self::Unknown,
        };
        match (told, named) {
            (Self::Unknown, named) => named,
            (Self::Json, Self::Ndjson) => Self::Ndjson,
            (told, _) => told,
        }
    }

    /// The form of a list that begins with these bytes, and how many of them are not part of it; none until there are enough.
    pub(super) fn settled(self, begin: &[u8], is_all: bool) -> Result<Option<(Self, usize)>, Fault> {
        if begin.starts_with(b"\xff\xfe") || begin.starts_with(b"\xfe\xff") {
            return Err(Fault::of_list("the list is UTF-16; UTF-8 is needed"));
        }
        if !is_all && begin.len() < BYTE_ORDER_MARK.len() {
            return Ok(None);
        }
        let skip = if begin.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let space = begin[skip..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if space > BEGIN_BYTES {
            return Err(Fault::of_list("the list begins with nothing"));
        }
        if skip + space == begin.len() {
            return Ok(None);
        }
        let first = begin[skip + space];
        if first == b'<' {
            return Err(Fault::of_list("this is no list: it begins like a web page"));
        }
        let form = match (self, first) {
            (Self::Unknown, b'[') => Self::Json,
            (Self::Unknown, b'{') => Self::Ndjson,
            (Self::Unknown, _) => Self::Csv,
            (form, _) => form,
        };
        Ok(Some((form, skip)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_beats_the_name_and_the_name_beats_nothing() {
        for (content_type, url, form) in [
            (Some("text/csv; charset=utf-8"), "https://a.example/x", Form::Csv),
            (Some("Application/JSON"), "https://a.example/x.csv", Form::Json),
            (Some("application/json"), "https://a.example/x.ndjson?y=.csv", Form::Ndjson),
            (Some("application/x-ndjson"), "https://a.example/x.json", Form::Ndjson),
            (Some("text/plain"), "https://a.example/x.jsonl#top", Form::Ndjson),
            (Some("application/octet-stream"), "https://a.example/LIST.CSV", Form::Csv),
            (None, "https://a.example/x.json", Form::Json),
            (None, "https://a.csv/list", Form::Unknown),
        ] {
            assert_eq!(Form::of(content_type, url), form, "{content_type:?} {url}");
        }
    }
}
