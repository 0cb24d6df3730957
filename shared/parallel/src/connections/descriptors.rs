//! How many connections a process may open, from how many files it may have open.
//!
//! Pure but for the one question to the system. Invariant: whatever the limit, streams and ordinary requests each have a connection,
//! and a quarter of the descriptors is left to everything else (the store, the queue, logs, callers).

/// Descriptors assumed where the system names no limit.
const ASSUMED: u64 = 1_024;
/// Connections of ordinary requests at most.
const REQUESTS: usize = 64;

/// Connections that may be open at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shares {
    /// For streams.
    pub(crate) streams: usize,
    /// For ordinary requests.
    pub(crate) requests: usize,
}

/// The shares within this process's limit.
pub(crate) fn shares() -> Shares {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    within(limit.unwrap_or(ASSUMED))
}

fn within(descriptors: u64) -> Shares {
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    let others = descriptors / 4;
    let requests = (descriptors / 16).clamp(1, REQUESTS);
    let streams = descriptors.saturating_sub(others).saturating_sub(requests).max(1);
    Shares { streams, requests }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_descriptors_is_left_to_everything_else() {
        for (descriptors, streams, requests) in
            [(1_024, 704, 64), (256, 176, 16), (20_000, 14_936, 64), (4, 2, 1), (0, 1, 1)]
        {
            assert_eq!(within(descriptors), Shares { streams, requests }, "{descriptors}");
        }
        assert!(within(u64::MAX).streams > 1_000_000, "no limit is no limit");
    }
}
