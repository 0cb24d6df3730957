//! What SQS refuses, and with which code.

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry as Change, DeleteMessageBatchRequestEntry as Delete,
    MessageAttributeValue, QueueAttributeName as Name, SendMessageBatchRequestEntry as Entry,
};

use super::side::{code, compare};

const UNCHECKED: &str = "the API reference bounds this value; ministack does not check it";
const PARAMETER: &str = "InvalidParameterValue";
const NO_QUEUE: &str = "AWS.SimpleQueueService.NonExistentQueue";

#[tokio::test]
async fn queues_and_their_attributes() {
    compare("attributes", |side| async move {
        let create = |name: &str| side.sqs.create_queue().queue_name(name);
        let queue = side.queue("q", &[(Name::DelaySeconds, "0")]).await;
        let again = create(&side.name("q")).attributes(Name::DelaySeconds, "0").send().await;
        side.check("the same queue again", code(&again), "ok");
        side.check("its url", again.unwrap().queue_url.unwrap() == queue, true);
        let differently = create(&side.name("q")).attributes(Name::DelaySeconds, "5").send().await;
        side.check("the queue with another attribute", code(&differently), "QueueAlreadyExists");
        for (name, known) in [("with blank".to_owned(), "ok"), ("x".repeat(81), "ok")] {
            let why = "names are limited to 80 of [A-Za-z0-9_-]; ministack takes any";
            side.check_but("a bad name", code(&create(&name).send().await), PARAMETER, (known, why));
        }
        for (name, value) in [
            (Name::VisibilityTimeout, "43201"),
            (Name::VisibilityTimeout, "-1"),
            (Name::DelaySeconds, "901"),
            (Name::MessageRetentionPeriod, "59"),
            (Name::MessageRetentionPeriod, "1209601"),
            (Name::ReceiveMessageWaitTimeSeconds, "21"),
            (Name::MaximumMessageSize, "1048577"),
            (Name::VisibilityTimeout, "soon"),
            (Name::RedrivePolicy, "{}"),
            (
                Name::RedrivePolicy,
                r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:no","maxReceiveCount":3}"#,
            ),
        ] {
            let set = side.sqs.set_queue_attributes().queue_url(&queue).attributes(name.clone(), value);
            side.check(&format!("{name} {value}"), code(&set.send().await), "InvalidAttributeValue");
        }
        let unknown =
            side.sqs.set_queue_attributes().queue_url(&queue).attributes("Colour".into(), "red").send().await;
        side.check_but("an unknown attribute", code(&unknown), "InvalidAttributeName", ("ok", UNCHECKED));

        let get = || side.sqs.get_queue_attributes().queue_url(&queue);
        let all = get().attribute_names(Name::All).send().await.unwrap().attributes.unwrap();
        for (name, value) in [
            (Name::VisibilityTimeout, "30"),
            (Name::DelaySeconds, "0"),
            (Name::MessageRetentionPeriod, "345600"),
            (Name::ReceiveMessageWaitTimeSeconds, "0"),
            (Name::MaximumMessageSize, "1048576"),
            (Name::QueueArn, &side.arn("q")),
            (Name::ApproximateNumberOfMessages, "0"),
            (Name::ApproximateNumberOfMessagesNotVisible, "0"),
            (Name::ApproximateNumberOfMessagesDelayed, "0"),
        ] {
            side.check(name.as_str(), all.get(&name).cloned().unwrap_or_default(), value);
        }
        let why = "the API reference: without names the answer is empty; ministack answers with all";
        side.check_but("no names", get().send().await.unwrap().attributes.is_none(), true, (false, why));
        side.check(
            "an unknown queue's",
            code(&side.sqs.get_queue_attributes().queue_url("http://x/0/no").send().await),
            NO_QUEUE,
        );
        side.check(
            "an unknown queue's url",
            code(&side.sqs.get_queue_url().queue_name("no").send().await),
            NO_QUEUE,
        );
        let url = side.sqs.get_queue_url().queue_name(side.name("q")).send().await.unwrap();
        side.check("the queue's url", url.queue_url.unwrap() == queue, true);
        let list = side.sqs.list_queues().queue_name_prefix(side.name("q")).send().await.unwrap();
        side.check("the list", list.queue_urls.unwrap_or_default().join(" "), queue);
    })
    .await;
}

