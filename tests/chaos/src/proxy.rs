//! The way to AWS: one endpoint before the tables and the queues, which the weather strikes.
//!
//! Two doors lead to the same services, each with a weather of its own: one for workers, and one for Multitask's other functions. Invariant: a
//! request that passes reaches its service once, byte for byte.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::dice::Dice;
use crate::weather::{Fate, Weather};

const KIND: &str = "application/x-amz-json-1.0";

/// Both doors; clones are the same ones.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// The door of the workers.
    pub workers: String,
    /// The door of everybody else.
    pub others: String,
    sky: Arc<Sky>,
}

/// The weather before each door.
#[derive(Debug, Clone, Copy, Default)]
pub struct Skies {
    /// Before the workers'.
    pub workers: Weather,
    /// Before everybody else's.
    pub others: Weather,
}

#[derive(Debug)]
struct Sky {
    dynamo: String,
    doubles: String,
    client: reqwest::Client,
    skies: Mutex<Skies>,
    dice: Dice,
    struck: Mutex<u32>,
}

#[derive(Clone)]
struct Door {
    sky: Arc<Sky>,
    of_workers: bool,
}

impl Proxy {
    /// Opens both doors to these services, in calm weather.
    pub async fn start(dynamo: &str, doubles: &str, seed: u64) -> anyhow::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "it leads to ports of this program")]
        let client = reqwest::Client::builder().no_proxy().build()?;
        let sky = Arc::new(Sky {
            dynamo: dynamo.to_owned(),
            doubles: doubles.to_owned(),
            client,
            skies: Mutex::default(),
            dice: Dice::new(seed, "sky"),
            struck: Mutex::default(),
        });
        let workers = open(Door { sky: Arc::clone(&sky), of_workers: true }).await?;
        let others = open(Door { sky: Arc::clone(&sky), of_workers: false }).await?;
        Ok(Self { workers, others, sky })
    }

    /// Changes the weather from now on.
    pub fn change(&self, change: impl FnOnce(&mut Skies)) {
        change(&mut self.sky.skies());
    }

    /// How many requests something happened to.
    #[must_use]
    pub fn struck(&self) -> u32 {
        *self.sky.struck.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sky {
    fn skies(&self) -> MutexGuard<'_, Skies> {
        self.skies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self, of_workers: bool, target: &str) -> Fate {
        let skies = *self.skies();
        let weather = if of_workers { skies.workers } else { skies.others };
        let fate = if is_of_tables(target) {
            weather.at_the_tables(&self.dice)
        } else {
            weather.at_the_queues(target.ends_with(".SendMessage"), &self.dice)
        };
        if fate != Fate::Passes {
            *self.struck.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
        fate
    }
}

async fn open(door: Door) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router =
        Router::new().fallback(pass).layer(axum::extract::DefaultBodyLimit::disable()).with_state(door);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

async fn pass(
    State(door): State<Door>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    mut body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let fate = door.sky.fate(door.of_workers, target);
    match fate {
        Fate::Refused => return failure(target, door.sky.dice.chance(0.5)),
        Fate::Slow(seconds) => tokio::time::sleep(Duration::from_secs_f64(seconds)).await,
        Fate::Late(seconds) => body = delayed(&body, seconds),
        Fate::Twice => {
            // What comes of the first of them is told to nobody.
            let _ = forward(&door.sky, target, &method, &uri, &headers, body.clone()).await;
        }
        Fate::Passes | Fate::Lost | Fate::Cut => {}
    }
    let Ok((status, headers, answer)) = forward(&door.sky, target, &method, &uri, &headers, body).await
    else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    match fate {
        Fate::Lost => failure(target, false),
        Fate::Cut => {
            let broken =
                stream::iter([Err::<Bytes, _>(io::Error::other("the connection breaks on purpose"))]);
            (status, Body::from_stream(broken)).into_response()
        }
        _ => (status, headers, answer).into_response(),
    }
}

async fn forward(
    sky: &Sky,
    target: &str,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
) -> reqwest::Result<(StatusCode, HeaderMap, Bytes)> {
    let behind = if is_of_tables(target) { &sky.dynamo } else { &sky.doubles };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = sky.client.request(method.clone(), format!("{behind}{path}")).body(body);
    for (name, value) in headers {
        // The URLs of queues are given under the host that was asked.
        if name != header::CONTENT_LENGTH && name != header::CONNECTION {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await?;
    let status = answer.status();
    let kept = [header::CONTENT_TYPE.as_str(), "x-amzn-query-error", "x-amzn-errortype", "x-amzn-requestid"];
    let headers = answer.headers().iter();
    let headers = headers.filter(|(name, _)| kept.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.clone(), value.clone())).collect();
    Ok((status, headers, answer.bytes().await?))
}

fn is_of_tables(target: &str) -> bool {
    target.starts_with("DynamoDB")
}

/// A failure as the service words it.
fn failure(target: &str, throttles: bool) -> Response {
    let kind = [(header::CONTENT_TYPE, KIND)];
    let told = |name: &str| json!({"__type": name, "message": "struck on purpose"}).to_string();
    if !is_of_tables(target) {
        let kind = [(header::CONTENT_TYPE.as_str(), KIND), ("x-amzn-query-error", "InternalError;Receiver")];
        return (StatusCode::INTERNAL_SERVER_ERROR, kind, told("com.amazonaws.sqs#InternalError"))
            .into_response();
    }
    let prefix = "com.amazonaws.dynamodb.v20120810";
    if throttles {
        let body = told(&format!("{prefix}#ProvisionedThroughputExceededException"));
        return (StatusCode::BAD_REQUEST, kind, body).into_response();
    }
    (StatusCode::INTERNAL_SERVER_ERROR, kind, told(&format!("{prefix}#InternalServerError"))).into_response()
}

/// A request to send a message, with a later message.
fn delayed(body: &Bytes, seconds: u32) -> Bytes {
    let Ok(mut request) = serde_json::from_slice::<Value>(body) else { return body.clone() };
    let before = request["DelaySeconds"].as_u64().unwrap_or(0);
    request["DelaySeconds"] = json!((before + u64::from(seconds)).min(900));
    request.to_string().into()
}
