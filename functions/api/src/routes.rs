//! The routes of this function.

use axum::Router;
use axum::extract::{OriginalUri, Request};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use metrics::Reporter;
use web::cors;
use web::routes::{Function, function_of, refuse};

use crate::about::{health, limits};
use crate::groups::{create, estimate, list};
use crate::secret::{rotate, show};
use crate::unit::{append, cancel, redeliver, retry};
use crate::{Api, app, head, tasks, unit, wake};

/// The routes of the table that are this function's, and nothing else: for a process that serves other routes too.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/", get(app::page))
        .route("/assets/{name}", get(app::asset))
        .route("/health", get(health::health))
        .route("/limits.json", get(limits::limits))
        .route("/v1beta/tasks/groups", get(list::list).post(create::create))
        .route("/v1beta/tasks/multitask", post(create::create))
        .route("/v1beta/tasks/estimate", post(estimate::estimate))
        .route("/v1beta/webhooks/secret", get(show::show))
        .route("/v1beta/webhooks/secret/rotate", post(rotate::rotate))
        .route("/webhooks/parallel", post(wake::wake))
        .route("/api/tasks", get(tasks::list::list).post(tasks::create::create))
        .route("/api/tasks/{task}", delete(tasks::change::cancel))
        .route("/api/tasks/{task}/retry", post(tasks::change::retry))
        .route("/task/{id}", delete(unit::delete::delete))
        .route("/task/{id}/retry", post(tasks::change::retry_one))
        .route("/task/{id}/cancel", post(tasks::change::cancel_one))
        .route("/{id}", delete(unit::delete::delete))
        .route("/{id}/runs", post(append::append))
        .route("/{id}/retry", post(retry::retry))
        .route("/{id}/cancel", post(cancel::cancel))
        .route("/{id}/deliveries/{hook}/redeliver", post(redeliver::redeliver))
        .with_state(api)
}

/// The whole function: its routes, an answer to every other path, and the headers of every answer.
pub fn service(api: Api) -> Router {
    let others = {
        let api = api.clone();
        move |method: Method, OriginalUri(uri): OriginalUri, headers: HeaderMap| {
            let api = api.clone();
            async move { other(&api, &method, uri.path(), &headers).await }
        }
    };
    router(api)
        .fallback(others.clone())
        .method_not_allowed_fallback(others)
        .layer(axum::middleware::from_fn(cors::answer))
}

/// The same, with a report of what each request cost and did before its answer is known.
pub fn reported(service: Router, reporter: Reporter) -> Router {
    service.layer(axum::middleware::from_fn(move |request: Request, next: Next| {
        let reporter = reporter.clone();
        async move { reporter.during(|| {}, next.run(request)).await }
    }))
}

async fn other(api: &Api, method: &Method, path: &str, headers: &HeaderMap) -> Response {
    if *method == Method::HEAD && function_of(method, path) == Some(Function::Api) {
        return head::answer(api, path, headers).await;
    }
    refuse(path).into_response()
}
