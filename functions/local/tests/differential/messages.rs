//! The life of a message: receipts, counts, visibility, delays, dead letters.
//!
//! Waits are long polls: they end when the message is there.

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName as Attribute, QueueAttributeName as Name,
};

use super::side::{attribute, code, compare};

#[tokio::test]
async fn contents_and_digests_come_back_as_they_went() {
    compare("contents", |side| async move {
        let queue = side.queue("q", &[]).await;
        let value = |kind: &str| MessageAttributeValue::builder().data_type(kind);
        let sent = side.sqs.send_message().queue_url(&queue).message_body("grüße <&> 😀\n");
        let sent = sent
            .message_attributes("Zahl", value("Number").string_value("12.5").build().unwrap())
            .message_attributes(
                "bytes",
                value("Binary").binary_value(Blob::new([0, 255, 7])).build().unwrap(),
            )
            .message_attributes("a.text", value("String").string_value("ü").build().unwrap());
        let sent = sent.send().await.unwrap();
        // Computed with Python's hashlib from the documented layout, by neither side.
        side.check(
            "the body's digest",
            sent.md5_of_message_body.unwrap(),
            "0db12e2a1eada4020a64ce3a77d5421b",
        );
        side.check(
            "the attributes' digest",
            sent.md5_of_message_attributes.unwrap(),
            "5796aba7bfa4d077518cd7619dfea468",
        );

        let receive = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            let receive =
                side.sqs.receive_message().queue_url(&queue).visibility_timeout(0).wait_time_seconds(5);
            receive.set_message_attribute_names(Some(names))
        };
        let message = receive(&["All"]).send().await.unwrap().messages.unwrap().remove(0);
        side.check("the id", message.message_id == sent.message_id, true);
        side.check("the body", message.body.unwrap(), "grüße <&> 😀\n");
        side.check("the digest", message.md5_of_body.unwrap(), "0db12e2a1eada4020a64ce3a77d5421b");
        let attributes = message.message_attributes.unwrap();
        let bytes = attributes["bytes"].binary_value().unwrap().as_ref().to_vec();
        side.check("bytes", format!("{bytes:?}"), "[0, 255, 7]");
        side.check("a type", attributes["Zahl"].data_type(), "Number");
        side.check("no system attributes", message.attributes.is_none(), true);
        let some = receive(&["a.*"]).send().await.unwrap().messages.unwrap().remove(0);
        let names: Vec<_> = some.message_attributes.unwrap_or_default().into_keys().collect();
        side.check("by prefix", names.join(" "), "a.text");
        let none = receive(&[]).send().await.unwrap().messages.unwrap().remove(0);
        side.check(
            "unasked",
            none.message_attributes.is_none() && none.md5_of_message_attributes.is_none(),
            true,
        );
    })
    .await;
}

#[tokio::test]
async fn each_receive_has_a_receipt_of_its_own() {
    compare("receives", |side| async move {
        let queue = side.queue("q", &[(Name::VisibilityTimeout, "1")]).await;
        side.send(&queue, "m").await;
        let first = side.receive(&queue, 5).await.remove(0);
        side.check("hidden", side.bodies(&queue, 0).await, "");
        let second = side.receive(&queue, 10).await.remove(0);
        side.check("the same message", first.message_id == second.message_id, true);
        side.check("another receipt", first.receipt_handle != second.receipt_handle, true);
        for (message, count) in [(&first, "1"), (&second, "2")] {
            side.check("the count", attribute(message, &Attribute::ApproximateReceiveCount), count);
        }
        for name in [Attribute::SentTimestamp, Attribute::ApproximateFirstReceiveTimestamp] {
            let stays = attribute(&first, &name) == attribute(&second, &name) && !attribute(&first, &name).is_empty();
            side.check(name.as_str(), stays, true);
        }
        let hide = side.sqs.change_message_visibility().queue_url(&queue).visibility_timeout(60);
        let hidden = hide.clone().receipt_handle(second.receipt_handle.as_deref().unwrap()).send().await;
        side.check("the new receipt hides", code(&hidden), "ok");
        let stale = first.receipt_handle.as_deref().unwrap();
        let why = "AWS names the parameter, since the receipt itself is well formed";
        let refused = hide.receipt_handle(stale).send().await;
        side.check_but("the stale one does not", code(&refused), "InvalidParameterValue", ("ReceiptHandleIsInvalid", why));
        let why = "the API reference of DeleteMessage: with an old receipt the request succeeds, and the message stays";
        let deleted = side.sqs.delete_message().queue_url(&queue).receipt_handle(stale).send().await;
        side.check_but("a stale delete", code(&deleted), "ok", ("ReceiptHandleIsInvalid", why));
        let names = side.sqs.get_queue_attributes().queue_url(&queue).attribute_names(Name::All);
        let counts = names.send().await.unwrap().attributes.unwrap();
        side.check("it is still there", &counts[&Name::ApproximateNumberOfMessagesNotVisible], "1");
    })
    .await;
}

