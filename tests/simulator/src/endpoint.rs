//! The operations of the upstream, and which one a request means.
//!
//! Owns the paths, the legacy `/v1beta` aliases included. Invariant: a path that is not listed in the upstream's
//! endpoint map, nor under `/_sim/`, means nothing.

use http::Method;
use serde::{Deserialize, Serialize};

/// An operation of the upstream, as faults and the ledger name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// A: create a run.
    CreateRun,
    /// B: the state of a run.
    GetRun,
    /// C: what a run was created with.
    GetInput,
    /// D: the result, waited for.
    Result,
    /// E: the events of a run.
    RunEvents,
    /// F: create a group.
    CreateGroup,
    /// G: the state of a group.
    GetGroup,
    /// H: add runs to a group.
    AddRuns,
    /// I: the snapshot stream of a group's runs.
    GroupRuns,
    /// J: the state of a run, asked for through its group.
    GroupRun,
    /// K: the live events of a group.
    GroupEvents,
    /// L: suggest a task.
    Suggest,
    /// M: suggest processors.
    SuggestProcessor,
    /// Not an operation: what the simulator itself sends, its webhooks.
    Webhook,
}

impl Endpoint {
    /// Whether the operation creates something.
    pub(crate) fn creates(self) -> bool {
        matches!(self, Self::CreateRun | Self::CreateGroup | Self::AddRuns)
    }

    /// Whether its request errors come in the second form, that of the group endpoints.
    pub(crate) fn complains_in_second_form(self) -> bool {
        matches!(
            self,
            Self::CreateGroup | Self::GetGroup | Self::AddRuns | Self::GroupRuns | Self::GroupEvents
        )
    }
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// An operation, with the group's and the run's id where the path has them.
    Call { endpoint: Endpoint, group: String, run: String },
    /// The control surface, with what follows `/_sim/`.
    Control(String),
    /// A known path with another method.
    WrongMethod,
    /// No known path.
    Unknown,
}

/// Tells what `method` on `path` means.
pub(crate) fn route(method: &Method, path: &str) -> Route {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    if let ["_sim", rest @ ..] = parts.as_slice() {
        return Route::Control(rest.join("/"));
    }
    let call =
        |endpoint, group: &str, run: &str| Route::Call { endpoint, group: group.into(), run: run.into() };
    let (wanted, found) = match parts.as_slice() {
        ["v1beta", "tasks", "suggest"] => (Method::POST, call(Endpoint::Suggest, "", "")),
        ["v1beta", "tasks", "suggest-processor"] => (Method::POST, call(Endpoint::SuggestProcessor, "", "")),
        ["v1" | "v1beta", "tasks", rest @ ..] => match rest {
            ["runs"] => (Method::POST, call(Endpoint::CreateRun, "", "")),
            ["runs", run] => (Method::GET, call(Endpoint::GetRun, "", run)),
            ["runs", run, "input"] => (Method::GET, call(Endpoint::GetInput, "", run)),
            ["runs", run, "result"] => (Method::GET, call(Endpoint::Result, "", run)),
            ["runs", run, "events"] => (Method::GET, call(Endpoint::RunEvents, "", run)),
            ["groups"] => (Method::POST, call(Endpoint::CreateGroup, "", "")),
            ["groups", group] => (Method::GET, call(Endpoint::GetGroup, group, "")),
            ["groups", group, "runs"] if method == Method::POST => {
                (Method::POST, call(Endpoint::AddRuns, group, ""))
            }
            ["groups", group, "runs"] => (Method::GET, call(Endpoint::GroupRuns, group, "")),
            ["groups", group, "runs", run] => (Method::GET, call(Endpoint::GroupRun, group, run)),
            ["groups", group, "events"] => (Method::GET, call(Endpoint::GroupEvents, group, "")),
            _ => return Route::Unknown,
        },
        _ => return Route::Unknown,
    };
    if *method == wanted { found } else { Route::WrongMethod }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(method: &Method, path: &str) -> Option<Endpoint> {
        match route(method, path) {
            Route::Call { endpoint, .. } => Some(endpoint),
            _ => None,
        }
    }

    #[test]
    fn legacy_paths_mean_the_same_as_the_present_ones() {
        for (method, rest, wanted) in [
            (Method::POST, "runs", Endpoint::CreateRun),
            (Method::GET, "runs/r/events", Endpoint::RunEvents),
            (Method::POST, "groups", Endpoint::CreateGroup),
            (Method::GET, "groups/g", Endpoint::GetGroup),
            (Method::POST, "groups/g/runs", Endpoint::AddRuns),
            (Method::GET, "groups/g/runs", Endpoint::GroupRuns),
            (Method::GET, "groups/g/runs/r", Endpoint::GroupRun),
            (Method::GET, "groups/g/events", Endpoint::GroupEvents),
        ] {
            for version in ["v1", "v1beta"] {
                assert_eq!(endpoint(&method, &format!("/{version}/tasks/{rest}")), Some(wanted));
            }
        }
    }

    #[test]
    fn the_suggestions_exist_under_v1beta_only() {
        assert_eq!(endpoint(&Method::POST, "/v1beta/tasks/suggest"), Some(Endpoint::Suggest));
        assert_eq!(route(&Method::POST, "/v1/tasks/suggest"), Route::Unknown);
    }

    #[test]
    fn a_known_path_with_another_method_is_not_unknown() {
        assert_eq!(route(&Method::DELETE, "/v1/tasks/runs/r"), Route::WrongMethod);
        assert_eq!(route(&Method::GET, "/v2/tasks/runs"), Route::Unknown);
    }
}
