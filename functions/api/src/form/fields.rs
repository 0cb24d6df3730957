//! The fields of a request, taken out one by one; whatever is left at the end was never asked for, which is a fault of its own.
//!
//! A field that is null, or blank text, is not given. Invariant: no message repeats a value.

use std::ops::RangeInclusive;

use domain::fault::{Fault, join};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::nearest::nearest;

/// Fields of a request: more than there are, and few enough to look at each.
const MOST: usize = 200;

/// Fields that wait to be taken, and what was wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    given: Vec<(String, Given)>,
    names: Vec<String>,
    asked: Vec<&'static str>,
    astray: Vec<String>,
    faults: Vec<Fault>,
}

#[derive(Debug)]
enum Given {
    Json(Box<RawValue>),
    Query(String),
}

impl Fields {
    /// These fields of a body; an object of more names than a request can have is not looked at.
    pub(super) fn of_body(entries: Vec<(String, Box<RawValue>)>) -> Self {
        let mut fields = Self::default();
        if entries.len() > MOST {
            fields.fault("", format!("has {} fields, far more than there are", entries.len()));
            return fields;
        }
        for (name, value) in entries {
            fields.put(name, Given::Json(value));
        }
        fields
    }

    /// What is sent where fields should be.
    pub(super) fn none(message: &str) -> Self {
        Self { faults: vec![Fault::new("", message)], ..Self::default() }
    }

    /// The fields of a query.
    pub(crate) fn of_query(query: &str) -> Self {
        let mut fields = Self::default();
        let given = url::form_urlencoded::parse(query.as_bytes());
        if given.count() > MOST {
            fields.fault("", "the query has far more fields than there are");
            return fields;
        }
        for (name, value) in given {
            fields.put(name.into_owned(), Given::Query(value.into_owned()));
        }
        fields
    }

    /// Looks at a query beside a body that has the fields: those that are fields must not pass unseen.
    pub(crate) fn beside(mut self, query: Option<&str>) -> Self {
        self.astray = Self::of_query(query.unwrap_or_default()).names;
        self
    }

    fn put(&mut self, name: String, value: Given) {
        if self.names.contains(&name) {
            return self.fault(place(&name), "is given twice");
        }
        self.names.push(name.clone());
        let blank = match &value {
            Given::Json(raw) => matches!(raw.get(), "null" | "\"\""),
            Given::Query(text) => text.trim().is_empty(),
        };
        self.given.push((name, if blank { Given::Query(String::new()) } else { value }));
    }

    /// Notes a fault.
    pub(crate) fn fault(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.faults.push(Fault::new(pointer, message));
    }

    /// Notes faults.
    pub(crate) fn faults(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.extend(faults);
    }

    /// The names of the fields that came.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the fields stand in the query.
    pub(crate) fn is_query(&self, name: &str) -> bool {
        self.given
            .iter()
            .any(|(given, value)| given == name && matches!(value, Given::Query(text) if !text.is_empty()))
    }

    fn take(&mut self, name: &'static str) -> Option<Given> {
        self.asked.push(name);
        let at = self.given.iter().position(|(given, _)| given == name)?;
        let (_, value) = self.given.remove(at);
        match value {
            Given::Query(text) if text.is_empty() => None,
            value => Some(value),
        }
    }

    /// The field's JSON as it was sent; text of a query as a JSON string.
    pub(crate) fn raw(&mut self, name: &'static str) -> Option<Box<RawValue>> {
        match self.take(name)? {
            Given::Json(raw) => Some(raw),
            Given::Query(text) => serde_json::value::to_raw_value(&text).ok(),
        }
    }

