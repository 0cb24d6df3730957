//! A message as a queue keeps it, its attributes, and the digests that SQS states of both.
//!
//! Owns the documented rules about contents: characters, sizes, names and types of attributes.
//! Invariant: a [`Message`] in a queue has passed [`check`].

use std::collections::BTreeMap;

use ambient::Entropy;
use data_encoding::BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Error;

/// The attributes that a sender gave a message, by name.
pub(crate) type Attributes = BTreeMap<String, AttributeValue>;

/// At most this many attributes go with a message.
const MAX_ATTRIBUTES: usize = 10;

/// The value of one attribute, in the form it has on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttributeValue {
    #[serde(default)]
    pub(crate) data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) string_value: Option<String>,
    /// In base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) binary_value: Option<String>,
}

/// A message in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// The same for every receive, and in whichever queue it is.
    pub(crate) id: String,
    pub(crate) body: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) attributes: Attributes,
    /// Whose it is, where the sender said so: no group's backlog holds up the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    pub(crate) sent_at: Timestamp,
    /// It can be received from this moment on.
    pub(crate) visible_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delivery: Option<Delivery>,
    /// The ARN of the queue it was moved from when it had been received too often there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
}

/// What is known of the receives of a message, across all queues it was in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) count: u32,
    pub(crate) first_at: Timestamp,
    pub(crate) last_at: Timestamp,
    /// What the newest receipt holds beside the place; none when the message has changed its queue since.
    pub(crate) nonce: Option<String>,
}

impl Message {
    /// How often it has been received.
    pub(crate) fn receives(&self) -> u32 {
        self.delivery.as_ref().map_or(0, |delivery| delivery.count)
    }

    /// Whether it is with a receiver: received, and not visible again.
    pub(crate) fn in_flight(&self, now: Timestamp) -> bool {
        self.delivery.is_some() && self.visible_at > now
    }
}

/// Refuses a body or attributes outside the documented rules. `limit` is in bytes, attributes included.
pub(crate) fn check(body: &str, attributes: &Attributes, limit: usize) -> Result<(), Error> {
    if body.is_empty() {
        return Err(Error::Missing("MessageBody"));
    }
    if !allowed(body) {
        return Err(Error::Contents);
    }
    if attributes.len() > MAX_ATTRIBUTES {
        let reason =
            format!("Number of message attributes [{}] exceeds the allowed maximum [10].", attributes.len());
        return Err(Error::Parameter(reason));
    }
    for (name, value) in attributes {
        check_attribute(name, value)?;
    }
    if size(body, attributes) > limit {
        let reason = format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        );
        return Err(Error::Parameter(reason));
    }
    Ok(())
}

/// Refuses a group outside the documented rules.
pub(crate) fn check_group(group: Option<&str>) -> Result<(), Error> {
    let sound =
        |group: &str| (1..=128).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_graphic());
    if group.is_none_or(sound) {
        return Ok(());
    }
    Err(Error::Parameter(
        "Value for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and \
         punctuation characters. 1 to 128 in length."
            .to_owned(),
    ))
}

/// What a message counts towards the limits, in bytes.
pub(crate) fn size(body: &str, attributes: &Attributes) -> usize {
    let of = |(name, value): (&String, &AttributeValue)| {
        let content = value.string_value.as_ref().map_or(0, String::len)
            + value.binary_value.as_ref().map_or(0, |value| value.len() / 4 * 3);
        name.len() + value.data_type.len() + content
    };
    body.len() + attributes.iter().map(of).sum::<usize>()
}

