//! The tables, the queues, a receiver, and the function between them.

use std::time::Duration;

use ambient::{Clock, Entropy};
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use domain::announce::announce;
use domain::delivery::{Attempted, Delivery, Outcome, State, redelivered};
use domain::group::{GroupSpec, Inputs, Output};
use domain::message::{self, Attempt};
use domain::progress::Progress;
use domain::run::Counts;
use domain::unit::{Asks, Kind, Lease, Spec, Status, Unit, Visibility};
use domain::{OwnerId, UnitId};
use jiff::{SignedDuration, Timestamp};
use queue::{Places, Queue};
use serde_json::{Map, Value, json};
use store::{Change, Created, Store, Tables};
use tokio::net::TcpListener;
use vault::Sealer;
use web::outbound::{Lookup, Outbound};
use webhook::{Settings, Webhook};

use crate::queues::Queues;
use crate::receiver::Receiver;

/// How long past its due time a delivery is left to its own message before it is swept.
const GRACE: SignedDuration = SignedDuration::from_secs(60);

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) queues: Queues,
    pub(crate) receiver: Receiver,
    pub(crate) clock: Clock,
    pub(crate) sealer: Sealer,
    pub(crate) webhook: Webhook,
    entropy: Entropy,
    tables_endpoint: String,
}

pub(crate) fn owner() -> OwnerId {
    OwnerId::new("owner")
}

pub(crate) fn id(byte: u8) -> UnitId {
    UnitId::from_bits([byte; 16])
}

/// The key of the only delivery of a unit here.
pub(crate) const KEY: &str = "D#webhook#cancelled#0";

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        // Fails when another test was here before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let database = dynoxide::Database::memory().expect("a database");
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
        let tables = Tables { units: "units".to_owned(), outbox: "outbox".to_owned() };
        let store = Store::new(&cloud::config(Some(&endpoint)).await, tables);
        store.create_tables().await.expect("tables");

        let (clock, entropy) = (Clock::system(), Entropy::seeded(1));
        let queues = Queues::start(clock.clone()).await;
        let places = Places {
            runs: format!("{}/0/runs", queues.endpoint),
            adopt: None,
            deliveries: format!("{}/0/deliveries", queues.endpoint),
            deliveries_arn: "arn:aws:sqs:us-east-1:000000000000:deliveries".to_owned(),
            schedule_group: "multitask".to_owned(),
            schedule_role: "arn:aws:iam::000000000000:role/schedules".to_owned(),
        };
        let queue = Queue::new(&cloud::config(Some(&queues.endpoint)).await, places);
        let receiver = Receiver::start().await;
        let sealer = Sealer::new(&[7; 32], entropy.clone());
        let outbound = outbound(&[&receiver.address]);
        let webhook = Webhook::new(
            store.clone(),
            queue.clone(),
            sealer.clone(),
            outbound,
            clock.clone(),
            entropy.clone(),
            settings,
        );
        Self { store, queue, queues, receiver, clock, sealer, webhook, entropy, tables_endpoint: endpoint }
    }

    /// The function with another way out, and other settings.
    pub(crate) fn webhook_with(&self, outbound: Outbound, settings: Settings) -> Webhook {
        self.webhook_on(self.store.clone(), outbound, settings)
    }

    /// The function when its tables are not there.
    pub(crate) async fn webhook_without_tables(&self) -> Webhook {
        let tables = Tables { units: "none".to_owned(), outbox: "none".to_owned() };
        let store = Store::new(&cloud::config(Some(&self.tables_endpoint)).await, tables);
        self.webhook_on(store, outbound(&[]), Settings::default())
    }

    fn webhook_on(&self, store: Store, outbound: Outbound, settings: Settings) -> Webhook {
        let (queue, sealer) = (self.queue.clone(), self.sealer.clone());
        Webhook::new(store, queue, sealer, outbound, self.clock.clone(), self.entropy.clone(), settings)
    }

    /// Writes a unit whose end is told to `url`.
    pub(crate) async fn announced(&self, id: &UnitId, url: &str, sealed_secret: Option<String>) {
        let now = self.clock.now();
        let webhook = domain::group::Webhook { url: url.to_owned(), sealed_secret };
        let unit = unit(id.clone(), webhook, now);
        assert_eq!(self.store.create_unit(&unit, None).await.expect("a table"), Created::Now);
        let ended = Unit { status: Status::Cancelled, completed_at: Some(now), ..unit.clone() };
        let deliveries = announce(&ended, now);
        assert_eq!(self.store.cancel(&unit, &ended, &deliveries).await.expect("a table"), Change::Done);
    }

    /// A unit whose end is told to the receiver, and told to the function by the stream.
    pub(crate) async fn told(&self, byte: u8, url: &str) -> UnitId {
        let id = id(byte);
        self.announced(&id, url, None).await;
        self.stream(&[&id]).await;
        id
    }

    /// The stream's records of these units' deliveries.
    pub(crate) async fn stream(&self, ids: &[&UnitId]) {
        let records: Vec<_> = ids.iter().map(|id| record(id)).collect();
        let answer = self.webhook.dispatch(json!({ "Records": records })).await;
        assert_eq!(answer, Ok(json!({"batchItemFailures": []})));
    }

    /// Gives the function everything that has arrived, until nothing more arrives now.
    pub(crate) async fn settle(&self) {
        loop {
            let arrived = self.queues.arrived();
            if arrived.is_empty() {
                return;
            }
            assert_eq!(self.hand(&self.webhook).await, Vec::<String>::new(), "a message has to come again");
        }
    }

    /// Gives a function what has arrived, as one batch; returns the ids that have to come again.
    pub(crate) async fn hand(&self, webhook: &Webhook) -> Vec<String> {
        let arrived = self.queues.arrived();
        let mut event = SqsEvent::default();
        event.records = arrived.iter().map(|sent| sqs(&sent.id, &sent.body)).collect();
        let answer = webhook.on_attempts(event).await;
        let failed: Vec<String> =
            answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        for sent in arrived.iter().filter(|sent| !failed.contains(&sent.id)) {
            self.queues.delete(&sent.id);
        }
        failed
    }

    /// Lets time pass until the next message arrives, and gives it to the function; false if there is none.
    pub(crate) async fn next(&self) -> bool {
        let Some(next) = self.queues.all().first().cloned() else { return false };
        let wait = Duration::try_from(next.at.duration_since(self.clock.now())).unwrap_or_default();
        self.clock.advance(wait);
        self.settle().await;
        true
    }

    /// What the runner's sweep does with deliveries.
    pub(crate) async fn sweep(&self) {
        let now = self.clock.now();
        for due in self.store.due_deliveries(now - GRACE).await.expect("a table") {
            let delivery = &due.delivery;
            let State::Pending { attempt, due_at } = delivery.state else { continue };
            let again = now + SignedDuration::from_mins(5);
            if self.store.move_delivery_due(&due, again).await.expect("a table") {
                let attempt = Attempt { unit: delivery.unit.clone(), delivery: delivery.key(), attempt };
                self.queue.send_attempt(&attempt, due_at, now).await.expect("a queue");
            }
        }
    }

    /// What the api does when a redelivery is asked for.
    pub(crate) async fn redeliver(&self, id: &UnitId) {
        let (seen, now) = (self.delivery(id).await, self.clock.now());
        let again = redelivered(&seen, now);
        assert!(self.store.save_delivery(&seen, &again).await.expect("a table"));
        let State::Pending { attempt, .. } = again.state else { panic!("{:?}", again.state) };
        let attempt = Attempt { unit: id.clone(), delivery: again.key(), attempt };
        self.queue.send_attempt(&attempt, now, now).await.expect("a queue");
    }

    pub(crate) async fn delivery(&self, id: &UnitId) -> Delivery {
        self.store.delivery(id, KEY).await.expect("a table").expect("a delivery")
    }

    pub(crate) async fn state(&self, id: &UnitId) -> State {
        self.delivery(id).await.state
    }

    pub(crate) async fn attempts(&self, id: &UnitId) -> Vec<Attempted> {
        self.delivery(id).await.attempts
    }

    pub(crate) async fn last_outcome(&self, id: &UnitId) -> Outcome {
        self.attempts(id).await.pop().expect("an attempt").outcome
    }

    /// How long from now until the next attempt is due.
    pub(crate) async fn wait(&self, id: &UnitId) -> SignedDuration {
        match self.state(id).await {
            State::Pending { due_at, .. } => due_at.duration_since(self.clock.now()),
            state => panic!("{state:?}"),
        }
    }
}

