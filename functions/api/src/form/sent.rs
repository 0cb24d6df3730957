//! A request's body, split into its fields before any of them is judged.
//!
//! Each field keeps its JSON as it was sent, so that rows are stored byte for byte. Invariant: what is no JSON is 400; what is JSON and no
//! object of fields is a fault like any other.

use axum::http::HeaderMap;
use domain::rows::Form;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use web::{Problem, body};

use super::Fields;

/// What a request brought, before anything is judged.
pub(crate) struct Sent<'a> {
    /// Its fields.
    pub(crate) fields: Fields,
    /// The list that is the body itself, with its form.
    pub(crate) list: Option<(Form, &'a [u8])>,
}

impl<'a> Sent<'a> {
    /// Reads a body: a JSON object of fields, or a list with its fields in the query.
    pub(crate) fn read(headers: &HeaderMap, body: &'a [u8], query: Option<&str>) -> Result<Self, Problem> {
        let form = match body::kind(headers)? {
            body::Kind::Json => return Ok(Self { fields: json(body)?.beside(query), list: None }),
            body::Kind::Csv => Form::Csv,
            body::Kind::Ndjson => Form::Ndjson,
        };
        Ok(Self { fields: Fields::of_query(query.unwrap_or_default()), list: Some((form, body)) })
    }
}

/// The fields of a JSON object; 400 where the body is no JSON.
pub(crate) fn json(bytes: &[u8]) -> Result<Fields, Problem> {
    let text = body::text(bytes)?;
    if !text.trim_start().starts_with('{') {
        body::json(bytes)?;
        return Ok(Fields::none("must be a JSON object of fields"));
    }
    let Ok(Entries(entries)) = serde_json::from_str(text) else {
        let problem = body::json(bytes).err();
        return Err(problem.unwrap_or_else(|| Problem::bad_request("The body is not JSON.")));
    };
    Ok(Fields::of_body(entries))
}

/// The entries of an object in their order, a name as often as it stands there.
struct Entries(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl<'de> Visitor<'de> for Whole {
            type Value = Entries;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_a_bad_request_and_what_is_no_object_a_fault() {
        assert_eq!(json(b"{\"a\": }").expect_err("no JSON").status().as_u16(), 400);
        assert_eq!(json(b"").expect_err("nothing").status().as_u16(), 400);
        let list = json(b"[1]").expect("JSON");
        assert_eq!(list.finish()[0].to_string(), ": must be a JSON object of fields");
    }

    #[test]
    fn a_field_in_the_query_beside_a_json_body_does_not_pass_unseen() {
        let headers = HeaderMap::new();
        let mut sent = Sent::read(&headers, b"{}", Some("dry_run=true&utm_source=x")).expect("JSON");
        assert_eq!(sent.fields.flag("dry_run"), None);
        let faults = sent.fields.finish();
        assert_eq!(faults.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), ["/dry_run"]);
    }

    #[test]
    fn a_body_of_far_too_many_fields_is_one_fault() {
        let entries: Vec<String> = (0..400_000).map(|at| format!("\"f{at}\":1")).collect();
        let fields = json(format!("{{{}}}", entries.join(",")).as_bytes()).expect("JSON");
        assert_eq!(fields.finish().len(), 1);
    }
}
