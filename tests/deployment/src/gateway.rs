//! The routing of an API Gateway REST API, to tell which function a request would reach.
//!
//! The gateway's documents leave open whether a path that matches a resource half-way goes back to a greedy one higher up.
//! Both readings are modelled; a template is only safe where they agree.

use serde_json::Value;

/// The routes of a translated REST API.
#[derive(Debug)]
pub struct Gateway<'a> {
    paths: Vec<(Vec<&'a str>, &'a Value)>,
}

/// How the gateway looks for the resource of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Of all resources that match the whole path, the most specific.
    BestMatch,
    /// Down the tree, segment by segment, never back up.
    Descent,
}

impl<'a> Gateway<'a> {
    /// The routes of the API that this body describes.
    ///
    /// # Panics
    /// When the body has no paths.
    #[must_use]
    pub fn new(body: &'a Value) -> Self {
        let paths = body["paths"].as_object().expect("an API has paths");
        Self { paths: paths.iter().map(|(path, methods)| (segments(path), methods)).collect() }
    }

    /// Every integration of the API: path, method, integration.
    pub fn integrations(&self) -> impl Iterator<Item = (String, &'a str, &'a Value)> {
        self.paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.map(move |(method, operation)| {
                (
                    format!("/{}", path.join("/")),
                    method.as_str(),
                    &operation["x-amazon-apigateway-integration"],
                )
            })
        })
    }

    /// The integration that a request reaches; none where the gateway itself refuses it.
    #[must_use]
    pub fn reach(&self, method: &str, path: &str, reading: Reading) -> Option<&'a Value> {
        let wanted = segments(path);
        let mut matching: Vec<_> = match reading {
            Reading::BestMatch => self.paths.iter().filter(|(path, _)| matches(path, &wanted)).collect(),
            Reading::Descent => self.descend(&wanted).into_iter().collect(),
        };
        matching.sort_by_key(|(path, _)| path.iter().map(|segment| rank(segment)).collect::<Vec<_>>());
        let (_, methods) = matching.first()?;
        let own = methods.get(method.to_lowercase());
        let operation = own.or_else(|| methods.get("x-amazon-apigateway-any-method"))?;
        Some(&operation["x-amazon-apigateway-integration"])
    }

    fn descend(&self, wanted: &[&str]) -> Option<&(Vec<&'a str>, &'a Value)> {
        let mut here: Vec<&str> = Vec::new();
        for (at, segment) in wanted.iter().enumerate() {
            let children = self.paths.iter().filter(|(path, _)| path.len() > at && path[..at] == here[..]);
            let mut children: Vec<&str> = children.map(|(path, _)| path[at]).collect();
            children.sort_by_key(|child| rank(child));
            let child = children.into_iter().find(|child| fits(child, segment))?;
            here.push(child);
            if is_greedy(child) {
                break;
            }
        }
        self.paths.iter().find(|(path, _)| *path == here)
    }
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

fn is_greedy(segment: &str) -> bool {
    segment.ends_with("+}")
}

fn fits(pattern: &str, segment: &str) -> bool {
    pattern.starts_with('{') || pattern == segment
}

fn rank(segment: &str) -> u8 {
    u8::from(segment.starts_with('{')) + u8::from(is_greedy(segment))
}

fn matches(path: &[&str], wanted: &[&str]) -> bool {
    let greedy = path.last().is_some_and(|last| is_greedy(last));
    let long_enough = if greedy { wanted.len() >= path.len() } else { wanted.len() == path.len() };
    long_enough && path.iter().zip(wanted).all(|(pattern, segment)| fits(pattern, segment))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn operation(name: &str) -> Value {
        json!({ "x-amazon-apigateway-integration": name })
    }

    #[test]
    fn the_most_specific_path_wins_and_any_takes_what_no_method_takes() {
        let body = json!({ "paths": {
            "/{proxy+}": { "get": operation("greedy"), "x-amazon-apigateway-any-method": operation("any") },
            "/a/b": { "get": operation("exact") },
            "/a/{id}": { "get": operation("variable") },
        }});
        let gateway = Gateway::new(&body);
        let reach = |method, path| gateway.reach(method, path, Reading::BestMatch).and_then(Value::as_str);
        assert_eq!(reach("GET", "/a/b"), Some("exact"));
        assert_eq!(reach("GET", "/a/c"), Some("variable"));
        assert_eq!(reach("GET", "/a/c/d"), Some("greedy"));
        assert_eq!(reach("POST", "/x"), Some("any"));
        assert_eq!(reach("POST", "/a/b"), None);
        assert_eq!(reach("GET", "/"), None);
    }

    #[test]
    fn the_two_readings_differ_below_a_path_without_a_greedy_child() {
        let body = json!({ "paths": { "/{proxy+}": { "get": operation("greedy") }, "/a/b": { "get": operation("exact") } }});
        let gateway = Gateway::new(&body);
        assert!(gateway.reach("GET", "/a/c", Reading::BestMatch).is_some());
        assert!(gateway.reach("GET", "/a/c", Reading::Descent).is_none());
    }
}
