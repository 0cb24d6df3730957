//! The basis of an output: where each field comes from, and how sure the upstream is of it.
//!
//! Everything here is optional and any word may be new: what is not understood counts as unknown, never as an error.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// How sure the upstream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Confidence {
    /// Hardly.
    Low,
    /// Fairly.
    Medium,
    /// Very.
    High,
}

impl Confidence {
    /// What a word of the upstream means; none for an empty or unknown one.
    pub(crate) fn of(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "low" => Some(Self::Low),
            "medium" => Some(Self::Medium),
            "high" => Some(Self::High),
            _ => None,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Low => "🔴",
            Self::Medium => "🟡",
            Self::High => "🟢",
        }
    }
}

/// The confidence of an output: of its fields, and overall that of its weakest field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Confidences {
    pub(crate) overall: Option<Confidence>,
    /// By the field's path in the upstream's words; known ones only.
    pub(crate) fields: BTreeMap<String, Confidence>,
}

impl Confidences {
    pub(crate) fn of(basis: &[FieldBasis]) -> Self {
        let entries = basis.iter().map(|entry| (entry.field.as_str(), entry.confidence.as_deref()));
        Self::of_entries(entries)
    }

    /// The same without a look at reasonings and citations, which are most of a basis.
    pub(crate) fn read(basis: Option<&RawValue>) -> Self {
        let Some(raw) = basis else { return Self::default() };
        match serde_json::from_str::<Vec<Sure<'_>>>(raw.get()) {
            Ok(entries) => Self::of_entries(
                entries.iter().map(|entry| (entry.field.as_ref(), entry.confidence.as_deref())),
            ),
            Err(_) => Self::of(&read(basis)),
        }
    }

    fn of_entries<'a>(entries: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        let known = |(field, word): (&str, Option<&str>)| Some((field.to_owned(), Confidence::of(word?)?));
        let fields: BTreeMap<_, _> = entries.filter_map(known).collect();
        Self { overall: fields.values().min().copied(), fields }
    }

    /// Whether the fields differ, so that it is worth saying which is how sure.
    pub(crate) fn differ(&self) -> bool {
        self.fields.values().any(|confidence| Some(*confidence) != self.overall)
    }
}

/// How sure the upstream is of one field, as it should be written.
#[derive(Debug, Deserialize)]
struct Sure<'a> {
    #[serde(borrow, default)]
    field: Cow<'a, str>,
    #[serde(borrow, default)]
    confidence: Option<Cow<'a, str>>,
}

/// One entry of a basis.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct FieldBasis {
    #[serde(deserialize_with = "lenient")]
    pub(crate) field: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) reasoning: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) confidence: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) citations: Vec<Citation>,
}

/// Where a field was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Citation {
    #[serde(deserialize_with = "lenient")]
    pub(crate) title: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) url: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) excerpts: Vec<String>,
}

/// A value of the expected kind, or the kind's default where something else stands.
fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: for<'a> Deserialize<'a> + Default,
{
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).unwrap_or_default())
}

/// The entries of a basis; those that make no sense are left out.
pub(crate) fn read(basis: Option<&RawValue>) -> Vec<FieldBasis> {
    let Some(entries) = basis.and_then(crate::object::elements) else { return Vec::new() };
    entries.into_iter().filter_map(|entry| serde_json::from_str(entry.get()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Confidences {
        let raw = RawValue::from_string(json.to_owned()).expect("JSON");
        let found = Confidences::of(&read(Some(&raw)));
        assert_eq!(Confidences::read(Some(&raw)), found, "both ways of reading agree");
        found
    }

    #[test]
    fn the_weakest_field_is_the_overall_confidence() {
        let found =
            of(r#"[{"field":"a","confidence":"high"},{"field":"b","confidence":"Medium"},{"field":"b.0"}]"#);
        assert_eq!(found.overall, Some(Confidence::Medium));
        assert_eq!(found.fields.len(), 2);
        assert!(found.differ());
    }

    #[test]
    fn what_is_empty_unknown_missing_or_misshapen_is_no_confidence_and_no_error() {
        for json in [
            "[]",
            "null",
            "7",
            r#"[1,"x",null]"#,
            r#"[{"field":"a"}]"#,
            r#"[{"field":"a","confidence":""}]"#,
            r#"[{"field":"a","confidence":null}]"#,
            r#"[{"field":"a","confidence":"superb"}]"#,
            r#"[{"field":7,"confidence":{"x":1},"citations":"none"}]"#,
        ] {
            assert_eq!(of(json), Confidences::default(), "{json}");
        }
    }

    #[test]
    fn a_misshapen_citation_does_not_hide_its_neighbours() {
        let raw = RawValue::from_string(
            r#"[{"field":"a","citations":[{"url":"https://x.example","excerpts":null,"title":null}]}]"#
                .to_owned(),
        )
        .expect("JSON");
        assert_eq!(read(Some(&raw))[0].citations[0].url.as_deref(), Some("https://x.example"));
    }
}
