//! The columns of a table of rows: the fields of the inputs, and those of the outputs.
//!
//! Taken from the schemas where there are any, else collected in a first pass over the rows, which keeps nothing but names.
//! Invariant: at most [`MOST`] columns of each side; a table says when there are more.

use std::borrow::Cow;

use domain::group::Output;
use domain::unit::Unit;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::options::Options;
use crate::row::Row;
use crate::{Pass, object};

/// Columns of one side at most.
const MOST: usize = 200;

/// The fields of one side.
#[derive(Debug, Default)]
pub(crate) struct Side {
    pub(crate) fields: Vec<String>,
    /// Whether some values are no objects and need a column for themselves.
    pub(crate) whole: bool,
    /// Whether there were more fields than columns.
    pub(crate) more: bool,
    settled: bool,
}

/// The columns of a table.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) inputs: Side,
    pub(crate) outputs: Side,
}

impl Side {
    fn settled(fields: Vec<String>) -> Self {
        let more = fields.len() > MOST;
        Self { fields: fields.into_iter().take(MOST).collect(), more, ..Self::default() }.settle()
    }

    fn whole() -> Self {
        Self { whole: true, settled: true, ..Self::default() }
    }

    fn settle(mut self) -> Self {
        self.settled = true;
        self
    }

    fn of_schema(schema: &Value) -> Option<Self> {
        let properties = schema.get("properties")?.as_object()?;
        if properties.is_empty() { None } else { Some(Self::settled(properties.keys().cloned().collect())) }
    }

    fn add(&mut self, value: &RawValue) {
        let Some(entries) = object::entries(value) else {
            self.whole |= value.get() != "null";
            return;
        };
        for (name, _) in entries {
            if !self.fields.iter().any(|known| *known == name) {
                if self.fields.len() == MOST {
                    self.more = true;
                    return;
                }
                self.fields.push(name.into_owned());
            }
        }
    }

    /// The values of a row in the order of the columns: of its fields, then the whole where it is no object.
    pub(crate) fn cells<'a>(&self, value: Option<&'a RawValue>) -> Vec<Option<&'a RawValue>> {
        let entries = value.and_then(object::entries);
        let found = |name: &String| {
            let entries = entries.as_ref()?;
            entries.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
        };
        let mut cells: Vec<_> = self.fields.iter().map(found).collect();
        if self.whole {
            cells.push(value.filter(|_| entries.is_none()));
        }
        cells
    }
}

impl Columns {
    /// What is known of the columns before any row was seen.
    pub(crate) fn of(unit: &Unit, options: &Options) -> Self {
        let group = &unit.spec.group;
        let inputs = group.input_schema.as_deref().and_then(parsed).as_ref().and_then(Side::of_schema);
        Self { inputs: inputs.unwrap_or_default(), outputs: outputs(unit, options).unwrap_or_default() }
    }

    /// What a first pass must be fed with to know the columns; none when they are known.
    pub(crate) fn wanted(&self, inputs: bool) -> Option<Pass> {
        let pass = Pass { from: 0, inputs: inputs && !self.inputs.settled, runs: !self.outputs.settled };
        (pass.inputs || pass.runs).then_some(pass)
    }

    /// Takes in the names of one row.
    pub(crate) fn add(&mut self, row: &Row<'_>) {
        if let Some(input) = row.input.filter(|_| !self.inputs.settled) {
            self.inputs.add(input);
        }
        if !self.outputs.settled
            && let Some(content) = row.output.content
        {
            self.outputs.add(content);
        }
    }

    /// Ends the first pass.
    pub(crate) fn settle(&mut self) {
        for side in [&mut self.inputs, &mut self.outputs] {
            side.settled = true;
            side.whole |= side.fields.is_empty();
        }
    }

