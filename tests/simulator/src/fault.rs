//! Faults: what goes wrong on purpose, where, how often and for whom.
//!
//! Owns the list and the draw; the effects are acted out by whoever draws them. A fault can be set and cleared at any
//! time. Invariant: a fault with `times` fires exactly that often, however many requests race for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ambient::Entropy;
use serde::{Deserialize, Serialize};

use crate::endpoint::Endpoint;
use crate::owner::Owner;

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Where; `None` is every operation, webhooks excepted.
    #[serde(default)]
    pub endpoint: Option<Endpoint>,
    /// What.
    pub effect: Effect,
    /// How many times at most; `None` is always.
    #[serde(default)]
    pub times: Option<u32>,
    /// How many matching calls are left in peace first.
    #[serde(default)]
    pub after: u32,
    /// How probable it is at each matching call, from 0 to 1.
    #[serde(default = "certain")]
    pub probability: f64,
    /// For which key only. Never shown again.
    #[serde(default, skip_serializing)]
    pub key: Option<String>,
}

fn certain() -> f64 {
    1.0
}

impl Fault {
    /// `effect` on every call to `endpoint`.
    #[must_use]
    pub fn on(endpoint: Endpoint, effect: Effect) -> Self {
        Self { endpoint: Some(endpoint), effect, times: None, after: 0, probability: 1.0, key: None }
    }

    /// The same, `times` at most.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// The same, once `calls` matching calls have passed.
    #[must_use]
    pub fn after(self, calls: u32) -> Self {
        Self { after: calls, ..self }
    }

    /// The same, with a probability from 0 to 1.
    #[must_use]
    pub fn with_probability(self, probability: f64) -> Self {
        Self { probability, ..self }
    }

    /// The same, for one key.
    #[must_use]
    pub fn for_key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// The call is refused before anything is done.
    Status {
        /// The status; 402, 403, 429 and so on bring their documented messages.
        status: u16,
        /// Seconds for a `Retry-After` header.
        #[serde(default)]
        retry_after: Option<u32>,
        /// Another message.
        #[serde(default)]
        message: Option<String>,
    },
    /// The connection closes before anything is done.
    LostRequest,
    /// The call is executed and its successful reply lost: the connection closes.
    LostReply,
    /// The call is executed at once and answered this much later.
    SlowReply {
        /// Seconds.
        seconds: f64,
    },
    /// Processors in their `-fast` form get 403; a batch that has one gets it as a whole.
    RefuseFast,
    /// A stream breaks off.
    CutStream {
        /// After this many events.
        after_events: u32,
        /// With an `error` event before it, and a clean end instead of a broken one.
        #[serde(default)]
        with_error: bool,
    },
    /// A stream carries events that nobody knows, between all others.
    UnknownEvents,
    /// A stream shows a status that nobody knows in every state event that carries no output.
    UnknownStatus,
    /// Replies print null keys, streams leave them out.
    SwappedNulls,
    /// A webhook is delivered this many times, though it was taken the first time.
    DuplicateWebhook {
        /// How often altogether.
        deliveries: u32,
    },
    /// A webhook comes this much later.
    LateWebhook {
        /// Seconds.
        seconds: f64,
    },
    /// A webhook never comes.
    LostWebhook,
    /// A webhook is signed as for old accounts: the whole secret string is the key.
    LegacySignature,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    owner: Option<Owner>,
    seen: u32,
    fired: u32,
}

/// A fault and how often it has fired.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tally {
    /// The fault, without its key.
    #[serde(flatten)]
    pub fault: Fault,
    /// How often it has fired.
    pub fired: u32,
}

/// The faults of a simulator; clones share them.
#[derive(Debug, Clone)]
pub struct Faults {
    armed: Arc<Mutex<Vec<Armed>>>,
    entropy: Entropy,
}

impl Faults {
    pub(crate) fn new(entropy: Entropy) -> Self {
        Self { armed: Arc::default(), entropy }
    }

    /// Adds a fault to those that are set.
    pub fn add(&self, fault: Fault) {
        let owner = fault.key.as_deref().map(Owner::of_key);
        let fault = Fault { key: None, ..fault };
        self.lock().push(Armed { fault, owner, seen: 0, fired: 0 });
    }