fn check_attribute(name: &str, value: &AttributeValue) -> Result<(), Error> {
    let lower = name.to_ascii_lowercase();
    let named_well = (1..=256).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        && !["aws.", "amazon."].iter().any(|reserved| lower.starts_with(reserved))
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..");
    if !named_well {
        return Err(Error::Parameter(format!("Invalid message attribute name '{name}'.")));
    }
    let kind = value.data_type.split('.').next().unwrap_or_default();
    let full = match kind {
        "String" | "Number" => {
            value.binary_value.is_none()
                && value.string_value.as_ref().is_some_and(|text| !text.is_empty() && allowed(text))
        }
        "Binary" => {
            value.string_value.is_none()
                && value
                    .binary_value
                    .as_ref()
                    .is_some_and(|data| !data.is_empty() && BASE64.decode(data.as_bytes()).is_ok())
        }
        _ => {
            let reason = format!(
                "The type of message (user) attribute '{name}' is invalid. You must use only the following supported \
                 type prefixes: Binary, Number, String."
            );
            return Err(Error::Parameter(reason));
        }
    };
    let number =
        kind != "Number" || value.string_value.as_ref().is_some_and(|text| text.parse::<f64>().is_ok());
    if full && number {
        return Ok(());
    }
    let reason =
        format!("The message (user) attribute '{name}' must contain a non-empty value of type '{kind}'.");
    Err(Error::Parameter(reason))
}

/// Whether every character is one of those that SQS carries.
fn allowed(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..))
}

/// The digest that SQS states of a body.
pub(crate) fn md5_of_body(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}

/// The digest that SQS states of attributes, over their lengths and contents in the order of their names; none
/// where there are none.
pub(crate) fn md5_of_attributes(attributes: &Attributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut bytes = Vec::new();
    let mut part = |content: &[u8], kind: Option<u8>| {
        bytes.extend(kind);
        bytes.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(content);
    };
    for (name, value) in attributes {
        part(name.as_bytes(), None);
        part(value.data_type.as_bytes(), None);
        if let Some(data) = &value.binary_value {
            part(&BASE64.decode(data.as_bytes()).unwrap_or_default(), Some(2));
        } else {
            part(value.string_value.as_deref().unwrap_or_default().as_bytes(), Some(1));
        }
    }
    Some(format!("{:x}", md5::compute(bytes)))
}

/// A fresh id in the form of a random UUID.
pub(crate) fn fresh_id(entropy: &Entropy) -> String {
    let mut bytes: [u8; 16] = entropy.bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: &str, value: &str) -> AttributeValue {
        AttributeValue { data_type: kind.into(), string_value: Some(value.into()), binary_value: None }
    }

    #[test]
    fn digests_are_those_that_sqs_states() {
        assert_eq!(md5_of_body("hello"), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(md5_of_attributes(&Attributes::new()), None);
        // The example of a single attribute, computed by hand from the documented layout.
        let one = Attributes::from([("a".to_owned(), text("String", "b"))]);
        let mut layout = vec![0, 0, 0, 1, b'a', 0, 0, 0, 6];
        layout.extend(b"String");
        layout.extend([1, 0, 0, 0, 1, b'b']);
        assert_eq!(md5_of_attributes(&one), Some(format!("{:x}", md5::compute(layout))));
    }

    #[test]
    fn contents_outside_the_rules_are_refused() {
        let none = Attributes::new();
        let with = |name: &str, value| Attributes::from([(name.to_owned(), value)]);
        assert_eq!(check("", &none, 9), Err(Error::Missing("MessageBody")));
        assert_eq!(check("a\u{0}", &none, 9), Err(Error::Contents));
        assert_eq!(check("a\u{fffe}", &none, 9), Err(Error::Contents));
        assert_eq!(check("\t\n\r \u{fffd}\u{10000}", &none, 99), Ok(()));
        assert_eq!(check("123456789", &none, 9), Ok(()));
        assert!(check("1234567890", &none, 9).is_err());
        assert!(check("1", &with("a", text("String", "123")), 9).is_err());
        assert_eq!(check("1", &with("n", text("Number.int", "-12.5")), 99), Ok(()));
        for (name, value) in [
            ("n", text("Number", "twelve")),
            ("a", text("Text", "x")),
            ("a", text("String", "")),
            ("aws.a", text("String", "x")),
            ("a b", text("String", "x")),
            (
                "a",
                AttributeValue {
                    data_type: "Binary".into(),
                    string_value: None,
                    binary_value: Some("?".into()),
                },
            ),
        ] {
            assert!(check("1", &with(name, value.clone()), 99).is_err(), "{name} {value:?}");
        }
        let eleven = (0..11).map(|n| (n.to_string(), text("String", "x"))).collect();
        assert!(check("1", &eleven, 999).is_err());
    }
}
