//! What passes through to the upstream with each run, checked as far as the upstream's rules are known.
//!
//! MCP servers may carry secrets in their headers, so they are never part of what is passed on in the clear.

use domain::fault::join;
use domain::limits::{MCP_SERVERS, MCP_SERVERS_BYTES, SCOPE_CHARS};
use serde_json::{Map, Value};

use super::{Fields, sources};

/// What passes through in the clear.
pub(super) fn pass_through(fields: &mut Fields) -> Map<String, Value> {
    let mut through = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            through.insert(name.to_owned(), value);
        }
    };
    put("source_policy", sources::policy(fields));
    put("advanced_settings", advanced(fields));
    put("previous_interaction_id", short(fields, "previous_interaction_id", |_| true));
    put("memory_scope_key", short(fields, "memory_scope_key", is_plain));
    put("enable_events", fields.flag("enable_events").map(Value::from));
    through
}

fn is_plain(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '-')
}

fn short(fields: &mut Fields, name: &'static str, fits: impl Fn(char) -> bool) -> Option<Value> {
    let text = fields.text(name)?;
    if text.chars().count() > SCOPE_CHARS || !text.chars().all(|char| !char.is_control() && fits(char)) {
        let message = format!("has 1 to {SCOPE_CHARS} characters");
        let message =
            if name == "memory_scope_key" { format!("{message}: letters, digits, _ and -") } else { message };
        fields.fault(join("", name), message);
    }
    Some(Value::String(text))
}

fn advanced(fields: &mut Fields) -> Option<Value> {
    let given = fields.object("advanced_settings")?;
    let root = "/advanced_settings";
    for (name, value) in &given {
        match (name.as_str(), value) {
            (_, Value::Null) => {}
            ("location", Value::String(code))
                if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) => {}
            ("location", _) => {
                fields.fault(join(root, name), "must be a country's code of two letters, as in us");
            }
            ("data_sources", Value::Object(lists)) => data_sources(fields, lists),
            ("data_sources", _) => {
                fields.fault(join(root, name), "must be an object with the arrays free and pay_per_use");
            }
            _ => fields.fault(join(root, name), "is not a known field; known are location and data_sources"),
        }
    }
    Some(Value::Object(given))
}

fn data_sources(fields: &mut Fields, lists: &Map<String, Value>) {
    for (name, list) in lists {
        let pointer = join("/advanced_settings/data_sources", name);
        if !matches!(name.as_str(), "free" | "pay_per_use") {
            fields.fault(pointer, "is not a known list; known are free and pay_per_use");
        } else if !list.as_array().is_some_and(|list| list.len() <= 100 && list.iter().all(is_name)) {
            fields.fault(pointer, "must be an array of names of data sources, a hundred at most");
        }
    }
}

fn is_name(value: &Value) -> bool {
    value.as_str().is_some_and(|text| (1..=SCOPE_CHARS).contains(&text.len()))
}

/// The MCP servers, which are to be sealed.
pub(super) fn mcp_servers(fields: &mut Fields) -> Option<Value> {
    if fields.is_query("mcp_servers") {
        fields.fault("/mcp_servers", "may hold secrets, which do not belong into a URL: send a JSON body");
    }
    let given = fields.value("mcp_servers")?;
    let Value::Array(servers) = &given else {
        fields.fault("/mcp_servers", "must be an array of servers, each with a name and a url");
        return None;
    };
    if servers.is_empty() {
        return None;
    }
    if servers.len() > MCP_SERVERS {
        fields.fault("/mcp_servers", format!("has {} servers; at most {MCP_SERVERS}", servers.len()));
    }
    let bytes = given.to_string().len();
    if bytes > MCP_SERVERS_BYTES {
        fields.fault("/mcp_servers", format!("has {bytes} bytes as JSON; at most {MCP_SERVERS_BYTES}"));
    }
    for (at, server) in servers.iter().take(MCP_SERVERS).enumerate() {
        self::server(fields, server, &format!("/mcp_servers/{at}"));
    }
    Some(given)
}