/// A way out that is exempt from the address check at these places.
pub(crate) fn outbound(allow: &[&str]) -> Outbound {
    let rules: Vec<String> = allow.iter().map(|place| (*place).to_owned()).collect();
    let settings = web::outbound::Settings::from_rules(&rules, None).expect("rules");
    Outbound::with_lookup(settings, Lookup::system()).expect("a client")
}

pub(crate) fn answered(status: u16) -> Outcome {
    Outcome::Answered { status, retry_after_seconds: None }
}

pub(crate) fn sqs(id: &str, body: &str) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.message_id = Some(id.to_owned());
    message.body = Some(body.to_owned());
    message
}

/// The text of the message for an attempt.
pub(crate) fn attempt(id: &UnitId, attempt: u32) -> String {
    message::write(&Attempt { unit: id.clone(), delivery: KEY.to_owned(), attempt })
}

/// The stream's record of a unit's delivery.
pub(crate) fn record(id: &UnitId) -> Value {
    json!({
        "eventID": format!("event-{id}"),
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "Keys": {"pk": {"S": format!("U#{id}")}, "sk": {"S": KEY}},
            "SequenceNumber": format!("number-{id}"),
            "SizeBytes": 60,
            "StreamViewType": "KEYS_ONLY"
        }
    })
}

fn unit(id: UnitId, webhook: domain::group::Webhook, now: Timestamp) -> Unit {
    Unit {
        id,
        kind: Kind::Group,
        owner: owner(),
        status: Status::Pending,
        lease: Lease::default(),
        round: 0,
        seq: 0,
        changes: 0,
        created_at: now,
        started_at: None,
        completed_at: None,
        modified_at: now,
        expires_at: now + SignedDuration::from_hours(24 * 30),
        counts: Counts::pending(2),
        spec: Spec {
            public_base: "https://multitask.test".to_owned(),
            preview: None,
            upstream: "https://upstream.test".to_owned(),
            visibility: Visibility::Link,
            woken: false,
            group: GroupSpec {
                inputs: Inputs::Stored { rows: 2 },
                output: Output::Text { description: None },
                input_schema: None,
                processor: Some("base".to_owned()),
                webhook: Some(webhook),
                metadata: Map::new(),
                offset: 0,
                limit: None,
                max_cost: None,
                timeout_seconds: None,
                retry_failed: 0,
                cache_hours: None,
                pass_through: Map::new(),
                warnings: Vec::new(),
            },
        },
        asks: Asks::default(),
        progress: Progress { rows: Some(2), ..Progress::default() },
        sealed: Some("sealed".to_owned()),
    }
}
