//! The routes of one process: those of `api` and of `results`, with what goes around them.
//!
//! Invariant: every answer carries the headers of `web::cors`, and what no route takes is refused by the one table of routes.

use std::sync::Arc;

use axum::Router;
use axum::extract::OriginalUri;
use axum::middleware::{from_fn, from_fn_with_state};
use web::guard::{self, Guard};
use web::{cors, routes};

/// One router of both functions; `guard` stands before them where the process spends a key of its own.
pub(crate) fn service(api: Router, results: Router, guard: Option<Guard>) -> Router {
    let refuse = |OriginalUri(uri): OriginalUri| async move { routes::refuse(uri.path()) };
    let mut service = api.merge(results).fallback(refuse).method_not_allowed_fallback(refuse);
    if let Some(guard) = guard {
        service = service.layer(from_fn_with_state(Arc::new(guard), guard::answer));
    }
    service.layer(from_fn(cors::answer))
}
