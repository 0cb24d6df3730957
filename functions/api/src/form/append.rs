//! What may come with an append, and with a retry: rows, and the secrets that ended with the unit.

use domain::fault::Fault;
use domain::limits::ROWS;
use serde_json::Value;

use super::inputs::whole_list;
use super::{Fields, List, Sent, through};

/// Rows to append, as far as their request tells them.
#[derive(Debug, Clone)]
pub(crate) struct Addition {
    /// The rows.
    pub(crate) list: List,
    /// Rows to pass over.
    pub(crate) offset: u32,
    /// Rows to take at most.
    pub(crate) limit: Option<u32>,
    /// MCP servers, needed again where the unit's own were erased at its end.
    pub(crate) mcp_servers: Option<Value>,
    /// What is wrong so far.
    pub(crate) faults: Vec<Fault>,
}

/// Reads an append.
pub(crate) fn addition(sent: Sent<'_>) -> Addition {
    let Sent { mut fields, list: body } = sent;
    let list = whole_list(&mut fields, body);
    let offset = fields.count("offset", 0..=u32::MAX).unwrap_or(0);
    let limit = fields.count("limit", 1..=ROWS);
    let mcp_servers = through::mcp_servers(&mut fields);
    Addition { list, offset, limit, mcp_servers, faults: fields.finish() }
}

/// Reads a retry: MCP servers, if anything.
pub(crate) fn servers_only(mut fields: Fields) -> Result<Option<Value>, Vec<Fault>> {
    let servers = through::mcp_servers(&mut fields);
    let faults = fields.finish();
    if faults.is_empty() { Ok(servers) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_append_takes_rows_and_nothing_of_the_groups_own() {
        let of = |body: &str| {
            addition(Sent { fields: super::super::json(body.as_bytes()).expect("JSON"), list: None })
        };
        let good = of(r#"{"inputs": ["a", "b"], "limit": 1}"#);
        assert!(good.faults.is_empty() && matches!(good.list, List::Rows(rows) if rows.len() == 2));
        let bad = of(r#"{"inputs": [1], "processor": "core"}"#);
        let places: Vec<&str> = bad.faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/inputs/0", "/processor"]);
    }
}
