//! From a connection to a handler and back: protocols, keys, faults, the ledger.
//!
//! HTTP/1.1 and HTTP/2 with prior knowledge share one port. Leaves what operations do to `handlers`. Invariant: a call
//! that creates is in the ledger exactly once, with how its caller was answered.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::call::{Call, Created, Tricks};
use crate::control;
use crate::endpoint::{Endpoint, Route, route};
use crate::fault::Effect;
use crate::handlers::handle;
use crate::ledger::{Answer, CreateCall};
use crate::owner::Owner;
use crate::refusal::Refusal;
use crate::world::World;

const BODY_BYTES: usize = 64 * 1024 * 1024;

/// The caller gets no reply: its connection closes, or its stream is reset.
#[derive(Debug, thiserror::Error)]
#[error("the reply is lost on purpose")]
pub(crate) struct Lost;

/// Accepts connections until the simulator stops.
pub(crate) async fn accept(world: Arc<World>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = world.closed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(Arc::clone(&world), stream));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn serve(world: Arc<World>, stream: TcpStream) {
    // a stream's events are small and must not wait for one another
    let _ = stream.set_nodelay(true);
    let max_streams = world.config.max_streams;
    let service = service_fn(move |request| {
        let world = Arc::clone(&world);
        async move {
            let stopped = Arc::clone(&world);
            tokio::select! {
                answer = answer(world, request) => answer,
                () = stopped.closed() => Err(Lost),
            }
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(max_streams);
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection ended");
    }
}

async fn answer(world: Arc<World>, request: Request<Incoming>) -> Result<Response<Body>, Lost> {
    let entropy = world.config.entropy.clone();
    let (parts, body) = request.into_parts();
    let (endpoint, group, run) = match route(&parts.method, parts.uri.path()) {
        Route::Call { endpoint, group, run } => (endpoint, group, run),
        Route::Control(path) => {
            let body = read(body).await.unwrap_or_default();
            return Ok(control::answer(&world, &parts.method, &path, parts.uri.query(), &body));
        }
        Route::WrongMethod => return Ok(Refusal::WrongMethod.into_response(false, &entropy)),
        Route::Unknown => return Ok(Refusal::PathUnknown.into_response(false, &entropy)),
    };
    world.records().count(endpoint);
    let key = parts.headers.get("x-api-key").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if key.is_empty() || key.contains("refused") {
        return Ok(Refusal::Unauthorized.into_response(false, &entropy));
    }
    let owner = Owner::of_key(key);
    let empty = key.contains("nocredit") && matches!(endpoint, Endpoint::CreateRun | Endpoint::AddRuns);
    let struck = world
        .faults
        .draw(endpoint, Some(&owner), |effect| matches!(effect, Effect::Status { .. } | Effect::LostRequest));
    let done = match struck.into_iter().next() {
        Some(Effect::LostRequest) => {
            record(&world, endpoint, &owner, Created::default(), Answer::Unseen);
            return Err(Lost);
        }
        Some(Effect::Status { status, retry_after, message }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Err(Refusal::Injected { status, retry_after, message })
        }
        _ if empty => Err(Refusal::NoCredit),
        _ => match read(body).await {
            None => Err(Refusal::TooLarge),
            Some(body) => {
                let query = parts.uri.query().unwrap_or_default().as_bytes();
                let query = url::form_urlencoded::parse(query).into_owned().collect();
                let tricks = Tricks::draw(&world.faults, endpoint, &owner);
                let (world, owner) = (Arc::clone(&world), owner.clone());
                handle(Call { world, endpoint, owner, group, run, query, body, tricks }).await
            }
        },
    };
    match done {
        Ok(response) => finish(&world, endpoint, &owner, response).await,
        Err(refusal) => {
            let refused = Answer::Refused(refusal.status().as_u16());
            record(&world, endpoint, &owner, Created::default(), refused);
            Ok(refusal.into_response(endpoint.complains_in_second_form(), &entropy))
        }
    }
}

/// Sends the reply of an executed call, late or not at all where a fault says so.
async fn finish(
    world: &World,
    endpoint: Endpoint,
    owner: &Owner,
    mut response: Response<Body>,
) -> Result<Response<Body>, Lost> {
    let struck = world
        .faults
        .draw(endpoint, Some(owner), |effect| matches!(effect, Effect::LostReply | Effect::SlowReply { .. }));
    let created = response.extensions_mut().remove::<Created>().unwrap_or_default();
    let lost = struck.contains(&Effect::LostReply);
    record(world, endpoint, owner, created, if lost { Answer::Lost } else { Answer::Told });
    for effect in struck {
        if let Effect::SlowReply { seconds } = effect {
            let wait = Duration::try_from_secs_f64(seconds).unwrap_or_default();
            world.config.clock.sleep(wait).await;
        }
    }
    if lost { Err(Lost) } else { Ok(response) }
}

fn record(world: &World, endpoint: Endpoint, owner: &Owner, created: Created, answer: Answer) {
    if endpoint.creates() {
        world.records().create(CreateCall {
            at: world.now(),
            endpoint,
            owner: owner.clone(),
            taskgroup_id: created.group,
            run_ids: created.runs,
            answer,
        });
    }
}

async fn read(body: Incoming) -> Option<bytes::Bytes> {
    let limited = Limited::new(body, BODY_BYTES);
    limited.collect().await.ok().map(http_body_util::Collected::to_bytes)
}
