//! The events that handlers get, made from what the SDK clients receive.
//!
//! Owns the translation, field by field, to the form that Lambda gives them. Invariant: nothing that Lambda
//! would pass on is lost.

use aws_lambda_events::dynamodb::{EventRecord, StreamRecord, StreamViewType, UserIdentity};
use aws_lambda_events::encodings::Base64Data;
use aws_lambda_events::sqs::{SqsMessage, SqsMessageAttribute};
use aws_sdk_dynamodbstreams::types as streams;
use aws_sdk_sqs::types as sqs;
use serde_dynamo::Item;

/// A received message as an SQS event carries it.
pub(super) fn message(message: sqs::Message, queue_arn: &str) -> SqsMessage {
    let mut event = SqsMessage::default();
    event.message_id = message.message_id;
    event.receipt_handle = message.receipt_handle;
    event.body = message.body;
    event.md5_of_body = message.md5_of_body;
    event.md5_of_message_attributes = message.md5_of_message_attributes;
    let attributes = message.attributes.unwrap_or_default();
    event.attributes =
        attributes.into_iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect();
    let attributes = message.message_attributes.unwrap_or_default();
    event.message_attributes = attributes.into_iter().map(|(name, value)| (name, attribute(value))).collect();
    event.event_source_arn = Some(queue_arn.to_owned());
    event.event_source = Some("aws:sqs".into());
    event.aws_region = queue_arn.split(':').nth(3).map(str::to_owned);
    event
}

fn attribute(value: sqs::MessageAttributeValue) -> SqsMessageAttribute {
    let mut attribute = SqsMessageAttribute::default();
    attribute.string_value = value.string_value;
    attribute.binary_value = value.binary_value.map(|data| {
        let mut bytes = Base64Data::default();
        bytes.0 = data.into_inner();
        bytes
    });
    attribute.data_type = Some(value.data_type);
    attribute
}

/// A stream record as a DynamoDB event carries it.
pub(super) fn record(record: streams::Record, stream_arn: &str) -> EventRecord {
    let mut event = EventRecord::default();
    event.aws_region = record.aws_region.unwrap_or_default();
    event.change = record.dynamodb.map(change).unwrap_or_default();
    event.event_id = record.event_id.unwrap_or_default();
    event.event_name = record.event_name.map(|name| name.as_str().to_owned()).unwrap_or_default();
    event.event_source = record.event_source;
    event.event_version = record.event_version;
    event.event_source_arn = Some(stream_arn.to_owned());
    event.user_identity = record.user_identity.map(|identity| {
        let mut user = UserIdentity::default();
        user.type_ = identity.r#type.unwrap_or_default();
        user.principal_id = identity.principal_id.unwrap_or_default();
        user
    });
    event
}

fn change(record: streams::StreamRecord) -> StreamRecord {
    let item = |image: Option<_>| image.map(Item::from).unwrap_or_default();
    let mut change = StreamRecord::default();
    if let Some(at) = record.approximate_creation_date_time {
        change.approximate_creation_date_time =
            chrono::DateTime::from_timestamp(at.secs(), at.subsec_nanos()).unwrap_or_default();
    }
    change.keys = item(record.keys);
    change.new_image = item(record.new_image);
    change.old_image = item(record.old_image);
    change.sequence_number = record.sequence_number;
    change.size_bytes = record.size_bytes.unwrap_or_default();
    change.stream_view_type = record.stream_view_type.and_then(|kind| match kind {
        streams::StreamViewType::NewImage => Some(StreamViewType::NewImage),
        streams::StreamViewType::OldImage => Some(StreamViewType::OldImage),
        streams::StreamViewType::NewAndOldImages => Some(StreamViewType::NewAndOldImages),
        streams::StreamViewType::KeysOnly => Some(StreamViewType::KeysOnly),
        _ => None,
    });
    change
}
