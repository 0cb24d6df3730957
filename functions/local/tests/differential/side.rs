//! One of the two sides that a case runs against, and the comparison of what it answers with what AWS documents.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ambient::{Clock, Entropy};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use multitask::data_dir::DataDir;
use multitask::doubles::Doubles;
use multitask::dynamo::Dynamo;
use multitask::sdk;

use super::ministack;

/// Clients of one side, a prefix for names so that cases do not meet, and the mismatches so far.
pub(crate) struct Side {
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) scheduler: aws_sdk_scheduler::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) streams: aws_sdk_dynamodbstreams::Client,
    pub(crate) clock: Clock,
    pub(crate) scratch: tempfile::TempDir,
    case: &'static str,
    ours: bool,
    mismatches: Mutex<Vec<String>>,
}

impl Side {
    fn new(case: &'static str, ours: bool, services: &str, dynamodb: &str) -> Self {
        let (services, dynamodb) = (sdk::config(services), sdk::config(dynamodb));
        Self {
            sqs: aws_sdk_sqs::Client::new(&services),
            scheduler: aws_sdk_scheduler::Client::new(&services),
            dynamodb: aws_sdk_dynamodb::Client::new(&dynamodb),
            streams: aws_sdk_dynamodbstreams::Client::new(&dynamodb),
            clock: Clock::system(),
            scratch: tempfile::tempdir().unwrap(),
            case,
            ours,
            mismatches: Mutex::default(),
        }
    }

    /// Both sides must show what AWS documents.
    #[expect(clippy::needless_pass_by_value, reason = "cases show numbers and texts, made on the spot")]
    pub(crate) fn check(&self, what: &str, shown: impl ToString, documented: impl ToString) {
        let (shown, documented) = (shown.to_string(), documented.to_string());
        if shown != documented {
            let side = if self.ours { "the embedded default" } else { "ministack" };
            let line = format!("{what}: {side} shows {shown:?}, expected is {documented:?}");
            self.mismatches.lock().unwrap().push(line);
        }
    }

    /// We must show what AWS documents, and ministack what it is known to show instead. The reason is for the reader.
    pub(crate) fn check_but(
        &self,
        what: &str,
        shown: impl ToString,
        documented: impl ToString,
        (ministack, _reason): (impl ToString, &'static str),
    ) {
        if self.ours {
            self.check(what, shown, documented);
        } else {
            self.check(what, shown, ministack);
        }
    }

    /// A name that no other case uses.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.case)
    }

    /// Makes a queue with a name of this case and gives its URL.
    pub(crate) async fn queue(&self, name: &str, attributes: &[(QueueAttributeName, &str)]) -> String {
        let mut request = self.sqs.create_queue().queue_name(self.name(name));
        for (name, value) in attributes {
            request = request.attributes(name.clone(), *value);
        }
        request.send().await.unwrap().queue_url.unwrap()
    }

    /// The ARN of a queue of this case.
    pub(crate) fn arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:us-east-1:000000000000:{}", self.name(name))
    }

    pub(crate) async fn send(&self, queue: &str, body: &str) {
        self.sqs.send_message().queue_url(queue).message_body(body).send().await.unwrap();
    }

    /// Up to ten messages with all their attributes, waiting up to `seconds` for the first.
    pub(crate) async fn receive(&self, queue: &str, seconds: i32) -> Vec<Message> {
        let request = self.sqs.receive_message().queue_url(queue).max_number_of_messages(10);
        let request = request.wait_time_seconds(seconds).message_attribute_names("All");
        let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
        request.send().await.unwrap().messages.unwrap_or_default()
    }

    /// The sorted bodies of what is received, waiting up to `seconds` for the first.
    pub(crate) async fn bodies(&self, queue: &str, seconds: i32) -> String {
        let mut bodies: Vec<_> =
            self.receive(queue, seconds).await.into_iter().filter_map(|message| message.body).collect();
        bodies.sort();
        bodies.join(" ")
    }
}

/// Runs a case against both sides at once, and fails with every mismatch. Without ministack, our side is still held against what
/// the case says.
pub(crate) async fn compare<F: Future<Output = ()>>(case: &'static str, run: impl Fn(Arc<Side>) -> F) {
    let ministack = ministack::endpoint();
    let root = tempfile::tempdir().unwrap();
    let data = DataDir::open(root.path()).unwrap();
    let clock = Clock::system();
    let doubles = Doubles::start(&data, clock.clone(), Entropy::system()).await.unwrap();
    let dynamo = Dynamo::start(&data, clock, Duration::from_mins(1)).await.unwrap();
    let ours = Arc::new(Side::new(case, true, &doubles.endpoint(), dynamo.endpoint()));
    let theirs = ministack.map(|endpoint| Arc::new(Side::new(case, false, &endpoint, &endpoint)));
    let theirs_run = theirs.clone().map(|side| Box::pin(run(side)));
    tokio::join!(Box::pin(run(Arc::clone(&ours))), futures::future::OptionFuture::from(theirs_run));
    let sides = [Some(ours), theirs];
    let mismatches: Vec<_> =
        sides.iter().flatten().flat_map(|side| side.mismatches.lock().unwrap().clone()).collect();
    assert!(mismatches.is_empty(), "{case}:\n{}", mismatches.join("\n"));
}

/// The code of a refusal, or `ok`.
pub(crate) fn code<T, E: ProvideErrorMetadata>(outcome: &Result<T, SdkError<E>>) -> String {
    match outcome {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.code().unwrap_or("no code").to_owned(),
    }
}

/// The value of a system attribute, or nothing.
pub(crate) fn attribute(message: &Message, name: &MessageSystemAttributeName) -> String {
    message.attributes.as_ref().and_then(|all| all.get(name)).cloned().unwrap_or_default()
}