#[tokio::test]
async fn single_messages() {
    compare("single", |side| async move {
        let queue = side.queue("q", &[]).await;
        let send = |body: &str| side.sqs.send_message().queue_url(&queue).message_body(body);
        side.check("an empty body", code(&send("").send().await), "MissingParameter");
        side.check("a forbidden character", code(&send("a\u{1}").send().await), "InvalidMessageContents");
        side.check("U+FFFE", code(&send("a\u{fffe}").send().await), "InvalidMessageContents");
        side.check(
            "the odd ones that are allowed",
            code(&send("\t\n\r\u{fffd}\u{1f600}").send().await),
            "ok",
        );
        side.check("1 MiB", code(&send(&"x".repeat(1_048_576)).send().await), "ok");
        side.check("1 MiB and a byte", code(&send(&"x".repeat(1_048_577)).send().await), PARAMETER);
        let two_bytes = "é".repeat(524_289);
        side.check(
            "1 MiB and two bytes, in fewer characters",
            code(&send(&two_bytes).send().await),
            PARAMETER,
        );
        side.check("a delay of 900", code(&send("d").delay_seconds(900).send().await), "ok");
        side.check_but(
            "a delay of 901",
            code(&send("d").delay_seconds(901).send().await),
            PARAMETER,
            ("ok", UNCHECKED),
        );
        side.check_but(
            "a delay of -1",
            code(&send("d").delay_seconds(-1).send().await),
            PARAMETER,
            ("ok", UNCHECKED),
        );
        let typed =
            |kind: &str| MessageAttributeValue::builder().data_type(kind).string_value("v").build().unwrap();
        side.check(
            "an attribute",
            code(&send("a").message_attributes("a", typed("String.x")).send().await),
            "ok",
        );
        let odd = send("a").message_attributes("a", typed("Text")).send().await;
        side.check_but("an attribute of no type", code(&odd), PARAMETER, ("ok", UNCHECKED));
        let unknown =
            side.sqs.send_message().queue_url("http://x/000000000000/no").message_body("m").send().await;
        side.check("an unknown queue", code(&unknown), NO_QUEUE);

        let receive = || side.sqs.receive_message().queue_url(&queue);
        for max in [0, 11] {
            let refused = receive().max_number_of_messages(max).send().await;
            side.check(&format!("{max} messages"), code(&refused), PARAMETER);
        }
        let hidden = receive().visibility_timeout(43_201).send().await;
        side.check_but("hidden for 12 h and a second", code(&hidden), PARAMETER, ("ok", UNCHECKED));
        let negative = receive().wait_time_seconds(-1).send().await;
        side.check_but("a wait of -1", code(&negative), PARAMETER, ("ok", UNCHECKED));
        let purged = side.sqs.purge_queue().queue_url(&queue).send().await;
        side.check("a purge", code(&purged), "ok");
        side.check("what is left", side.bodies(&queue, 0).await, "");
    })
    .await;
}

#[tokio::test]
async fn receipts() {
    compare("receipts", |side| async move {
        let queue = side.queue("q", &[]).await;
        let delete = |receipt: &str| side.sqs.delete_message().queue_url(&queue).receipt_handle(receipt);
        let change = |receipt: &str, seconds| {
            side.sqs
                .change_message_visibility()
                .queue_url(&queue)
                .receipt_handle(receipt)
                .visibility_timeout(seconds)
        };
        side.check("a malformed receipt", code(&delete("nonsense").send().await), "ReceiptHandleIsInvalid");
        side.check("and its visibility", code(&change("nonsense", 1).send().await), "ReceiptHandleIsInvalid");
        side.check("no receipt", code(&delete("").send().await), "MissingParameter");

        side.send(&queue, "m").await;
        let receipt = side.receive(&queue, 5).await.remove(0).receipt_handle.unwrap();
        side.check("12 h", code(&change(&receipt, 43_200).send().await), "ok");
        side.check_but(
            "12 h and a second",
            code(&change(&receipt, 43_201).send().await),
            PARAMETER,
            ("ok", UNCHECKED),
        );
        side.check_but("-1", code(&change(&receipt, -1).send().await), PARAMETER, ("ok", UNCHECKED));
        side.check("a minute", code(&change(&receipt, 60).send().await), "ok");
        side.check("a delete", code(&delete(&receipt).send().await), "ok");
        let why = "a delete is idempotent on AWS: a receipt of a deleted message is no error";
        side.check_but(
            "the delete again",
            code(&delete(&receipt).send().await),
            "ok",
            ("ReceiptHandleIsInvalid", why),
        );
        let why = "AWS names the parameter, since the receipt itself is well formed";
        let gone = change(&receipt, 1).send().await;
        side.check_but(
            "the visibility of what is gone",
            code(&gone),
            PARAMETER,
            ("ReceiptHandleIsInvalid", why),
        );
    })
    .await;
}

