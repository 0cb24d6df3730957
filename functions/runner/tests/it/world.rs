//! Tables, queues, an upstream, and runners between them.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use ambient::{Clock, Entropy};
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use domain::UnitId;
use domain::event::Flush;
use domain::group::Secrets;
use domain::input::FIRST_SOURCE;
use domain::message::{self, Work};
use domain::unit::Unit;
use jiff::SignedDuration;
use multitask::data_dir::DataDir;
use multitask::doubles::Doubles;
use multitask::sdk;
use queue::{Line, Parcel, Places, Queue};
use runner::{Parts, Runner, Settings};
use serde_json::json;
use simulator::{Config, Simulator};
use store::{Created, Store, Tables};
use tokio::net::TcpListener;
use vault::{Sealer, Secret};
use web::outbound::{Lookup, Outbound};

use crate::ended::Ended;
use crate::gate::Gate;
use crate::group::{Group, inputs};

/// What Lambda gives an invocation.
pub(crate) const INVOCATION: Duration = Duration::from_mins(10);

pub(crate) struct Setup {
    pub(crate) settings: Settings,
    pub(crate) simulator: Config,
    pub(crate) allow_hosts: Vec<String>,
    /// Whether runners adopt, and pass on.
    pub(crate) adopts: bool,
    /// What is not usual about how runners reach the upstream.
    pub(crate) reach: fn(&mut parallel::Settings),
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            settings: Settings { flush: Duration::from_millis(10), ..Settings::default() },
            simulator: Config { speed: 2_000.0, entropy: Entropy::seeded(3), ..Config::default() },
            allow_hosts: Vec::new(),
            adopts: false,
            reach: |_| {},
        }
    }
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) doubles: Doubles,
    pub(crate) simulator: Simulator,
    pub(crate) gate: Gate,
    pub(crate) clock: Clock,
    pub(crate) sealer: Sealer,
    pub(crate) settings: Settings,
    pub(crate) tables: aws_sdk_dynamodb::Client,
    sqs: aws_sdk_sqs::Client,
    runs: String,
    adopt: String,
    deliveries: String,
    gated: Store,
    reach: fn(&mut parallel::Settings),
    outbound: Outbound,
    units: AtomicU8,
    runners: AtomicU8,
    _directory: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        // Fails when another test was here before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let database = dynoxide::Database::memory().expect("a database");
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
        let gate = Gate::start(endpoint.clone()).await;
        let names = Tables { units: "units".to_owned(), outbox: "outbox".to_owned() };
        let store = Store::new(&sdk::config(&endpoint), names.clone());
        store.create_tables().await.expect("tables");

        let (clock, entropy) = (Clock::system(), Entropy::seeded(1));
        let directory = tempfile::tempdir().expect("a directory");
        let data = DataDir::open(directory.path()).expect("a data directory");
        let doubles = Doubles::start(&data, clock.clone(), entropy.clone()).await.expect("doubles");
        let config = sdk::config(&doubles.endpoint());
        let sqs = aws_sdk_sqs::Client::new(&config);
        let (runs, deliveries) = (make_queue(&sqs, "runs").await, make_queue(&sqs, "deliveries").await);
        let adopt = make_queue(&sqs, "adopt").await;
        let places = Places {
            runs: runs.clone(),
            adopt: setup.adopts.then(|| adopt.clone()),
            deliveries: deliveries.clone(),
            deliveries_arn: "arn:aws:sqs:us-east-1:000000000000:deliveries".to_owned(),
            schedule_group: "multitask".to_owned(),
            schedule_role: "arn:aws:iam::000000000000:role/schedules".to_owned(),
        };
        let simulator = Simulator::start(setup.simulator).await.expect("an upstream");
        let outbound = web::outbound::Settings::from_rules(&setup.allow_hosts, None).expect("rules");
        Self {
            queue: Queue::new(&config, places),
            reach: setup.reach,
            gated: Store::new(&sdk::config(&gate.endpoint), names),
            tables: aws_sdk_dynamodb::Client::new(&sdk::config(&endpoint)),
            sealer: Sealer::new(&[7; 32], entropy),
            outbound: Outbound::with_lookup(outbound, Lookup::system()).expect("a client"),
            units: AtomicU8::new(0),
            runners: AtomicU8::new(0),
            settings: setup.settings,
            _directory: directory,
            store,
            doubles,
            simulator,
            gate,
            clock,
            sqs,
            runs,
            adopt,
            deliveries,
        }
    }

    /// A runner in a process of its own.
    pub(crate) fn runner(&self) -> Runner {
        self.runner_at(&self.simulator.url())
    }

    /// A runner whose upstream is there.
    pub(crate) fn runner_at(&self, upstream: &str) -> Runner {
        let mut reached = parallel::Settings::new(upstream.parse().expect("a URL"));
        (self.reach)(&mut reached);
        let settings = self.settings.clone();
        Runner::new(Parts {
            store: self.gated.clone(),
            queue: self.queue.clone(),
            upstream: parallel::Client::new(reached).expect("a client"),
            sealer: self.sealer.clone(),
            outbound: self.outbound.clone(),
            clock: self.clock.clone(),
            entropy: Entropy::seeded(u64::from(self.runners.fetch_add(1, Ordering::Relaxed)) + 2),
            settings,
            on_change: Arc::new(|_| {}),
        })
    }

    /// The tables as runners reach them.
    pub(crate) fn behind_the_gate(&self) -> &Store {
        &self.gated
    }

    /// Creates a unit as the api does, and sends its message.
    pub(crate) async fn create(&self, group: Group) -> UnitId {
        let id = self.create_silently(group).await;
        self.send(&id, 0).await;
        id
    }

    /// Creates a unit, and crashes before its message is sent.
    pub(crate) async fn create_silently(&self, group: Group) -> UnitId {
        let number = self.units.fetch_add(1, Ordering::Relaxed) + 1;
        self.create_as(UnitId::from_bits([number; 16]), group).await
    }

    pub(crate) async fn create_as(&self, id: UnitId, group: Group) -> UnitId {
        let now = self.clock.now();
        let key = group.key.clone().unwrap_or_else(|| key_of(&id));
        let unit = group.unit(id.clone(), self.owner(&key), &self.simulator.url(), self.seal(&id, &key), now);
        let expires = now + SignedDuration::from_hours(24 * 90);
        self.store.put_inputs(&id, FIRST_SOURCE, 0, &inputs(&group.rows), expires).await.expect("a table");
        assert_eq!(self.store.create_unit(&unit, None).await.expect("a table"), Created::Now);
        id
    }

    pub(crate) fn owner(&self, key: &str) -> domain::OwnerId {
        self.sealer.owner(&Secret::new(key))
    }

    pub(crate) fn seal(&self, id: &UnitId, key: &str) -> String {
        let secrets = Secrets { key: key.to_owned(), mcp_servers: None };
        let secrets = serde_json::to_string(&secrets).expect("JSON");
        self.sealer.seal(&Secret::new(secrets), id.as_str())
    }

    pub(crate) async fn send(&self, id: &UnitId, hop: u32) {
        let owner = self.unit(id).await.owner;
        self.queue.send(&Parcel::of(owner, Work::unit(id.clone(), hop)), Line::Runs).await.expect("a queue");
    }

    /// What can be received now, ten at most.
    pub(crate) async fn receive(&self) -> Vec<SqsMessage> {
        let request = self.sqs.receive_message().queue_url(&self.runs).max_number_of_messages(10);
        let messages = request.send().await.expect("a queue").messages.unwrap_or_default();
        let record = |message: aws_sdk_sqs::types::Message| {
            let mut record = SqsMessage::default();
            record.message_id = message.message_id;
            record.receipt_handle = message.receipt_handle;
            record.body = message.body;
            record
        };
        messages.into_iter().map(record).collect()
    }

    /// The one message that can be received now.
    pub(crate) async fn receive_one(&self) -> SqsMessage {
        let mut messages = self.receive().await;
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.pop().expect("one")
    }

    /// Gives these messages to a runner and settles with the queue as Lambda does; returns the ids that stay.
    pub(crate) async fn invoke(&self, runner: &Runner, records: Vec<SqsMessage>) -> Vec<String> {
        let answer = runner.invoke(event(records.clone()), INVOCATION).await;
        let failed: Vec<String> =
            answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        for record in records {
            if !failed.contains(record.message_id.as_ref().expect("an id")) {
                let receipt = record.receipt_handle.expect("a receipt");
                self.sqs
                    .delete_message()
                    .queue_url(&self.runs)
                    .receipt_handle(receipt)
                    .send()
                    .await
                    .expect("a queue");
            }
        }
        failed
    }

    /// A runner that dies as soon as a request is held at the gate; false if it came to the end of its work.
    pub(crate) async fn dies_when_held(&self, records: Vec<SqsMessage>) -> bool {
        let runner = self.runner();
        let died = tokio::select! {
            _ = runner.invoke(event(records), INVOCATION) => false,
            () = self.gate.held() => true,
        };
        // What was broken off is gone once it was scheduled again.
        tokio::task::yield_now().await;
        died
    }

    /// Drives one invocation while the clock is moved by `step` whenever the unit says that it waits.
    pub(crate) async fn settle_waiting(&self, id: &UnitId, step: Duration) -> Ended {
        let moves = async {
            loop {
                self.until(id, |unit| unit.progress.waiting_for.is_some()).await;
                self.clock.advance(step);
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            ended = self.settle(id) => ended,
            () = moves => unreachable!("it goes on"),
        }
    }

    /// Moves the clock past every lease and announcement.
    pub(crate) fn leases_pass(&self) {
        self.clock.advance(self.settings.lease.max(self.settings.purchase) + Duration::from_secs(2));
    }

    /// Lets runners work, each a process of its own, until the unit is over.
    pub(crate) async fn settle(&self, id: &UnitId) -> Ended {
        for _ in 0..200 {
            if self.unit(id).await.status.is_terminal() {
                return self.ended(id).await;
            }
            let records = self.receive().await;
            assert!(!records.is_empty(), "nobody would ever drive {:?}", self.unit(id).await);
            self.invoke(&self.runner(), records).await;
        }
        panic!("the unit does not end: {:?}", self.unit(id).await);
    }

    /// Creates a unit and drives it to its end.
    pub(crate) async fn run(&self, group: Group) -> Ended {
        let id = self.create(group).await;
        self.settle(&id).await
    }

    pub(crate) async fn unit(&self, id: &UnitId) -> Unit {
        self.store.unit(id).await.expect("a table").expect("a unit")
    }

    /// Returns once the unit is as `wanted`.
    pub(crate) async fn until(&self, id: &UnitId, wanted: impl Fn(&Unit) -> bool) -> Unit {
        loop {
            let unit = self.unit(id).await;
            if wanted(&unit) {
                return unit;
            }
            tokio::task::yield_now().await;
        }
    }

    /// All flushes, which are numbered without gaps.
    pub(crate) async fn flushes(&self, id: &UnitId) -> Vec<Flush> {
        let flushes = self.store.all_events(id).await.expect("a table");
        for (wanted, (number, _)) in (1..).zip(&flushes) {
            assert_eq!(*number, wanted, "the flushes have a gap");
        }
        flushes.into_iter().map(|(_, flush)| flush).collect()
    }

    /// How many messages of the queue are left, visible or not.
    pub(crate) async fn messages_left(&self) -> usize {
        count(&self.sqs, &self.runs).await
    }

    /// How many messages wait to be adopted, or are with who adopted them.
    pub(crate) async fn adopted(&self) -> usize {
        count(&self.sqs, &self.adopt).await
    }

    pub(crate) async fn attempts_left(&self) -> usize {
        count(&self.sqs, &self.deliveries).await
    }

    /// Every item of both tables, as text.
    pub(crate) async fn everything(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for table in ["units", "outbox"] {
            let items = self.tables.scan().table_name(table).send().await.expect("a table").items;
            for item in items.unwrap_or_default() {
                let key = |name: &str| item[name].as_s().cloned().expect("a key");
                let attributes = item.iter().map(|(name, value)| format!("{name}={}\n", readable(value)));
                all.insert(format!("{table} {} {}", key("pk"), key("sk")), attributes.collect());
            }
        }
        all
    }
}

