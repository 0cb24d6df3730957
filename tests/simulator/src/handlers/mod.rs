//! The operations of the upstream, a file for each family.
//!
//! Leaves keys, faults and the ledger to `serve`. Invariant: a handler that creates leaves what it did in the
//! extensions of its reply.

mod group_events;
mod group_runs;
mod groups;
mod result;
mod run_events;
mod runs;
mod suggest;

use axum::response::Response;

use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::refusal::Refusal;

/// Carries out a call.
pub(crate) async fn handle(call: Call) -> Result<Response, Refusal> {
    match call.endpoint {
        Endpoint::CreateRun => runs::create(&call),
        Endpoint::GetRun | Endpoint::GroupRun => runs::get(&call),
        Endpoint::GetInput => runs::input(&call),
        Endpoint::Result => result::wait(&call).await,
        Endpoint::RunEvents => run_events::stream(&call),
        Endpoint::CreateGroup => groups::create(&call),
        Endpoint::GetGroup => groups::get(&call),
        Endpoint::AddRuns => groups::add_runs(&call),
        Endpoint::GroupRuns => group_runs::stream(&call),
        Endpoint::GroupEvents => group_events::stream(&call),
        Endpoint::Suggest => suggest::task(&call),
        Endpoint::SuggestProcessor => suggest::processor(&call),
        Endpoint::Webhook => Err(Refusal::PathUnknown),
    }
}
