//! How SQS refuses: each refusal with the code and the status that the SDK parses.
//!
//! A code has two spellings, the shape of the JSON protocol and the one of the older query protocol; SQS sends both,
//! and the Rust SDK goes by the older. Invariant: one refusal, one row in [`Error::codes`].

/// A refused request, or a refused entry of a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("The specified queue does not exist.")]
    NoSuchQueue,
    #[error("A queue already exists with the same name and a different value for attribute {0}")]
    QueueExists(String),
    #[error("Unknown Attribute {0}.")]
    UnknownAttribute(String),
    #[error("Invalid value for the parameter {0}.")]
    AttributeValue(String),
    #[error("The request must contain the parameter {0}.")]
    Missing(&'static str),
    #[error("{0}")]
    Parameter(String),
    #[error(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | \
         #x10000 to #x10FFFF"
    )]
    Contents,
    #[error("The input receipt handle is invalid.")]
    Receipt,
    #[error("The specified message isn't in flight.")]
    NotInFlight,
    #[error("Too many messages are in flight in this queue.")]
    OverLimit,
    #[error("There should be at least one {0} in the request.")]
    EmptyBatch(&'static str),
    #[error("Maximum number of entries per request are 10. You have sent {0}.")]
    TooManyEntries(usize),
    #[error("Id {0} repeated.")]
    RepeatedId(String),
    #[error(
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 \
         letters long."
    )]
    EntryId,
    #[error("Batch requests cannot be longer than 1048576 bytes. You have sent {0} bytes.")]
    BatchTooLong(usize),
    #[error("{0} is not offered here.")]
    Unsupported(String),
    #[error("The request cannot be read: {0}")]
    Unreadable(String),
    #[error("The request is not signed.")]
    Unsigned,
    #[error("The service failed.")]
    Internal,
}

impl Error {
    /// The status, the JSON protocol's code, and the query protocol's.
    pub(crate) fn codes(&self) -> (u16, &'static str, &'static str) {
        match self {
            Self::NoSuchQueue => (400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
            Self::QueueExists(_) => (400, "QueueNameExists", "QueueAlreadyExists"),
            Self::UnknownAttribute(_) => (400, "InvalidAttributeName", "InvalidAttributeName"),
            Self::AttributeValue(_) => (400, "InvalidAttributeValue", "InvalidAttributeValue"),
            Self::Missing(_) => (400, "MissingRequiredParameterException", "MissingParameter"),
            Self::Parameter(_) => (400, "InvalidParameterValueException", "InvalidParameterValue"),
            Self::Contents => (400, "InvalidMessageContents", "InvalidMessageContents"),
            Self::Receipt => (400, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
            Self::NotInFlight => (400, "MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
            Self::OverLimit => (403, "OverLimit", "OverLimit"),
            Self::EmptyBatch(_) => (400, "EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
            Self::TooManyEntries(_) => {
                (400, "TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
            }
            Self::RepeatedId(_) => {
                (400, "BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
            }
            Self::EntryId => (400, "InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
            Self::BatchTooLong(_) => {
                (400, "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong")
            }
            Self::Unsupported(_) => {
                (400, "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation")
            }
            Self::Unreadable(_) => (400, "SerializationException", "MalformedInput"),
            Self::Unsigned => (403, "MissingAuthenticationToken", "MissingAuthenticationToken"),
            Self::Internal => (500, "InternalFailure", "InternalFailure"),
        }
    }
}
