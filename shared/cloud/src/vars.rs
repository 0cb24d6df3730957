//! Reading a function's variables: every fault is found before the first is told.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Variables that are missing or make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Unset(Vec<String>);

impl fmt::Display for Unset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment is not complete: {}", self.0.join("; "))
    }
}

/// Reads variables one by one and keeps what is wrong with them.
#[derive(Debug)]
pub struct Reader<V> {
    var: V,
    asked: BTreeSet<&'static str>,
    faults: Vec<String>,
}

impl<V: Fn(&str) -> Option<String>> Reader<V> {
    /// A reader of the variables that `var` gives. Empty ones count as unset.
    pub const fn new(var: V) -> Self {
        Self { var, asked: BTreeSet::new(), faults: Vec::new() }
    }

    /// The variable, if it is set.
    pub fn text_if_any(&mut self, name: &'static str) -> Option<String> {
        self.asked.insert(name);
        (self.var)(name).filter(|value| !value.is_empty())
    }

    /// The variable, which must be set.
    pub fn text(&mut self, name: &'static str) -> String {
        self.text_if_any(name).unwrap_or_else(|| {
            self.faults.push(format!("{name} is not set"));
            String::new()
        })
    }

    /// The variable's parts between commas; none if it is not set.
    pub fn list(&mut self, name: &'static str) -> Vec<String> {
        let text = self.text_if_any(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// The variable's value, or the default where it is not set.
    pub fn parsed_or<T: FromStr<Err: fmt::Display>>(
        &mut self,
        name: &'static str,
        default: impl FnOnce() -> T,
    ) -> T {
        let Some(text) = self.text_if_any(name) else { return default() };
        text.parse().unwrap_or_else(|error| {
            self.faults.push(format!("{name} makes no sense: {error}"));
            default()
        })
    }

    /// The configuration, if nothing was wrong.
    pub fn done<T>(self, config: T) -> Result<T, Unset> {
        if self.faults.is_empty() { Ok(config) } else { Err(Unset(self.faults)) }
    }

    /// The names that were asked for: what a deployment may set.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.asked.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_at_once() {
        let mut vars = Reader::new(|name: &str| (name == "COUNT").then(|| "many".to_owned()));
        let _ = (vars.text("TABLE"), vars.text("QUEUE"), vars.parsed_or("COUNT", || 3_u32));
        let told = vars.done(()).expect_err("three faults").to_string();
        for name in ["TABLE is not set", "QUEUE is not set", "COUNT makes no sense"] {
            assert!(told.contains(name), "{told}");
        }
    }

    #[test]
    fn what_is_empty_is_unset_and_lists_are_split() {
        let mut vars =
            Reader::new(|name: &str| Some(if name == "A" { " x, ,y".to_owned() } else { String::new() }));
        assert_eq!(vars.list("A"), ["x", "y"]);
        assert_eq!(vars.text_if_any("B"), None);
        assert_eq!(vars.names(), ["A", "B"]);
    }
}