    /// The field's value; in a query it is written as JSON.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<Value> {
        let read = match self.take(name)? {
            Given::Json(raw) => serde_json::from_str(raw.get()),
            Given::Query(text) => serde_json::from_str(&text),
        };
        read.map_err(|error| self.fault(join("", name), format!("cannot be read as JSON: {error}"))).ok()
    }

    /// The field's text.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        let text = match self.take(name)? {
            Given::Query(text) => Some(text),
            Given::Json(raw) => serde_json::from_str(raw.get()).ok(),
        };
        if text.is_none() {
            self.fault(join("", name), "must be text");
        }
        text.filter(|text| !text.trim().is_empty())
    }

    /// The field's whole number, which lies in this range.
    pub(crate) fn whole(&mut self, name: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let number = match self.take(name)? {
            Given::Query(text) => text.trim().parse().ok(),
            Given::Json(raw) => raw.get().parse().ok(),
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = (range.start(), range.end());
            self.fault(join("", name), format!("must be a whole number from {least} to {most}"));
        }
        number
    }

    /// The field's whole number in this range, which fits 32 bits.
    pub(crate) fn count(&mut self, name: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let number = self.whole(name, u64::from(*range.start())..=u64::from(*range.end()))?;
        u32::try_from(number).ok()
    }

    /// The field's yes or no.
    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let flag = match self.take(name)? {
            Given::Query(text) => text.trim().parse().ok(),
            Given::Json(raw) => raw.get().parse().ok(),
        };
        if flag.is_none() {
            self.fault(join("", name), "must be true or false");
        }
        flag
    }

    /// Which of these words the field is.
    pub(crate) fn word<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = words.iter().find(|(word, _)| *word == text.trim()).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(join("", name), format!("must be one of {}", words.join(", ")));
        }
        found
    }

    /// The field's object. In a query its entries may also stand as `name.entry`, which are text.
    pub(crate) fn object(&mut self, name: &'static str) -> Option<Map<String, Value>> {
        let dotted = self.dotted(name);
        let value = self.value(name);
        match value {
            Some(Value::Object(mut object)) => {
                object.extend(dotted);
                Some(object)
            }
            Some(_) => {
                self.fault(join("", name), "must be an object");
                None
            }
            None => (!dotted.is_empty()).then_some(dotted),
        }
    }

    fn dotted(&mut self, name: &str) -> Map<String, Value> {
        let mut entries = Map::new();
        self.given.retain(|(given, value)| {
            let entry = given.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
            let (Some(entry), Given::Query(text)) = (entry, value) else { return true };
            entries.insert(entry.to_owned(), Value::from(text.as_str()));
            false
        });
        entries
    }

    /// Everything that is wrong, fields that nobody asked for included.
    pub(crate) fn finish(mut self) -> Vec<Fault> {
        for (name, _) in std::mem::take(&mut self.given) {
            let message = if is_key(&name) {
                "a key goes into the header x-api-key or Authorization: Bearer, never into the request itself"
                    .to_owned()
            } else {
                match nearest(&name, &self.asked) {
                    Some(known) => format!("is not a known field; is {known} meant?"),
                    None => format!("is not a known field; known are {}", self.asked.join(", ")),
                }
            };
            self.fault(place(&name), message);
        }
        for name in std::mem::take(&mut self.astray) {
            if self.asked.contains(&name.as_str()) {
                let message = "stands in the query, where nothing reads it: beside a JSON body, all fields belong into the body";
                self.fault(join("", &name), message);
            }
        }
        self.faults
    }
}

/// Where a field stands; a name that is no name is cut.
fn place(name: &str) -> String {
    join("", &name.chars().take(100).collect::<String>())
}

/// Whether a field is one in which people send keys.
fn is_key(name: &str) -> bool {
    let plain = name.replace(['_', '-'], "").to_ascii_lowercase();
    matches!(plain.as_str(), "apikey" | "xapikey" | "key" | "token" | "authorization")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(fields: Fields) -> Vec<String> {
        fields.finish().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_kind_of_field_says_what_it_must_be() {
        let body = br#"{"text": 1, "whole": 1.5, "big": 11, "flag": "yes", "word": "c", "object": []}"#;
        let mut fields = super::super::json(body).expect("JSON");
        assert_eq!(fields.text("text"), None);
        assert_eq!(fields.whole("whole", 1..=10), None);
        assert_eq!(fields.whole("big", 1..=10), None);
        assert_eq!(fields.flag("flag"), None);
        assert_eq!(fields.word("word", &[("a", 1), ("b", 2)]), None);
        assert_eq!(fields.object("object"), None);
        assert_eq!(
            faults(fields),
            [
                "/text: must be text",
                "/whole: must be a whole number from 1 to 10",
                "/big: must be a whole number from 1 to 10",
                "/flag: must be true or false",
                "/word: must be one of a, b",
                "/object: must be an object",
            ]
        );
    }

    #[test]
    fn a_query_is_read_as_a_body_would_be() {
        let query = "text=a+b&whole=7&flag=true&object=%7B%22x%22%3A1%7D&metadata.batch=b%201&blank=";
        let mut fields = Fields::of_query(query);
        assert_eq!(fields.text("text").as_deref(), Some("a b"));
        assert_eq!(fields.whole("whole", 1..=10), Some(7));
        assert_eq!(fields.flag("flag"), Some(true));
        assert_eq!(fields.object("object"), Some(Map::from_iter([("x".to_owned(), 1.into())])));
        assert_eq!(fields.object("metadata"), Some(Map::from_iter([("batch".to_owned(), "b 1".into())])));
        assert_eq!(fields.text("blank"), None);
        assert_eq!(faults(fields), Vec::<String>::new());
    }

    #[test]
    fn null_and_blank_are_not_given_and_twice_is_a_fault() {
        let mut fields =
            super::super::json(br#"{"a": null, "b": "", "c": " ", "d": 1, "d": 2}"#).expect("JSON");
        let given = ["a", "b", "c"].map(|name| match name {
            "a" => fields.text("a"),
            "b" => fields.text("b"),
            _ => fields.text("c"),
        });
        assert_eq!(given, [None, None, None]);
        assert_eq!(fields.whole("d", 0..=9), Some(1));
        assert_eq!(faults(fields), ["/d: is given twice"]);
    }

    #[test]
    fn what_nobody_asked_for_is_told_with_what_is_probably_meant() {
        let body = br#"{"outputType": 1, "wholly/other": 1, "apiKey": "secret-value"}"#;
        let mut fields = super::super::json(body).expect("JSON");
        assert_eq!(fields.text("output_type"), None);
        let told = faults(fields);
        assert_eq!(told[0], "/outputType: is not a known field; is output_type meant?");
        assert_eq!(told[1], "/wholly~1other: is not a known field; known are output_type");
        assert!(told[2].starts_with("/apiKey: a key goes into the header"), "{}", told[2]);
        assert!(!told.concat().contains("secret-value"));
    }
}
