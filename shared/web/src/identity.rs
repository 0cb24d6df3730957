//! Who is asking, and with which upstream key their work is bought: the rules of the contract as one decision.
//!
//! Invariants: the server's key is used only for who holds a token, or where nobody but this machine can ask; an owner's name says how the
//! owner was known, so that a caller's key can never be mistaken for a token or for the local owner.

use vault::{Sealer, Secret};

use crate::Problem;

/// How callers are known.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Whether the upstream is the simulator, which takes any key and costs nothing.
    pub simulated: bool,
    /// The operator's own upstream key, used for callers without one.
    pub server_key: Option<Secret>,
    /// Tokens, of which one is asked for where the server key is used.
    pub tokens: Vec<Secret>,
    /// Whether only this machine can ask.
    pub loopback: bool,
}

/// Somebody who may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// What the owner's hash is made of.
    name: Secret,
    /// The key with which the work is bought upstream.
    pub key: Secret,
    /// Whether that key is the server's own.
    pub by_server_key: bool,
}

/// What the simulator is given as a key by those who have none.
const SIMULATED_KEY: &str = "simulated";

const NO_KEY: &str = "A key is missing: send your Parallel API key in x-api-key or as Authorization: Bearer.";
const NO_TOKEN: &str =
    "An access token of this service is missing or wrong: send one in x-api-key or as Authorization: Bearer.";
const BOTH_WAYS: &str = "A key is missing. Either send your own Parallel API key in x-api-key or as Authorization: Bearer; \
    or ask the operator for an access token: this service has a key of its own, but no MULTITASK_ACCESS_TOKENS are set for its use.";

impl Access {
    /// Who is asking with this credential.
    pub fn caller(&self, credential: Option<&Secret>) -> Result<Caller, Problem> {
        match (&self.server_key, credential) {
            (Some(key), given) if !self.tokens.is_empty() => {
                let token = given.filter(|given| self.is_token(given));
                let token = token.ok_or_else(|| Problem::unauthorized(NO_TOKEN))?;
                Ok(Caller::new("token", token.expose(), key.clone(), true))
            }
            (_, Some(own)) => Ok(Caller::new("key", own.expose(), own.clone(), false)),
            (Some(key), None) if self.loopback => Ok(Caller::new("local", "", key.clone(), true)),
            (_, None) if self.simulated => Ok(Caller::new("local", "", Secret::new(SIMULATED_KEY), false)),
            (Some(_), None) => Err(Problem::unauthorized(BOTH_WAYS)),
            (None, None) => Err(Problem::unauthorized(NO_KEY)),
        }
    }

    /// Every token is compared, in a time that tells nothing.
    fn is_token(&self, given: &Secret) -> bool {
        let same = |token: &Secret| vault::same(token.expose().as_bytes(), given.expose().as_bytes());
        self.tokens.iter().fold(false, |found, token| found | same(token))
    }
}

impl Caller {
    fn new(kind: &str, credential: &str, key: Secret, by_server_key: bool) -> Self {
        Self { name: Secret::new(format!("{kind}:{credential}")), key, by_server_key }
    }

    /// The owner of what this caller makes.
    #[must_use]
    pub fn owner(&self, sealer: &Sealer) -> domain::OwnerId {
        sealer.owner(&self.name)
    }
}

/// Tokens as they stand in a variable or a secret: separated by commas or white space.
#[must_use]
pub fn tokens(text: &Secret) -> Vec<Secret> {
    let tokens = text.expose().split(|c: char| c == ',' || c.is_whitespace());
    tokens.filter(|token| !token.is_empty()).map(Secret::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access((simulated, server_key, tokens, loopback): (bool, bool, bool, bool)) -> Access {
        Access {
            simulated,
            server_key: server_key.then(|| Secret::new("server")),
            tokens: if tokens { vec![Secret::new("t1"), Secret::new("t2")] } else { Vec::new() },
            loopback,
        }
    }

    /// The name and the key of a caller; what is wrong else.
    fn decide(access: &Access, given: Option<&str>) -> Result<(String, String), String> {
        let caller = access.caller(given.map(Secret::new).as_ref());
        let caller = caller.map_err(|problem| {
            assert_eq!(problem.status().as_u16(), 401);
            problem.detail().to_owned()
        })?;
        Ok((caller.name.expose().to_owned(), caller.key.expose().to_owned()))
    }

    #[test]
    fn the_rules_of_the_contract() {
        let caller = |name: &str, key: &str| Ok((name.to_owned(), key.to_owned()));
        let refused = |why: &str| Err(why.to_owned());
        // (simulated, server key, tokens, loopback), what was sent
        for (rules, given, expected) in [
            // callers' own keys: the deployed default
            ((false, false, false, false), Some("own"), caller("key:own", "own")),
            ((false, false, false, false), None, refused(NO_KEY)),
            ((false, false, false, true), None, refused(NO_KEY)),
            ((false, false, true, false), Some("t1"), caller("key:t1", "t1")),
            // a server key with tokens: a token is needed
            ((false, true, true, false), Some("t2"), caller("token:t2", "server")),
            ((false, true, true, false), Some("own"), refused(NO_TOKEN)),
            ((false, true, true, false), None, refused(NO_TOKEN)),
            ((false, true, true, true), None, refused(NO_TOKEN)),
            ((true, true, true, true), None, refused(NO_TOKEN)),
            // a server key without tokens
            ((false, true, false, true), None, caller("local:", "server")),
            ((false, true, false, true), Some("own"), caller("key:own", "own")),
            ((false, true, false, false), None, refused(BOTH_WAYS)),
            ((false, true, false, false), Some("own"), caller("key:own", "own")),
            // the simulator
            ((true, false, false, true), None, caller("local:", SIMULATED_KEY)),
            ((true, false, false, false), None, caller("local:", SIMULATED_KEY)),
            ((true, false, false, true), Some("own"), caller("key:own", "own")),
        ] {
            assert_eq!(decide(&access(rules), given), expected, "{rules:?} {given:?}");
            if let Ok(caller) = access(rules).caller(given.map(Secret::new).as_ref()) {
                assert_eq!(caller.by_server_key, caller.key.expose() == "server", "{rules:?} {given:?}");
            }
        }
    }

    #[test]
    fn the_refusal_without_tokens_names_both_ways() {
        for way in ["x-api-key", "access token"] {
            assert!(BOTH_WAYS.contains(way));
        }
    }

    #[test]
    fn nobody_can_name_himself_as_somebody_of_another_kind() {
        let own = access((true, false, false, true));
        let local = own.caller(None).unwrap();
        for key in ["local:", "local", ":"] {
            let caller = own.caller(Some(&Secret::new(key))).unwrap();
            assert_ne!(caller.name, local.name, "{key}");
        }
    }

    #[test]
    fn tokens_are_separated_by_commas_or_lines() {
        let read = tokens(&Secret::new("a, b\nc\r\n,,d "));
        assert_eq!(read, ["a", "b", "c", "d"].map(Secret::new));
        assert!(tokens(&Secret::new(" \n")).is_empty());
    }
}
