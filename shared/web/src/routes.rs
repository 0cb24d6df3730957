//! The one table of routes: which path is known, by which methods, and which function serves it.
//!
//! The routers of `api` and `results`, the process that serves both, and the test of the template are held against it. Paths are written as
//! axum writes them. Invariant: an id can never equal a word of a route, so that a path matches one template at most.

use std::str::FromStr;

use domain::UnitId;
use http::Method;

use crate::Problem;

/// A function that speaks HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// Writes, and serves what is small.
    Api,
    /// Reads units, and streams.
    Results,
}

/// A route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path; `{…}` stands for one segment.
    pub path: &'static str,
    /// Who serves it.
    pub function: Function,
}

const fn api(method: &'static str, path: &'static str) -> Route {
    Route { method, path, function: Function::Api }
}

const fn results(path: &'static str) -> Route {
    Route { method: "GET", path, function: Function::Results }
}

/// Every route. HEAD goes where [`function_of`] says; OPTIONS is answered everywhere.
pub const ROUTES: &[Route] = &[
    api("GET", "/"),
    api("GET", "/health"),
    api("GET", "/limits.json"),
    api("GET", "/assets/{name}"),
    api("GET", "/v1beta/tasks/groups"),
    api("POST", "/v1beta/tasks/groups"),
    api("POST", "/v1beta/tasks/multitask"),
    api("POST", "/v1beta/tasks/estimate"),
    api("GET", "/v1beta/webhooks/secret"),
    api("POST", "/v1beta/webhooks/secret/rotate"),
    api("POST", "/webhooks/parallel"),
    api("GET", "/api/tasks"),
    api("POST", "/api/tasks"),
    results("/api/tasks/{task}"),
    api("DELETE", "/api/tasks/{task}"),
    results("/api/tasks/{task}/events"),
    api("POST", "/api/tasks/{task}/retry"),
    results("/task/{id}"),
    api("DELETE", "/task/{id}"),
    results("/task/{id}/events"),
    api("POST", "/task/{id}/retry"),
    api("POST", "/task/{id}/cancel"),
    results("/{id}"),
    api("DELETE", "/{id}"),
    results("/{id}/events"),
    results("/{id}/runs"),
    api("POST", "/{id}/runs"),
    results("/{id}/runs/{n}"),
    api("POST", "/{id}/retry"),
    api("POST", "/{id}/cancel"),
    results("/{id}/deliveries"),
    results("/{id}/timeline"),
    api("POST", "/{id}/deliveries/{hook}/redeliver"),
];

/// Who serves a request; none where the path is unknown, or does not know the method.
///
/// As API Gateway is told: HEAD and OPTIONS of every known path are `api`'s.
#[must_use]
pub fn function_of(method: &Method, path: &str) -> Option<Function> {
    let mut known = ROUTES.iter().filter(|route| matches(route.path, path));
    if *method == Method::OPTIONS {
        return known.next().map(|_| Function::Api);
    }
    if *method == Method::HEAD {
        return known.find(|route| route.method == "GET").map(|_| Function::Api);
    }
    known.find(|route| route.method == method.as_str()).map(|route| route.function)
}

/// The methods that a path knows; none where the path itself is unknown.
#[must_use]
pub fn allowed(path: &str) -> Vec<&'static str> {
    let mut methods = Vec::new();
    for route in ROUTES.iter().filter(|route| matches(route.path, path)) {
        methods.push(route.method);
        if route.method == "GET" {
            methods.push("HEAD");
        }
    }
    if !methods.is_empty() {
        methods.push("OPTIONS");
    }
    methods
}

/// The answer to a request that no route takes: 404, or 405 with the methods that would do. For the fallbacks of a router.
#[must_use]
pub fn refuse(path: &str) -> Problem {
    match allowed(path).as_slice() {
        [] => Problem::not_found("There is nothing here."),
        methods => Problem::method_not_allowed(methods),
    }
}

