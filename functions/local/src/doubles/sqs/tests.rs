use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName as Attribute, QueueAttributeName as Name,
    SendMessageBatchRequestEntry,
};

use super::Fault;
use super::attributes::arn;
use crate::doubles::testing::{World, attribute};

fn redrive(target: &str, count: u32) -> String {
    format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":"{count}"}}"#, arn(target))
}

#[tokio::test]
async fn a_delay_of_fifteen_minutes_is_kept_to_the_second() {
    let world = World::start().await;
    let queue = world.queue("q", &[]).await;
    world.sqs.send_message().queue_url(&queue).message_body("late").delay_seconds(900).send().await.unwrap();
    world.pass(898);
    assert!(world.bodies(&queue).await.is_empty());
    world.pass(2);
    assert_eq!(world.bodies(&queue).await, ["late"]);
}

#[tokio::test]
async fn a_hidden_message_comes_back_with_another_receipt_and_a_higher_count() {
    let world = World::start().await;
    let queue = world.queue("q", &[(Name::VisibilityTimeout, "900")]).await;
    world.send(&queue, "m").await;
    let first = world.receive(&queue).await.remove(0);
    world.pass(898);
    assert!(world.bodies(&queue).await.is_empty());
    world.pass(2);
    let second = world.receive(&queue).await.remove(0);
    assert_ne!(first.receipt_handle, second.receipt_handle);
    assert_eq!(first.message_id, second.message_id);
    assert_eq!(attribute(&second, &Attribute::ApproximateReceiveCount), Some("2"));
    let first_received =
        |message| attribute(message, &Attribute::ApproximateFirstReceiveTimestamp).map(str::to_owned);
    assert_eq!(first_received(&first), first_received(&second));
}

#[tokio::test]
async fn a_stale_receipt_deletes_nothing_and_hides_nothing() {
    let world = World::start().await;
    let queue = world.queue("q", &[(Name::VisibilityTimeout, "10")]).await;
    world.send(&queue, "m").await;
    let stale = world.receive(&queue).await.remove(0).receipt_handle.unwrap();
    world.pass(10);
    let fresh = world.receive(&queue).await.remove(0).receipt_handle.unwrap();

    world.sqs.delete_message().queue_url(&queue).receipt_handle(&stale).send().await.unwrap();
    let change = world.sqs.change_message_visibility().queue_url(&queue).visibility_timeout(0);
    let refused = change.clone().receipt_handle(&stale).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterValue"));
    assert!(world.bodies(&queue).await.is_empty(), "the message is still with its second receiver");
    change.visibility_timeout(10).receipt_handle(&fresh).send().await.unwrap();

    world.sqs.delete_message().queue_url(&queue).receipt_handle(&fresh).send().await.unwrap();
    world.sqs.delete_message().queue_url(&queue).receipt_handle(&fresh).send().await.unwrap();
    world.pass(10);
    assert!(world.bodies(&queue).await.is_empty());
}

#[tokio::test]
async fn a_lease_is_prolonged_given_back_and_not_held_past_twelve_hours() {
    let world = World::start().await;
    let queue = world.queue("q", &[(Name::VisibilityTimeout, "900")]).await;
    world.send(&queue, "m").await;
    let receipt = world.receive(&queue).await.remove(0).receipt_handle.unwrap();
    let change = |seconds| {
        world
            .sqs
            .change_message_visibility()
            .queue_url(&queue)
            .receipt_handle(&receipt)
            .visibility_timeout(seconds)
    };
    for _ in 0..3 {
        change(120).send().await.unwrap();
        world.pass(118);
        assert!(world.bodies(&queue).await.is_empty());
    }
    let refused = change(43_000).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterValue"));
    change(0).send().await.unwrap();
    let refused = change(120).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("AWS.SimpleQueueService.MessageNotInflight"));
    assert_eq!(world.bodies(&queue).await, ["m"]);
}