#[tokio::test]
async fn visibility_ends_by_time_by_request_and_not_at_all() {
    compare("visibility", |side| async move {
        let queue = side.queue("q", &[]).await;
        side.send(&queue, "m").await;
        let peek = side.sqs.receive_message().queue_url(&queue).visibility_timeout(0).wait_time_seconds(5);
        side.check("a peek", peek.send().await.unwrap().messages().len(), 1);
        let receipt = side.receive(&queue, 5).await.remove(0).receipt_handle.unwrap();
        let change = |seconds| {
            side.sqs
                .change_message_visibility()
                .queue_url(&queue)
                .receipt_handle(&receipt)
                .visibility_timeout(seconds)
        };
        change(1).send().await.unwrap();
        side.check("after a second", side.bodies(&queue, 10).await, "m");

        side.send(&queue, "n").await;
        let receipt = side.receive(&queue, 5).await.remove(0).receipt_handle.unwrap();
        let change = side.sqs.change_message_visibility().queue_url(&queue).receipt_handle(&receipt);
        change.clone().visibility_timeout(0).send().await.unwrap();
        let why =
            "documented as MessageNotInflight: it is nobody's once it is visible; ministack hides it again";
        let late = change.visibility_timeout(0).send().await;
        let documented = "AWS.SimpleQueueService.MessageNotInflight";
        side.check_but("a visibility that came too late", code(&late), documented, ("ok", why));
        side.check("given back", side.bodies(&queue, 5).await, "n");
    })
    .await;
}

#[tokio::test]
async fn delays_of_a_message_and_of_a_queue() {
    compare("delays", |side| async move {
        let queue = side.queue("q", &[(Name::DelaySeconds, "1")]).await;
        side.send(&queue, "queue").await;
        side.sqs.send_message().queue_url(&queue).message_body("none").delay_seconds(0).send().await.unwrap();
        side.sqs
            .send_message()
            .queue_url(&queue)
            .message_body("long")
            .delay_seconds(900)
            .send()
            .await
            .unwrap();
        side.check("at once", side.bodies(&queue, 0).await, "none");
        let names = side.sqs.get_queue_attributes().queue_url(&queue).attribute_names(Name::All);
        let counts = names.send().await.unwrap().attributes.unwrap();
        side.check("delayed", &counts[&Name::ApproximateNumberOfMessagesDelayed], "2");
        side.check("in flight", &counts[&Name::ApproximateNumberOfMessagesNotVisible], "1");
        side.check("after a second", side.bodies(&queue, 10).await, "queue");
    })
    .await;
}

#[tokio::test]
async fn a_long_poll_ends_with_the_first_message() {
    compare("polling", |side| async move {
        let queue = side.queue("q", &[(Name::ReceiveMessageWaitTimeSeconds, "20")]).await;
        let (received, ()) = tokio::join!(
            async {
                let receive = side.sqs.receive_message().queue_url(&queue).send().await;
                receive.unwrap().messages.unwrap_or_default().len()
            },
            async {
                // The poll has been sent by the time that this has been answered, or will find the message.
                side.sqs.list_queues().send().await.unwrap();
                side.send(&queue, "m").await;
            }
        );
        side.check("received", received, 1);
        let started = side.clock.now();
        side.check("nothing", side.bodies(&queue, 1).await, "");
        let waited = side.clock.now().duration_since(started).as_millis();
        side.check("an empty poll waits for its second", (900..5_000).contains(&waited), true);
    })
    .await;
}

#[tokio::test]
async fn dead_letters() {
    compare("dead", |side| async move {
        let dead = side.queue("dead", &[]).await;
        let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":2}}"#, side.arn("dead"));
        let queue = side.queue("q", &[(Name::RedrivePolicy, &policy), (Name::VisibilityTimeout, "0")]).await;
        let sent = side.sqs.send_message().queue_url(&queue).message_body("poison").send().await.unwrap();
        side.check("a first receive", side.bodies(&queue, 5).await, "poison");
        side.check("a second", side.bodies(&queue, 5).await, "poison");
        side.check("no third", side.bodies(&queue, 0).await, "");
        let message = side.receive(&dead, 5).await.remove(0);
        side.check("the same id", message.message_id == sent.message_id, true);
        side.check("its source", attribute(&message, &Attribute::DeadLetterQueueSourceArn), side.arn("q"));
        side.check("its count goes on", attribute(&message, &Attribute::ApproximateReceiveCount), "3");
    })
    .await;
}
