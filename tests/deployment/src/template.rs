//! The translated template, evaluated for given parameters: conditions decided, parameters put in, references named.
//!
//! A reference to a resource becomes the text `${Name}`, to an attribute of one `${Name.Attribute}`, so that tests compare
//! plain text. Invariant: what AWS would leave out (`AWS::NoValue`, a false condition) is not there.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::tools;

/// A template for one choice of its parameters.
#[derive(Debug, Clone)]
pub struct Template {
    resources: BTreeMap<String, Resource>,
}

/// One resource of a template.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its type, such as `AWS::SQS::Queue`.
    pub kind: String,
    /// Its properties, evaluated.
    pub properties: Value,
    /// All that stands at it, as it was.
    pub raw: Value,
}

/// Every optional part of the deployment switched on.
pub const EVERYTHING: &[(&str, &str)] = &[
    ("PublicUrl", "https://tasks.example.com"),
    ("AllowHosts", "intranet.example.com:8443"),
    ("ServerKeyArn", "arn:aws:secretsmanager:us-east-1:123456789012:secret:server-key-AbCdEf"),
    ("AccessTokensArn", "arn:aws:secretsmanager:us-east-1:123456789012:secret:tokens-AbCdEf"),
    ("UpstreamWebhookSecretArn", "arn:aws:secretsmanager:us-east-1:123456789012:secret:upstream-AbCdEf"),
    ("WebhookSecretArn", "arn:aws:secretsmanager:us-east-1:123456789012:secret:webhooks-AbCdEf"),
    ("AlarmEmail", "operator@example.com"),
    ("AccessLogs", "on"),
];

/// The template as SAM's transform makes it, unevaluated; none outside CI when the tools are not installed.
///
/// # Panics
/// When the translator refuses the template.
#[must_use]
pub fn translated() -> Option<&'static Value> {
    static TRANSLATED: OnceLock<Option<Value>> = OnceLock::new();
    let translate = || {
        let mut python = tools::aws("python")?;
        let script = python.args(["tests/deployment/translate.py", "template.yaml"]);
        Some(serde_json::from_str(&tools::output(script)).expect("the translator prints JSON"))
    };
    TRANSLATED.get_or_init(translate).as_ref()
}

impl Template {
    /// The template with the defaults of its parameters, but for those that are given.
    ///
    /// # Panics
    /// When the template is not one, or a given parameter does not exist.
    #[must_use]
    pub fn with(given: &[(&str, &str)]) -> Option<Self> {
        let source = translated()?;
        let mut parameters = BTreeMap::new();
        for (name, parameter) in source["Parameters"].as_object().expect("the template has parameters") {
            parameters.insert(name.clone(), parameter["Default"].clone());
        }
        for (name, value) in given {
            let known = parameters.insert((*name).to_owned(), Value::from(*value));
            assert!(known.is_some(), "{name} is no parameter of the template");
        }
        let scope = Scope { parameters, conditions: &source["Conditions"] };
        let mut resources = BTreeMap::new();
        for (name, raw) in source["Resources"].as_object().expect("the template has resources") {
            if raw["Condition"].as_str().is_some_and(|condition| !scope.holds(condition)) {
                continue;
            }
            let properties = scope.evaluate(&raw["Properties"]).unwrap_or_default();
            let kind = raw["Type"].as_str().expect("a resource has a type").to_owned();
            resources.insert(name.clone(), Resource { kind, properties, raw: raw.clone() });
        }
        Some(Self { resources })
    }

    /// The resource with this name.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn resource(&self, name: &str) -> &Resource {
        self.resources.get(name).unwrap_or_else(|| panic!("the template has no {name}"))
    }

    /// The properties of the resource with this name.
    #[must_use]
    pub fn properties(&self, name: &str) -> &Value {
        &self.resource(name).properties
    }

    /// All resources of a type, by name.
    pub fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let of_kind = self.resources.iter().filter(move |(_, resource)| resource.kind == kind);
        of_kind.map(|(name, resource)| (name.as_str(), &resource.properties))
    }
}

/// The name of a resource in a reference to it, or to one of its attributes.
#[must_use]
pub fn referred(value: &Value) -> &str {
    let text = value.as_str().unwrap_or_default();
    let inner = text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).unwrap_or_default();
    inner.split('.').next().unwrap_or_default()
}

struct Scope<'a> {
    parameters: BTreeMap<String, Value>,
    conditions: &'a Value,
}

impl Scope<'_> {
    fn holds(&self, condition: &str) -> bool {
        self.decide(&self.conditions[condition])
    }

    fn decide(&self, condition: &Value) -> bool {
        let (function, operands) = function(condition).expect("a condition is a function");
        match function {
            "Fn::Not" => !self.decide(&operands[0]),
            "Fn::Equals" => {
                let text = |value| self.evaluate(value).map(|value| plain(&value)).unwrap_or_default();
                text(&operands[0]) == text(&operands[1])
            }
            other => panic!("the condition {other} is not understood here"),
        }
    }

    /// The value with its functions carried out; none for `AWS::NoValue`.
    fn evaluate(&self, value: &Value) -> Option<Value> {
        if let Some((function, operand)) = function(value) {
            return self.apply(function, operand);
        }
        Some(match value {
            Value::Array(items) => items.iter().filter_map(|item| self.evaluate(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.iter();
                Value::Object(
                    fields.filter_map(|(name, value)| Some((name.clone(), self.evaluate(value)?))).collect(),
                )
            }
            plain => plain.clone(),
        })
    }

    fn apply(&self, function: &str, operand: &Value) -> Option<Value> {
        match function {
            "Ref" => match operand.as_str().expect("a reference names something") {
                "AWS::NoValue" => None,
                name => {
                    Some(self.parameters.get(name).cloned().unwrap_or_else(|| format!("${{{name}}}").into()))
                }
            },
            "Fn::GetAtt" => {
                let names: Vec<&str> =
                    operand.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                Some(format!("${{{}}}", names.join(".")).into())
            }
            "Fn::If" => {
                let chosen =
                    if self.holds(operand[0].as_str().expect("a condition has a name")) { 1 } else { 2 };
                self.evaluate(&operand[chosen])
            }
            "Fn::Sub" => {
                let none = Map::new();
                let (text, extra) = match operand {
                    Value::Array(parts) => (&parts[0], parts[1].as_object().unwrap_or(&none)),
                    text => (text, &none),
                };
                let mut text = text.as_str().expect("a text is filled in").to_owned();
                for (name, value) in extra {
                    let value = self.evaluate(value).map(|value| plain(&value)).unwrap_or_default();
                    text = text.replace(&format!("${{{name}}}"), &value);
                }
                for (name, value) in &self.parameters {
                    text = text.replace(&format!("${{{name}}}"), &plain(value));
                }
                Some(text.into())
            }
            other => panic!("the function {other} is not understood here"),
        }
    }
}

/// The function that a value is, with its operand.
fn function(value: &Value) -> Option<(&str, &Value)> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    let (name, operand) = fields.iter().next()?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name.as_str(), operand))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