fn server(fields: &mut Fields, server: &Value, pointer: &str) {
    let Some(server) = server.as_object() else {
        return fields.fault(pointer, "must be an object with a name and a url");
    };
    for name in ["name", "url"] {
        if server.get(name).is_none_or(Value::is_null) {
            fields.fault(join(pointer, name), "is missing");
        }
    }
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    for (name, value) in server {
        let message = match name.as_str() {
            _ if value.is_null() => continue,
            "name" => (!is_name(value)).then_some("must be a short text"),
            "url" => (!is_url(value)).then_some("must be a URL that begins with https:// or http://"),
            "type" => (value != "url").then_some("must be url"),
            "headers" => {
                let fits = value.as_object().is_some_and(|headers| headers.values().all(Value::is_string));
                (!fits).then_some("must be an object of texts")
            }
            "allowed_tools" => {
                let fits = value.as_array().is_some_and(|tools| tools.iter().all(text));
                (!fits).then_some("must be an array of names")
            }
            _ => Some("is not a known field; known are name, url, type, headers and allowed_tools"),
        };
        if let Some(message) = message {
            fields.fault(join(pointer, name), message);
        }
    }
}

fn is_url(value: &Value) -> bool {
    let url = value.as_str().and_then(|text| url::Url::parse(text).ok());
    url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(body: &Value) -> Vec<String> {
        let mut fields = super::super::json(body.to_string().as_bytes()).expect("JSON");
        let _ = (pass_through(&mut fields), mcp_servers(&mut fields));
        fields.finish().iter().map(|fault| fault.pointer.clone()).collect()
    }

    #[test]
    fn what_the_upstream_takes_passes() {
        let body = json!({
            "source_policy": {"include_domains": ["a.com"]},
            "advanced_settings": {"location": "us", "data_sources": {"free": ["pubmed"], "pay_per_use": []}},
            "previous_interaction_id": "trun_1", "memory_scope_key": "team-1_a", "enable_events": false,
            "mcp_servers": [{"type": "url", "name": "wiki", "url": "https://mcp.example/x", "headers": {"authorization": "Bearer x"}, "allowed_tools": ["search"]}],
        });
        assert_eq!(told(&body), Vec::<String>::new());
    }

    #[test]
    fn each_thing_that_it_refuses_is_told_at_its_place() {
        let servers = "/mcp_servers/0";
        for (body, places) in [
            (
                json!({"advanced_settings": {"location": "usa"}}),
                vec!["/advanced_settings/location".to_owned()],
            ),
            (json!({"advanced_settings": {"x": 1}}), vec!["/advanced_settings/x".to_owned()]),
            (
                json!({"advanced_settings": {"data_sources": {"paid": [], "free": [1]}}}),
                vec![
                    "/advanced_settings/data_sources/paid".to_owned(),
                    "/advanced_settings/data_sources/free".to_owned(),
                ],
            ),
            (json!({"memory_scope_key": "a b"}), vec!["/memory_scope_key".to_owned()]),
            (
                json!({"previous_interaction_id": "x".repeat(129)}),
                vec!["/previous_interaction_id".to_owned()],
            ),
            (json!({"enable_events": "yes"}), vec!["/enable_events".to_owned()]),
            (json!({"mcp_servers": {}}), vec!["/mcp_servers".to_owned()]),
            (json!({"mcp_servers": [1]}), vec![servers.to_owned()]),
            (
                json!({"mcp_servers": [{"url": "ftp://a", "headers": {"a": 1}, "x": 1}]}),
                ["name", "url", "headers", "x"].iter().map(|name| format!("{servers}/{name}")).collect(),
            ),
        ] {
            assert_eq!(told(&body), places, "{body}");
        }
    }

    #[test]
    fn servers_have_their_number_and_their_size() {
        let server = |filler: usize| json!({"name": "a", "url": "https://a.example", "headers": {"h": "x".repeat(filler)}});
        assert_eq!(told(&json!({"mcp_servers": vec![server(1); MCP_SERVERS]})), Vec::<String>::new());
        assert_eq!(told(&json!({"mcp_servers": vec![server(1); MCP_SERVERS + 1]})), ["/mcp_servers"]);
        let frame = json!([server(0)]).to_string().len();
        assert_eq!(told(&json!({"mcp_servers": [server(MCP_SERVERS_BYTES - frame)]})), Vec::<String>::new());
        assert_eq!(told(&json!({"mcp_servers": [server(MCP_SERVERS_BYTES - frame + 1)]})), ["/mcp_servers"]);
    }

    #[test]
    fn secrets_do_not_stand_in_a_url() {
        let mut fields = Fields::of_query("mcp_servers=%5B%5D");
        let _ = mcp_servers(&mut fields);
        assert_eq!(fields.finish().len(), 1);
    }
}