#[tokio::test]
async fn a_message_received_too_often_goes_to_the_dead_letters() {
    let world = World::start().await;
    let dead = world.queue("dead", &[]).await;
    let policy = redrive("dead", 2);
    let queue = world.queue("q", &[(Name::VisibilityTimeout, "5"), (Name::RedrivePolicy, &policy)]).await;
    world.send(&queue, "poison").await;
    for _ in 0..2 {
        assert_eq!(world.bodies(&queue).await, ["poison"]);
        world.pass(5);
    }
    assert!(world.bodies(&queue).await.is_empty());
    let message = world.receive(&dead).await.remove(0);
    assert_eq!(attribute(&message, &Attribute::ApproximateReceiveCount), Some("3"));
    assert_eq!(attribute(&message, &Attribute::DeadLetterQueueSourceArn), Some(arn("q").as_str()));
}

#[tokio::test]
async fn a_message_is_dropped_at_the_end_of_its_retention() {
    let world = World::start().await;
    let queue = world.queue("q", &[(Name::MessageRetentionPeriod, "60")]).await;
    world.send(&queue, "old").await;
    world.pass(61);
    world.send(&queue, "young").await;
    assert_eq!(world.bodies(&queue).await, ["young"]);
}

#[tokio::test]
async fn a_long_poll_ends_when_a_message_comes_or_becomes_visible_or_time_is_up() {
    let world = World::start().await;
    let queue = world.queue("q", &[]).await;
    let poll = || {
        let request = world.sqs.receive_message().queue_url(&queue).wait_time_seconds(20);
        Box::pin(async { request.send().await.unwrap().messages.unwrap_or_default().len() })
    };
    let (received, ()) = tokio::join!(poll(), world.send(&queue, "m"));
    assert_eq!(received, 1);
    // Time goes on beside the next two polls, a second with each request.
    assert_eq!(while_time_passes(&world, poll()).await, 0, "20 s are up before the 30 s of its receiver");
    assert_eq!(while_time_passes(&world, poll()).await, 1);
}

async fn while_time_passes<T>(world: &World, work: impl Future<Output = T>) -> T {
    let mut work = Box::pin(work);
    loop {
        tokio::select! {
            output = &mut work => return output,
            _ = world.sqs.list_queues().send() => world.pass(1),
        }
    }
}

#[tokio::test]
async fn everything_outlives_a_restart_in_the_middle() {
    let world = World::start().await;
    world.queue("dead", &[]).await;
    let policy = redrive("dead", 3);
    let queue = world.queue("q", &[(Name::VisibilityTimeout, "900"), (Name::RedrivePolicy, &policy)]).await;
    world.send(&queue, "in flight").await;
    let receipt = world.receive(&queue).await.remove(0).receipt_handle.unwrap();
    let text = MessageAttributeValue::builder().data_type("String").string_value("v").build().unwrap();
    let delayed = world.sqs.send_message().queue_url(&queue).message_body("delayed").delay_seconds(60);
    delayed.message_attributes("a", text).send().await.unwrap();
    world.send(&queue, "gone").await;
    let gone = world.receive(&queue).await.remove(0).receipt_handle.unwrap();
    world.sqs.delete_message().queue_url(&queue).receipt_handle(gone).send().await.unwrap();

    let world = world.restart().await;
    let queue = world.queue("q", &[(Name::VisibilityTimeout, "900"), (Name::RedrivePolicy, &policy)]).await;
    let change = world.sqs.change_message_visibility().queue_url(&queue).receipt_handle(receipt);
    change.visibility_timeout(30).send().await.unwrap();
    assert!(world.bodies(&queue).await.is_empty());
    world.pass(60);
    let mut messages = world.receive(&queue).await;
    messages.sort_by_key(|message| message.body.clone());
    assert_eq!(messages.len(), 2);
    assert_eq!(attribute(&messages[0], &Attribute::ApproximateReceiveCount), Some("1"));
    assert_eq!(attribute(&messages[1], &Attribute::ApproximateReceiveCount), Some("2"));

    // A process that is killed leaves half a line at most.
    let path = world.file("queues.journal");
    world.send(&queue, "cut off").await;
    let journal = std::fs::read(&path).unwrap();
    let world = {
        std::fs::write(&path, &journal[..journal.len() - 10]).unwrap();
        world.restart().await
    };
    assert!(world.bodies(&queue_url(&world, "q")).await.is_empty());
}