/// An attribute as people can read it, unpacked where it is packed.
fn readable(value: &AttributeValue) -> String {
    let AttributeValue::B(bytes) = value else { return format!("{value:?}") };
    let mut text = Vec::new();
    match bytes.as_ref().split_first() {
        Some((1, deflated)) => {
            // What is cut over several items does not inflate to its end.
            let _ = flate2::read::DeflateDecoder::new(deflated).read_to_end(&mut text);
        }
        _ => text.extend_from_slice(bytes.as_ref()),
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The key of a unit that brought none.
pub(crate) fn key_of(id: &UnitId) -> String {
    format!("key-of-{id}")
}

pub(crate) fn event(records: Vec<SqsMessage>) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = records;
    event
}

pub(crate) fn record(message_id: &str, work: &Work) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(message_id.to_owned());
    record.receipt_handle = Some(format!("receipt of {message_id}"));
    record.body = Some(message::write(work));
    record
}

async fn make_queue(sqs: &aws_sdk_sqs::Client, name: &str) -> String {
    let visibility = json!(900).to_string();
    let request =
        sqs.create_queue().queue_name(name).attributes(QueueAttributeName::VisibilityTimeout, visibility);
    request.send().await.expect("a queue").queue_url.expect("a URL")
}

async fn count(sqs: &aws_sdk_sqs::Client, url: &str) -> usize {
    let names = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    ];
    let request = sqs.get_queue_attributes().queue_url(url).set_attribute_names(Some(names.to_vec()));
    let found = request.send().await.expect("a queue").attributes.unwrap_or_default();
    found.values().map(|count| count.parse::<usize>().expect("a number")).sum()
}
