//! A server of lists: good ones, large ones, cut ones, and ones that lead elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::stream;
use tokio::net::TcpListener;

#[derive(Debug, Clone)]
pub(crate) struct Lists {
    /// Its host and port.
    pub(crate) address: String,
    asked: Arc<AtomicUsize>,
}

impl Lists {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let lists =
            Self { address: listener.local_addr().expect("an address").to_string(), asked: Arc::default() };
        let router = Router::new().route("/{name}", get(list)).with_state(lists.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        lists
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }

    /// How often it was asked for anything.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn list(State(lists): State<Lists>, Path(name): Path<String>) -> Response {
    lists.asked.fetch_add(1, Ordering::SeqCst);
    let typed =
        |content_type: &'static str, body: String| ([(CONTENT_TYPE, content_type)], body).into_response();
    match name.as_str() {
        "rows.json" => typed("application/json", r#"[{"n": 1}, {"n": 12345678901234567890123}]"#.to_owned()),
        "rows.csv" => typed("text/csv", "name,city\nA,\"B, C\"\n".to_owned()),
        "rows.ndjson" => typed("application/octet-stream", "{\"n\": 1}\n\"two\"\n".to_owned()),
        "faulty.json" => typed("application/json", "[1, \"b\", {}]".to_owned()),
        "large.json" => typed("application/json", format!("[\"{}\"]", "x".repeat(5 * 1024 * 1024))),
        "page.html" => typed("text/html", "<!doctype html><p>no list".to_owned()),
        "inside" => {
            (StatusCode::FOUND, [(LOCATION, "http://169.254.169.254/latest/meta-data")]).into_response()
        }
        "cut.json" => {
            let pieces = [Ok(Bytes::from_static(b"[\"a\",")), Err(std::io::Error::other("cut"))];
            ([(CONTENT_TYPE, "application/json")], Body::from_stream(stream::iter(pieces))).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