/// Reads the segment of a path that names a unit: its id, and the suffix after it, if there is one.
///
/// None where the segment begins with no id; whether the suffix is that of a format is for `views` to say.
#[must_use]
pub fn unit(segment: &str) -> Option<(UnitId, Option<&str>)> {
    let (id, suffix) = match segment.split_once('.') {
        Some((id, suffix)) => (id, Some(suffix)),
        None => (segment, None),
    };
    Some((UnitId::from_str(id).ok()?, suffix))
}

/// Whether a path fits a template: `{id}` fits a unit's id, alone with a suffix too, any other variable fits any one segment.
fn matches(template: &str, path: &str) -> bool {
    let alone = template.ends_with("/{id}");
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        let fits = match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some("{id}"), Some(segment)) => {
                unit(segment).is_some_and(|(_, suffix)| alone || suffix.is_none())
            }
            (Some(variable), Some(segment)) if variable.starts_with('{') => !segment.is_empty(),
            (Some(word), Some(segment)) => word == segment,
            _ => false,
        };
        if !fits {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn function(method: &str, path: &str) -> Option<Function> {
        function_of(&method.parse().unwrap(), &path.replace("ID", ID))
    }

    #[test]
    fn every_route_is_found_and_served_by_its_function() {
        for route in ROUTES {
            let path = route.path.replace("{id}", ID).replace("{n}", "7").replace("{hook}", "webhook");
            let path = path.replace("{task}", "order-7").replace("{name}", "app.js");
            let method: Method = route.method.parse().unwrap();
            assert_eq!(function_of(&method, &path), Some(route.function), "{method} {path}");
            let templates = ROUTES.iter().filter(|other| matches(other.path, &path));
            assert!(templates.clone().all(|other| other.path == route.path), "{path} is ambiguous");
            assert_eq!(
                templates.filter(|other| other.method == route.method).count(),
                1,
                "{path} is there twice"
            );
        }
    }

    #[test]
    fn requests_reach_their_function_or_none() {
        use Function::{Api, Results};
        for (method, path, expected) in [
            ("GET", "/ID.json", Some(Results)),
            ("GET", "/ID.sse", Some(Results)),
            ("GET", "/task/ID.sse", Some(Results)),
            ("GET", "/task/ID.md/events", None),
            ("GET", "/api/tasks/ID/events", Some(Results)),
            ("DELETE", "/api/tasks/order-7", Some(Api)),
            ("HEAD", "/api/tasks/order-7", Some(Api)),
            ("GET", "/task/order-7", None),
            ("GET", "/ID.unknown", Some(Results)),
            ("HEAD", "/ID.json", Some(Api)),
            ("OPTIONS", "/ID/retry", Some(Api)),
            ("HEAD", "/ID/retry", None),
            ("GET", "/ID/retry", None),
            ("GET", "/ID.json/runs", None),
            ("PUT", "/ID", None),
            ("GET", "/health", Some(Api)),
            ("GET", "/health/", None),
            ("GET", "/nowhere", None),
            ("GET", "/ID/runs/", None),
            ("GET", "//ID", None),
            ("GET", "", None),
            ("DELETE", "/v1beta", None),
            ("OPTIONS", "/nowhere", None),
        ] {
            assert_eq!(function(method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn an_unknown_path_is_404_and_an_unknown_method_405() {
        assert_eq!(refuse("/nowhere").status().as_u16(), 404);
        assert_eq!(refuse(&format!("/{ID}/retry")).status().as_u16(), 405);
        assert_eq!(allowed(&format!("/{ID}")), ["GET", "HEAD", "DELETE", "OPTIONS"]);
        assert_eq!(allowed(&format!("/{ID}/cancel")), ["POST", "OPTIONS"]);
    }

    #[test]
    fn a_units_segment_is_its_id_with_or_without_a_suffix() {
        let read =
            |segment: &str| unit(&segment.replace("ID", ID)).map(|(_, suffix)| suffix.map(str::to_owned));
        assert_eq!(read("ID"), Some(None));
        assert_eq!(read("ID.md"), Some(Some("md".to_owned())));
        assert_eq!(read("ID."), Some(Some(String::new())));
        assert_eq!(read("ID.tar.gz"), Some(Some("tar.gz".to_owned())));
        assert_eq!(read("health"), None);
        assert_eq!(read(".json"), None);
    }
}
