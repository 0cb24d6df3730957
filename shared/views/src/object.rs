//! One level of a JSON value, without touching what lies deeper.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The entries of a JSON object in order, values byte for byte; none if it is no object.
pub(crate) fn entries(json: &RawValue) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    if !json.get().starts_with('{') {
        return None;
    }
    serde_json::from_str::<Entries<'_>>(json.get()).ok().map(|entries| entries.0)
}

/// The elements of a JSON array in order, byte for byte; none if it is no array.
pub(crate) fn elements(json: &RawValue) -> Option<Vec<&RawValue>> {
    if !json.get().starts_with('[') {
        return None;
    }
    serde_json::from_str::<Elements<'_>>(json.get()).ok().map(|elements| elements.0)
}

struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A key, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some((Key(key), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    entries.push((key, value));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Map)
    }
}

struct Elements<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seq;
        impl<'de> Visitor<'de> for Seq {
            type Value = Elements<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Elements<'de>, A::Error> {
                let mut elements = Vec::new();
                while let Some(value) = seq.next_element()? {
                    elements.push(value);
                }
                Ok(Elements(elements))
            }
        }
        deserializer.deserialize_seq(Seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).expect("JSON")
    }

    #[test]
    fn one_level_is_taken_apart_and_the_rest_left_as_it_is() {
        let object = raw(r#"{"a\"b": { "x":1.00 },"c":[ ]}"#);
        let entries: Vec<_> = entries(&object)
            .expect("an object")
            .into_iter()
            .map(|(key, v)| (key.into_owned(), v.get()))
            .collect();
        assert_eq!(entries, [("a\"b".to_owned(), r#"{ "x":1.00 }"#), ("c".to_owned(), "[ ]")]);
        let array = raw("[1, \"two\", null]");
        let elements: Vec<_> = elements(&array).expect("an array").into_iter().map(RawValue::get).collect();
        assert_eq!(elements, ["1", "\"two\"", "null"]);
    }

    #[test]
    fn other_values_have_no_parts() {
        for json in ["1", "\"{}\"", "null", "true"] {
            assert!(entries(&raw(json)).is_none() && elements(&raw(json)).is_none(), "{json}");
        }
    }
}
