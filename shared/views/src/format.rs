//! The formats of a result, their suffixes and media types.

/// A format of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON document.
    Json,
    /// A Markdown table.
    Markdown,
    /// A page.
    Html,
    /// A table for spreadsheets.
    Csv,
    /// A line of JSON for each row.
    Ndjson,
    /// A live stream of unnamed events.
    Sse,
}

impl Format {
    /// All of them. The order is that of preference where a reader's `Accept` leaves the choice.
    pub const ALL: [Self; 6] = [Self::Html, Self::Markdown, Self::Sse, Self::Csv, Self::Ndjson, Self::Json];

    /// The suffix of its URL.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Sse => "sse",
        }
    }

    /// The format with this suffix.
    #[must_use]
    pub fn of_suffix(suffix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.suffix() == suffix)
    }

    /// Its `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Sse => "text/event-stream",
        }
    }

    /// Whether a media type of an `Accept` header names it.
    #[must_use]
    pub fn is_named_by(self, media_type: &str) -> bool {
        let named: &[&str] = match self {
            Self::Json => &["application/json", "text/json"],
            Self::Markdown => &["text/markdown", "text/x-markdown"],
            Self::Html => &["text/html", "application/xhtml+xml"],
            Self::Csv => &["text/csv"],
            Self::Ndjson => &["application/x-ndjson", "application/ndjson", "application/jsonl"],
            Self::Sse => &["text/event-stream"],
        };
        named.iter().any(|name| media_type.eq_ignore_ascii_case(name))
    }

    /// The format that an `Accept` header asks for: the most preferred of those it names; JSON where it names none.
    #[must_use]
    pub fn of_accept(accept: &str) -> Self {
        let mut best: Option<(f32, Self)> = None;
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media_type = parts.next().unwrap_or_default();
            let quality = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(1.0, |quality| quality.parse::<f32>().unwrap_or(0.0));
            let Some(format) = Self::ALL.into_iter().find(|format| format.is_named_by(media_type)) else {
                continue;
            };
            let rank = |format: Self| Self::ALL.iter().position(|one| *one == format);
            let better = best.is_none_or(|(known, held)| {
                quality > known || ((quality - known).abs() < f32::EPSILON && rank(format) < rank(held))
            });
            if quality > 0.0 && better {
                best = Some((quality, format));
            }
        }
        best.map_or(Self::Json, |(_, format)| format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_chooses_and_html_comes_before_markdown_before_events_before_json() {
        for (accept, expected) in [
            ("", Format::Json),
            ("*/*", Format::Json),
            ("application/json", Format::Json),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format::Html),
            ("application/json, text/html", Format::Html),
            ("text/event-stream, text/markdown", Format::Markdown),
            ("application/json, text/event-stream", Format::Sse),
            ("application/json, text/html;q=0.5", Format::Json),
            ("text/html;q=0, text/csv", Format::Csv),
            ("Text/CSV; charset=utf-8", Format::Csv),
            ("application/x-ndjson", Format::Ndjson),
            ("image/png", Format::Json),
            (";;;,q=,text/html;q=nonsense", Format::Json),
        ] {
            assert_eq!(Format::of_accept(accept), expected, "{accept}");
        }
    }

    #[test]
    fn every_suffix_names_its_format() {
        for format in Format::ALL {
            assert_eq!(Format::of_suffix(format.suffix()), Some(format));
        }
        assert_eq!(Format::of_suffix("JSON"), None);
    }
}