#[tokio::test]
async fn batches() {
    compare("batches", |side| async move {
        let queue = side.queue("q", &[]).await;
        let entry = |id: &str| Entry::builder().id(id).message_body(id).build().unwrap();
        let batch = |ids: &[&str]| {
            let entries = ids.iter().map(|id| entry(id)).collect();
            side.sqs.send_message_batch().queue_url(&queue).set_entries(Some(entries))
        };
        let simple = |code: &str| format!("AWS.SimpleQueueService.{code}");
        let ten: Vec<_> = (0..11).map(|n| n.to_string()).collect();
        let ten: Vec<_> = ten.iter().map(String::as_str).collect();
        side.check("ten", code(&batch(&ten[..10]).send().await), "ok");
        side.check("eleven", code(&batch(&ten).send().await), simple("TooManyEntriesInBatchRequest"));
        side.check("none", code(&batch(&[]).send().await), simple("EmptyBatchRequest"));
        side.check(
            "twice the same id",
            code(&batch(&["a", "b", "a"]).send().await),
            simple("BatchEntryIdsNotDistinct"),
        );
        side.check("a bad id", code(&batch(&["a b"]).send().await), simple("InvalidBatchEntryId"));
        side.check("an id of 80", code(&batch(&[&"x".repeat(80)]).send().await), "ok");
        side.check(
            "an id of 81",
            code(&batch(&[&"x".repeat(81)]).send().await),
            simple("InvalidBatchEntryId"),
        );
        let half = |id: &str, more: usize| {
            Entry::builder().id(id).message_body("x".repeat(524_288 + more)).build().unwrap()
        };
        let halves = |more| {
            side.sqs.send_message_batch().queue_url(&queue).entries(half("a", 0)).entries(half("b", more))
        };
        side.check("1 MiB together", code(&halves(0).send().await), "ok");
        side.check("1 MiB and a byte together", code(&halves(1).send().await), simple("BatchRequestTooLong"));
        let unknown = side.sqs.send_message_batch().queue_url("http://x/000000000000/no").entries(entry("a"));
        side.check("an unknown queue", code(&unknown.send().await), NO_QUEUE);
        side.sqs.purge_queue().queue_url(&queue).send().await.unwrap();

        let bad = Entry::builder().id("bad").message_body("\u{2}").build().unwrap();
        let mixed = batch(&["good"]).entries(bad).entries(entry("fine")).send().await.unwrap();
        let done: Vec<_> = mixed.successful.iter().map(|done| done.id.as_str()).collect();
        side.check("the good entries", done.join(" "), "good fine");
        let failed: Vec<_> =
            mixed.failed.iter().map(|f| format!("{} {} {}", f.id, f.code, f.sender_fault)).collect();
        side.check("the bad entry", failed.join(";"), "bad InvalidMessageContents true");
        side.check("what was sent", side.bodies(&queue, 5).await, "fine good");

        side.send(&queue, "m").await;
        let receipt = side.receive(&queue, 5).await.remove(0).receipt_handle.unwrap();
        let change = |id: &str, receipt: &str| {
            Change::builder().id(id).receipt_handle(receipt).visibility_timeout(60).build().unwrap()
        };
        let request = side.sqs.change_message_visibility_batch().queue_url(&queue);
        let changed =
            request.entries(change("a", &receipt)).entries(change("b", "nonsense")).send().await.unwrap();
        let failed: Vec<_> = changed.failed.iter().map(|f| format!("{} {}", f.id, f.code)).collect();
        side.check("visibilities", changed.successful.len(), 1);
        side.check("a failed visibility", failed.join(";"), "b ReceiptHandleIsInvalid");
        let delete =
            |id: &str, receipt: &str| Delete::builder().id(id).receipt_handle(receipt).build().unwrap();
        let request = side.sqs.delete_message_batch().queue_url(&queue);
        let deleted =
            request.entries(delete("a", "nonsense")).entries(delete("b", &receipt)).send().await.unwrap();
        let failed: Vec<_> = deleted.failed.iter().map(|f| format!("{} {}", f.id, f.code)).collect();
        side.check("deletes", deleted.successful.len(), 1);
        side.check("a failed delete", failed.join(";"), "a ReceiptHandleIsInvalid");
        let none =
            side.sqs.delete_message_batch().queue_url(&queue).set_entries(Some(Vec::new())).send().await;
        side.check("no deletes", code(&none), simple("EmptyBatchRequest"));
    })
    .await;
}
