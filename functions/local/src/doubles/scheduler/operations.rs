//! The operations of EventBridge Scheduler by method and path: read the request, decide, answer.
//!
//! Invariant: an operation that is answered with an error has changed nothing.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Scheduler;
use super::error::Error;
use super::schedule::{self, DEFAULT_GROUP, Definition, Schedule};
use super::state::{Change, Key};
use crate::sdk;

/// The parameters of a query string, decoded.
type Query = BTreeMap<String, String>;

/// What a create or an update says beside the definition.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    client_token: Option<String>,
    #[serde(flatten)]
    definition: Definition,
}

impl Scheduler {
    /// Answers one request.
    pub(crate) fn call(&self, method: &Method, path: &str, query: &str, body: &[u8]) -> Result<Value, Error> {
        let query: Query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        // Names need no decoding: one with a character that is encoded is refused as it stands.
        let parts: Vec<_> = path.trim_matches('/').splitn(2, '/').collect();
        match (method, parts.as_slice()) {
            (&Method::POST, ["schedules", name]) => self.create(name, body),
            (&Method::PUT, ["schedules", name]) => self.update(name, body),
            (&Method::GET, ["schedules", name]) => self.get(&key(name, &query)),
            (&Method::DELETE, ["schedules", name]) => self.delete(key(name, &query)),
            (&Method::GET, ["schedules"]) => self.list(&query),
            (&Method::POST, ["schedule-groups", name]) => self.create_group(name),
            _ => Err(Error::UnknownOperation),
        }
    }

    fn create(&self, name: &str, body: &[u8]) -> Result<Value, Error> {
        let Put { client_token, definition } = read(body)?;
        let now = self.0.clock.now();
        self.transact(|state| {
            let schedule = build(name, definition, client_token, (now, now))?;
            let group = &schedule.definition.group_name;
            if !state.has_group(group) {
                return Err(Error::NotFound(format!("Schedule group {group}")));
            }
            let answer = json!({ "ScheduleArn": schedule.arn() });
            match state.get(&(group.clone(), name.to_owned())) {
                None => Ok((Some(Change::Put(Box::new(schedule))), answer)),
                Some(present)
                    if present.client_token.is_some()
                        && present.client_token == schedule.client_token
                        && present.definition == schedule.definition =>
                {
                    Ok((None, answer))
                }
                Some(_) => Err(Error::Conflict(format!("Schedule {name}"))),
            }
        })
    }

    fn update(&self, name: &str, body: &[u8]) -> Result<Value, Error> {
        let Put { definition, .. } = read(body)?;
        let now = self.0.clock.now();
        self.transact(|state| {
            let key = (definition.group_name.clone(), name.to_owned());
            let present = state.get(&key).ok_or_else(|| missing(&key))?;
            let token = present.client_token.clone();
            let schedule = build(name, definition, token, (present.created_at, now))?;
            let answer = json!({ "ScheduleArn": schedule.arn() });
            Ok((Some(Change::Put(Box::new(schedule))), answer))
        })
    }

    fn get(&self, key: &Key) -> Result<Value, Error> {
        self.lock().state.get(key).map(Schedule::render).ok_or_else(|| missing(key))
    }

    fn delete(&self, key: Key) -> Result<Value, Error> {
        self.transact(|state| {
            state.get(&key).ok_or_else(|| missing(&key))?;
            Ok((Some(Change::Deleted(key)), json!({})))
        })
    }

    fn list(&self, query: &Query) -> Result<Value, Error> {
        let max = query.get("MaxResults").map_or(Ok(100), |max| max.parse());
        let max = max.ok().filter(|max| (1..=100).contains(max)).ok_or_else(|| {
            Error::Validation("1 validation error detected: MaxResults must be between 1 and 100".into())
        })?;
        let wanted = |parameter: &str, value: &str| query.get(parameter).is_none_or(|wanted| wanted == value);
        let prefix = query.get("NamePrefix").map_or("", String::as_str);
        let after = query.get("NextToken").and_then(|token| token.split_once('/'));
        let inner = self.lock();
        let mut matching = inner.state.iter().filter(|((group, name), schedule)| {
            wanted("ScheduleGroup", group)
                && name.starts_with(prefix)
                && query.get("State").is_none_or(|state| json!(schedule.definition.state) == json!(state))
                && after.is_none_or(|after| (group.as_str(), name.as_str()) > after)
        });
        let page: Vec<_> = matching.by_ref().take(max).collect();
        let mut answer =
            json!({ "Schedules": page.iter().map(|(_, found)| found.summary()).collect::<Vec<_>>() });
        if let (Some(_), Some(((group, name), _))) = (matching.next(), page.last()) {
            answer["NextToken"] = json!(format!("{group}/{name}"));
        }
        Ok(answer)
    }

    fn create_group(&self, name: &str) -> Result<Value, Error> {
        schedule::check_name("name", name)?;
        let arn = format!("arn:aws:scheduler:{}:{}:schedule-group/{name}", sdk::REGION, sdk::ACCOUNT);
        self.transact(|state| {
            if state.has_group(name) {
                return Err(Error::Conflict(format!("Schedule group {name}")));
            }
            Ok((Some(Change::Group(name.to_owned())), json!({ "ScheduleGroupArn": arn })))
        })
    }
}

fn build(
    name: &str,
    definition: Definition,
    client_token: Option<String>,
    (created_at, modified_at): (jiff::Timestamp, jiff::Timestamp),
) -> Result<Schedule, Error> {
    schedule::check_name("name", name)?;
    schedule::check_name("groupName", &definition.group_name)?;
    let next_at = definition.check()?.first(definition.bounds(modified_at));
    Ok(Schedule { name: name.to_owned(), definition, created_at, modified_at, client_token, next_at })
}

fn key(name: &str, query: &Query) -> Key {
    (query.get("groupName").map_or(DEFAULT_GROUP, String::as_str).to_owned(), name.to_owned())
}

fn missing((group, name): &Key) -> Error {
    Error::NotFound(format!("Schedule {name} in group {group}"))
}

fn read(body: &[u8]) -> Result<Put, Error> {
    serde_json::from_slice(body)
        .map_err(|error| Error::Validation(format!("The request cannot be read: {error}")))
}