    /// The name under which an input's field stands beside the outputs' and these `reserved` ones.
    pub(crate) fn input_name<'a>(&self, name: &'a str, reserved: &[&str]) -> Cow<'a, str> {
        let taken = |name: &str| {
            reserved.contains(&name)
                || self.outputs.fields.iter().any(|field| field == name)
                || (self.outputs.whole && name == OUTPUT)
        };
        prefixed(name, "input_", |candidate| {
            taken(candidate)
                || (candidate != name && self.inputs.fields.iter().any(|field| field == candidate))
        })
    }

    /// The name under which an output's field stands beside these `reserved` ones.
    pub(crate) fn output_name<'a>(&self, name: &'a str, reserved: &[&str]) -> Cow<'a, str> {
        prefixed(name, "output_", |candidate| {
            reserved.contains(&candidate)
                || (candidate != name && self.outputs.fields.iter().any(|field| field == candidate))
        })
    }
}

/// The name of the column for outputs that are no objects.
pub(crate) const OUTPUT: &str = "output";
/// The name of the column for inputs that are no objects.
pub(crate) const INPUT: &str = "input";

fn prefixed<'a>(name: &'a str, prefix: &str, taken: impl Fn(&str) -> bool) -> Cow<'a, str> {
    let mut found = Cow::Borrowed(name);
    while taken(&found) {
        found = Cow::Owned(format!("{prefix}{found}"));
    }
    found
}

fn outputs(unit: &Unit, options: &Options) -> Option<Side> {
    let text = matches!(unit.spec.group.output, Output::Text { .. });
    if text {
        return Some(Side::whole());
    }
    if let Some(fields) = &options.fields {
        return Some(Side::settled(fields.clone()));
    }
    let in_use = unit.progress.task_spec.as_ref().and_then(|spec| spec.pointer("/output_schema/json_schema"));
    if let Some(schema) = in_use {
        return Side::of_schema(schema);
    }
    match &unit.spec.group.output {
        Output::Json { schema } => Side::of_schema(&parsed(schema)?),
        _ => None,
    }
}

fn parsed(schema: &RawValue) -> Option<Value> {
    serde_json::from_str(schema.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).expect("JSON")
    }

    #[test]
    fn a_schema_names_the_columns_without_a_look_at_the_rows() {
        let mut unit = testing::group(2);
        unit.progress.task_spec = Some(serde_json::json!({
            "output_schema": { "type": "json", "json_schema": { "properties": { "b": {}, "a": {} } } }
        }));
        let columns = Columns::of(&unit, &Options::default());
        assert_eq!(columns.outputs.fields, ["b", "a"]);
        assert_eq!(columns.wanted(false), None);
        assert_eq!(columns.wanted(true), Some(Pass { from: 0, inputs: true, runs: false }));
    }

    #[test]
    fn without_a_schema_the_names_of_all_rows_are_collected_in_their_order() {
        let mut side = Side::default();
        for json in [r#"{"a":1}"#, r#"{"b":1,"a":2}"#, "null", r#""text""#] {
            side.add(&raw(json));
        }
        assert_eq!((side.fields.as_slice(), side.whole), (&["a".to_owned(), "b".to_owned()][..], true));
        let text = raw(r#""text""#);
        assert_eq!(side.cells(Some(&text)).iter().filter(|cell| cell.is_some()).count(), 1);
    }

    #[test]
    fn a_thousand_names_make_two_hundred_columns_and_say_so() {
        let mut side = Side::default();
        for name in 0..1_000 {
            side.add(&raw(&format!(r#"{{"f{name}":1}}"#)));
        }
        assert_eq!((side.fields.len(), side.more), (MOST, true));
    }

    #[test]
    fn colliding_names_are_prefixed_until_they_are_free() {
        let mut columns = Columns::default();
        columns.outputs.fields = ["name", "input_name", "status"].map(str::to_owned).to_vec();
        assert_eq!(columns.input_name("name", &["status"]), "input_input_name");
        assert_eq!(columns.input_name("site", &["status"]), "site");
        assert_eq!(columns.output_name("status", &["status"]), "output_status");
        assert_eq!(columns.output_name("name", &["status"]), "name");
    }
}
