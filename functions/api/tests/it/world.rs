//! The tables, the queue, a server of lists, the function, and a runner's pen.

use std::sync::{Arc, Mutex};

use ambient::{Clock, Entropy};
use api::{Api, Parts, Settings};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use domain::event::Flush;
use domain::run::{Counts, RunStatus};
use domain::unit::{Status, Unit};
use domain::{OwnerId, UnitId};
use http_body_util::BodyExt;
use queue::{Places, Queue};
use serde_json::{Value, json};
use store::{Claim, Saved, Store, Tables};
use tokio::net::TcpListener;
use tower::ServiceExt;
use vault::webhook::Verifier;
use vault::{Sealer, Secret};
use web::Access;
use web::outbound::{Lookup, Outbound};

use crate::gate::Gate;
use crate::lists::Lists;
use crate::queues::Queues;

/// The key of whoever asks here, unless a test says otherwise.
pub(crate) const KEY: &str = "key-of-the-owner-4711";
/// What the upstream signs its webhooks with.
pub(crate) const UPSTREAM_SECRET: &str = "whsec_dGhlLXVwc3RyZWFtcy1zZWNyZXQtb2YtdGVzdHM=";
const UPSTREAM: &str = "https://upstream.example/";
pub(crate) const BASE: &str = "https://tasks.example/base";

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) queues: Queues,
    pub(crate) gate: Gate,
    pub(crate) lists: Lists,
    pub(crate) clock: Clock,
    pub(crate) sealer: Sealer,
    pub(crate) changed: Arc<Mutex<Vec<UnitId>>>,
    pub(crate) service: Router,
    pub(crate) tables_endpoint: String,
    entropy: Entropy,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn id(&self) -> UnitId {
        assert_eq!(self.status, StatusCode::ACCEPTED, "{}", self.text);
        self.json()["url"]
            .as_str()
            .and_then(|url| url.rsplit('/').next())
            .expect("an id")
            .parse()
            .expect("an id")
    }

    /// Where the faults are that it tells.
    pub(crate) fn places(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["pointer"].as_str().expect("a pointer").to_owned()).collect()
    }
}

