//! A running pair of doubles for tests, with a clock to move and a way to start again on the same files.

use std::time::Duration;

use ambient::{Clock, Entropy};
use aws_sdk_scheduler::Client as SchedulerClient;
use aws_sdk_sqs::Client as SqsClient;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};

use super::Doubles;
use crate::data_dir::DataDir;
use crate::sdk;

/// The doubles, their clients, and the directory that their state is in.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) doubles: Doubles,
    pub(crate) sqs: SqsClient,
    pub(crate) scheduler: SchedulerClient,
    data: DataDir,
    root: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        Self::on(root, Clock::system()).await
    }

    async fn on(root: tempfile::TempDir, clock: Clock) -> Self {
        let data = DataDir::open(root.path()).unwrap();
        let doubles = Doubles::start(&data, clock.clone(), Entropy::seeded(7)).await.unwrap();
        let config = sdk::config(&doubles.endpoint());
        let (sqs, scheduler) = (SqsClient::new(&config), SchedulerClient::new(&config));
        Self { clock, doubles, sqs, scheduler, data, root }
    }

    /// Stops, and starts again on the same files.
    pub(crate) async fn restart(self) -> Self {
        self.doubles.stop().await;
        drop(self.data);
        Self::on(self.root, self.clock).await
    }

    /// Stops, lets time pass, and starts again.
    pub(crate) async fn restart_after(self, seconds: u64) -> Self {
        self.doubles.stop().await;
        drop(self.data);
        self.clock.advance(Duration::from_secs(seconds));
        Self::on(self.root, self.clock).await
    }

    pub(crate) fn file(&self, name: &str) -> std::path::PathBuf {
        self.data.file(name)
    }

    /// Makes a queue and gives its URL.
    pub(crate) async fn queue(&self, name: &str, attributes: &[(QueueAttributeName, &str)]) -> String {
        let mut request = self.sqs.create_queue().queue_name(name);
        for (name, value) in attributes {
            request = request.attributes(name.clone(), *value);
        }
        request.send().await.unwrap().queue_url.unwrap()
    }

    pub(crate) async fn send(&self, queue: &str, body: &str) {
        self.sqs.send_message().queue_url(queue).message_body(body).send().await.unwrap();
    }

    /// What can be received now.
    pub(crate) async fn receive(&self, queue: &str) -> Vec<Message> {
        let request = self.sqs.receive_message().queue_url(queue).max_number_of_messages(10);
        let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
        request.send().await.unwrap().messages.unwrap_or_default()
    }

    /// The bodies of what can be received now.
    pub(crate) async fn bodies(&self, queue: &str) -> Vec<String> {
        self.receive(queue).await.into_iter().map(|message| message.body.unwrap()).collect()
    }

    /// How many messages can be received now.
    pub(crate) async fn visible(&self, queue: &str) -> usize {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let request = self.sqs.get_queue_attributes().queue_url(queue).attribute_names(name.clone());
        request.send().await.unwrap().attributes.unwrap()[&name].parse().unwrap()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// The value of a system attribute.
pub(crate) fn attribute<'a>(message: &'a Message, name: &MessageSystemAttributeName) -> Option<&'a str> {
    message.attributes.as_ref()?.get(name).map(String::as_str)
}