fn queue_url(world: &World, name: &str) -> String {
    format!("{}/{}/{name}", world.doubles.endpoint(), crate::sdk::ACCOUNT)
}

#[tokio::test]
async fn a_journal_that_has_grown_is_written_anew_and_says_the_same() {
    let world = World::start().await;
    let queue = world.queue("q", &[]).await;
    let body = "x".repeat(100_000);
    for _ in 0..40 {
        world.send(&queue, &body).await;
        let receipt = world.receive(&queue).await.remove(0).receipt_handle.unwrap();
        world.sqs.delete_message().queue_url(&queue).receipt_handle(receipt).send().await.unwrap();
    }
    world.send(&queue, "last").await;
    let length = std::fs::metadata(world.file("queues.journal")).unwrap().len();
    assert!(length < 2_000_000, "{length} bytes for one message");
    let world = world.restart().await;
    assert_eq!(world.bodies(&queue_url(&world, "q")).await, ["last"]);
}

#[tokio::test]
async fn a_duplicate_on_request_is_received_by_two() {
    let world = World::start().await;
    let queue = world.queue("q", &[]).await;
    world.send(&queue, "m").await;
    world.doubles.sqs().inject("q", Fault::Duplicate, 1);
    let (first, second) = (world.receive(&queue).await, world.receive(&queue).await);
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!(first[0].message_id, second[0].message_id);
    assert!(world.receive(&queue).await.is_empty());
}

#[tokio::test]
async fn failed_entries_and_lost_replies_happen_once_on_request() {
    let world = World::start().await;
    let queue = world.queue("q", &[]).await;
    let entry = |id: &str| SendMessageBatchRequestEntry::builder().id(id).message_body(id).build().unwrap();
    let batch = || world.sqs.send_message_batch().queue_url(&queue).entries(entry("a")).entries(entry("b"));
    world.doubles.sqs().inject("q", Fault::FailedEntry, 1);
    let answer = batch().send().await.unwrap();
    assert_eq!((answer.failed.len(), answer.successful.len()), (1, 1));
    assert_eq!((answer.failed[0].id(), answer.failed[0].sender_fault()), ("a", false));
    assert_eq!(world.bodies(&queue).await, ["b"]);

    // The client tries again after the lost reply, so the message is there twice.
    world.doubles.sqs().inject("q", Fault::LostReply, 1);
    world.send(&queue, "twice").await;
    assert_eq!(world.bodies(&queue).await, ["twice", "twice"]);
}

#[tokio::test]
async fn a_request_without_a_signature_is_refused() {
    let world = World::start().await;
    world.queue("q", &[]).await;
    for (path, target) in [("/", Some("AmazonSQS.ListQueues")), ("/schedules", None)] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\nconnection: close\r\n{}\r\n{{}}",
            target.map(|target| format!("x-amz-target: {target}\r\n")).unwrap_or_default(),
        );
        let answer = raw(&world, &request).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
}

async fn raw(world: &World, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = world.doubles.endpoint();
    let mut stream = tokio::net::TcpStream::connect(address.trim_start_matches("http://")).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_group_that_has_most_receivers_holds_up_no_other() {
    let world = World::start().await;
    let queue = world.queue("q", &[(Name::VisibilityTimeout, "900")]).await;
    let send = |body: &str, group: &str| {
        world.sqs.send_message().queue_url(&queue).message_body(body).message_group_id(group).send()
    };
    for at in 0..60 {
        send(&format!("loud {at}"), "loud").await.unwrap();
    }
    send("quiet", "quiet").await.unwrap();
    for _ in 0..2 {
        let bodies = world.bodies(&queue).await;
        assert!(bodies.iter().all(|body| body.starts_with("loud")), "{bodies:?}");
    }
    // With thirty of them at work the others come first.
    world.bodies(&queue).await;
    let message = world.receive(&queue).await.remove(0);
    assert_eq!(message.body.as_deref(), Some("quiet"));
    assert_eq!(attribute(&message, &Attribute::MessageGroupId), Some("quiet"));
    assert!(world.bodies(&queue).await[0].starts_with("loud"), "what is loud goes on behind");
    assert!(send("m", "a group").await.is_err(), "a group has no blanks");
}