    /// Clears all and sets `faults` instead.
    pub fn set(&self, faults: impl IntoIterator<Item = Fault>) {
        self.clear();
        faults.into_iter().for_each(|fault| self.add(fault));
    }

    /// From now on nothing goes wrong.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// What is set, in the order it was, with how often each has fired.
    #[must_use]
    pub fn list(&self) -> Vec<Tally> {
        self.lock().iter().map(|armed| Tally { fault: armed.fault.clone(), fired: armed.fired }).collect()
    }

    /// The effects that strike this call among those that `wanted` picks; each one drawn has fired.
    pub(crate) fn draw(
        &self,
        endpoint: Endpoint,
        owner: Option<&Owner>,
        wanted: impl Fn(&Effect) -> bool,
    ) -> Vec<Effect> {
        let mut struck = Vec::new();
        for armed in self.lock().iter_mut() {
            let here = armed.fault.endpoint.map_or(endpoint != Endpoint::Webhook, |at| at == endpoint);
            let theirs = armed.owner.is_none() || armed.owner.as_ref() == owner;
            if !here || !theirs || !wanted(&armed.fault.effect) {
                continue;
            }
            armed.seen += 1;
            let spent = armed.fault.times.is_some_and(|times| armed.fired >= times);
            if armed.seen <= armed.fault.after || spent {
                continue;
            }
            if armed.fault.probability >= 1.0 || self.entropy.fraction() < armed.fault.probability {
                armed.fired += 1;
                struck.push(armed.fault.effect.clone());
            }
        }
        struck
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(fault: Fault) -> Faults {
        let faults = Faults::new(Entropy::seeded(1));
        faults.add(fault);
        faults
    }

    fn strikes(faults: &Faults, endpoint: Endpoint, key: &str, calls: usize) -> Vec<bool> {
        let owner = Owner::of_key(key);
        (0..calls).map(|_| !faults.draw(endpoint, Some(&owner), |_| true).is_empty()).collect()
    }

    #[test]
    fn a_fault_strikes_its_endpoint_after_its_grace_and_as_often_as_it_may() {
        let faults = faults(Fault::on(Endpoint::Result, Effect::LostReply).times(2).after(1));
        assert_eq!(strikes(&faults, Endpoint::GetRun, "k", 2), [false, false]);
        assert_eq!(strikes(&faults, Endpoint::Result, "k", 5), [false, true, true, false, false]);
        assert_eq!(faults.list()[0].fired, 2);
    }

    #[test]
    fn a_key_limits_it_and_is_never_shown() {
        let faults = faults(Fault::on(Endpoint::Result, Effect::LostReply).for_key("victim"));
        assert_eq!(strikes(&faults, Endpoint::Result, "other", 1), [false]);
        assert_eq!(strikes(&faults, Endpoint::Result, "victim", 1), [true]);
        assert!(!format!("{:?} {}", faults, serde_json::json!(faults.list())).contains("victim"));
    }

    #[test]
    fn a_probability_strikes_about_that_often() {
        let faults = faults(Fault::on(Endpoint::Result, Effect::LostReply).with_probability(0.3));
        let struck =
            strikes(&faults, Endpoint::Result, "k", 1_000).into_iter().filter(|struck| *struck).count();
        assert!((230..370).contains(&struck), "{struck}");
    }

    #[test]
    fn a_fault_without_an_endpoint_strikes_all_operations_but_no_webhook() {
        let fault = Fault { endpoint: None, ..Fault::on(Endpoint::Result, Effect::LostReply) };
        let faults = faults(fault);
        assert_eq!(strikes(&faults, Endpoint::Suggest, "k", 1), [true]);
        assert_eq!(strikes(&faults, Endpoint::Webhook, "k", 1), [false]);
    }

    #[test]
    fn faults_read_as_the_control_surface_writes_them() {
        let text = r#"{"endpoint":"run_events","effect":{"kind":"cut_stream","after_events":3},"times":1}"#;
        let fault: Fault = serde_json::from_str(text).expect("a fault");
        let wanted = Effect::CutStream { after_events: 3, with_error: false };
        assert_eq!(fault, Fault::on(Endpoint::RunEvents, wanted).times(1));
    }
}