/// A body of a group in which nothing is wrong.
pub(crate) fn group(inputs: &Value) -> Value {
    json!({"inputs": inputs, "output_type": "text"})
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Access::default()).await
    }

    pub(crate) async fn with(access: Access) -> Self {
        // Fails when another test was here before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let tables_endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let database = dynoxide::Database::memory().expect("a database");
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
        let store = store_at(&tables_endpoint, "units").await;
        store.create_tables().await.expect("tables");
        let gate = Gate::start(tables_endpoint.clone()).await;
        let (queues, lists) = (Queues::start().await, Lists::start().await);
        let (clock, entropy) = (Clock::system(), Entropy::seeded(1));
        let sealer = Sealer::new(&[7; 32], entropy.clone());
        let changed = Arc::<Mutex<Vec<UnitId>>>::default();
        let mut world = Self {
            store,
            queues,
            gate,
            lists,
            clock,
            sealer,
            changed,
            service: Router::new(),
            tables_endpoint,
            entropy,
        };
        let store = store_at(&world.gate.endpoint, "units").await;
        world.service = api::service(world.api(store, access, Some(BASE)).await);
        world
    }

    /// The function over another store, or for other callers.
    pub(crate) async fn api(&self, store: Store, access: Access, public_url: Option<&str>) -> Api {
        let webhooks = Verifier::new(&Secret::new(UPSTREAM_SECRET)).expect("a secret");
        self.api_with(store, access, public_url, Some(webhooks), UPSTREAM).await
    }

    /// The function of an operator who knows no secret of the upstream's.
    pub(crate) async fn api_without_webhooks(&self, store: Store, access: Access) -> Api {
        self.api_with(store, access, Some(BASE), None, UPSTREAM).await
    }

    /// The function before this upstream.
    pub(crate) async fn api_before(&self, upstream: &str) -> Api {
        let store = store_at(&self.gate.endpoint, "units").await;
        self.api_with(store, Access::default(), Some(BASE), None, upstream).await
    }

    async fn api_with(
        &self,
        store: Store,
        access: Access,
        public_url: Option<&str>,
        upstream_webhooks: Option<Verifier>,
        upstream: &str,
    ) -> Api {
        let places = Places {
            runs: format!("{}/0/runs", self.queues.endpoint),
            adopt: None,
            deliveries: format!("{}/0/deliveries", self.queues.endpoint),
            deliveries_arn: "arn:aws:sqs:us-east-1:000000000000:deliveries".to_owned(),
            schedule_group: "multitask".to_owned(),
            schedule_role: "arn:aws:iam::000000000000:role/schedules".to_owned(),
        };
        let allowed = web::outbound::Settings::from_rules(std::slice::from_ref(&self.lists.address), None)
            .expect("rules");
        let changed = self.changed.clone();
        Api::new(Parts {
            store,
            queue: Queue::new(&cloud::config(Some(&self.queues.endpoint)).await, places),
            sealer: self.sealer.clone(),
            outbound: Outbound::with_lookup(allowed, Lookup::system()).expect("a client"),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            settings: Settings {
                access,
                upstream: upstream.parse().expect("a URL"),
                public_url: public_url.map(str::to_owned),
                operator_signs: false,
                upstream_webhooks,
            },
            on_change: Arc::new(move |id| changed.lock().expect("no holder panics").push(id.clone())),
        })
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.service, request).await
    }

    /// A request with the owner's key and these headers, which come first.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        self.send(request(method, path, headers, body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[], body.to_string()).await
    }

    pub(crate) async fn create(&self, body: &Value) -> Answer {
        self.post("/v1beta/tasks/groups", body).await
    }

    /// A group that was accepted, as the table has it.
    pub(crate) async fn created(&self, body: &Value) -> Unit {
        self.unit(&self.create(body).await.id()).await
    }

    pub(crate) async fn unit(&self, id: &UnitId) -> Unit {
        self.store.unit(id).await.expect("a table").expect("a unit")
    }

    /// All rows of a unit, as they are stored.
    pub(crate) async fn rows(&self, unit: &Unit) -> Vec<String> {
        let mut rows = Vec::new();
        for index in 0..unit.rows() {
            let row = self.store.input(unit, index).await.expect("a table").expect("a row");
            rows.push(row.get().to_owned());
        }
        rows
    }

    pub(crate) fn owner(&self) -> OwnerId {
        Access::default().caller(Some(&Secret::new(KEY))).expect("a caller").owner(&self.sealer)
    }

    /// Claims a unit, as a runner does.
    pub(crate) async fn claimed(&self, id: &UnitId) -> Unit {
        let (unit, now) = (self.unit(id).await, self.clock.now());
        let claim = self
            .store
            .claim(id, unit.lease.hop, "m1", now, jiff::Timestamp::MAX, now)
            .await
            .expect("a table");
        let Claim::Won(unit) = claim else { panic!("{claim:?}") };
        *unit
    }

    /// Writes the end of a unit that is held, as a runner does; its runs stand as `counts` say.
    pub(crate) async fn finish(&self, held: &Unit, counts: Counts) -> Saved {
        let now = self.clock.now();
        let status = Status::of_ended(&counts);
        let mut ended = Unit {
            status,
            counts,
            seq: held.seq + 1,
            modified_at: now,
            completed_at: Some(now),
            ..held.clone()
        };
        ended.expires_at = ended.expires_at.max(now);
        let runs = vec![(0, RunStatus::Failed, 1)];
        let flush = Flush { at: now, status, counts, runs, told: Vec::new(), message: None };
        self.store.finish(&ended, &flush, &[]).await.expect("a table")
    }

    /// A group of two rows that is over; one of them failed.
    pub(crate) async fn over(&self) -> Unit {
        let unit = self.created(&group(&json!(["a", "b"]))).await;
        let held = self.claimed(&unit.id).await;
        let counts = Counts { completed: 1, failed: 1, ..Counts::default() };
        assert!(matches!(self.finish(&held, counts).await, Saved::Yes(_)));
        self.queues.taken("runs");
        self.unit(&unit.id).await
    }
}

pub(crate) async fn send(service: &Router, request: Request<Body>) -> Answer {
    let response = service.clone().oneshot(request).await.expect("routers do not fail");
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a whole body").to_bytes();
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    Answer { status: parts.status, headers: parts.headers, text }
}

/// A request with the owner's key, unless the headers name another or none.
pub(crate) fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "x-api-key") {
        request = request.header("x-api-key", KEY);
    }
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    request.body(body.into()).expect("a request")
}

pub(crate) async fn store_at(endpoint: &str, units: &str) -> Store {
    let tables = Tables { units: units.to_owned(), outbox: "outbox".to_owned() };
    Store::new(&cloud::config(Some(endpoint)).await, tables)
}
