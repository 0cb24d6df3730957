//! What a handler's answer means for the records of a stream that it was given.
//!
//! Owns the rules of partial batches, splitting and giving up, as plain decisions on positions. Invariant: records are done with in
//! their order, and none is skipped but after its last attempt.

use std::collections::VecDeque;
use std::ops::Range;

/// Consecutive records that go to the handler together, by position in their batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) records: Range<usize>,
    /// How often these have gone to the handler.
    pub(super) attempts: u32,
}

/// What the handler made of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Done with all of it.
    Done,
    /// Done with what stands before this position, in the chunk; the record there failed.
    FailedAt(usize),
    /// Done with nothing.
    Failed,
}

/// How a batch that fails is treated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// After so many attempts a chunk is given up; with none it never is.
    pub(super) max_attempts: Option<u32>,
    /// Whether a chunk that fails is tried again in halves.
    pub(super) bisect: bool,
}

/// What follows from a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Go on; the chunk has made way.
    Advance,
    /// Go on after a pause: the chunk is tried again.
    Retry,
    /// These records are given up.
    GiveUp(Chunk),
}

/// The verdict that an answer's identifiers of failed records stand for. `numbers` are the sequence numbers of the chunk.
pub(super) fn verdict(numbers: &[&str], failed: &[&str]) -> Verdict {
    let positions: Option<Vec<_>> =
        failed.iter().map(|failed| numbers.iter().position(|number| number == failed)).collect();
    match positions.map(|positions| positions.into_iter().min()) {
        Some(None) => Verdict::Done,
        Some(Some(first)) => Verdict::FailedAt(first),
        // A record that was not in the batch: Lambda takes the whole batch for failed.
        None => Verdict::Failed,
    }
}

/// Acts on the verdict about `chunk`, which was taken from the front of `queue`: what has to be tried again goes back there.
pub(super) fn decide(queue: &mut VecDeque<Chunk>, chunk: Chunk, verdict: Verdict, rules: Rules) -> Next {
    let Chunk { records, attempts } = chunk;
    match verdict {
        Verdict::Done => Next::Advance,
        Verdict::FailedAt(done) if done > 0 => {
            queue.push_front(Chunk { records: records.start + done..records.end, attempts: 0 });
            Next::Advance
        }
        Verdict::FailedAt(_) | Verdict::Failed if rules.bisect && records.len() > 1 => {
            let middle = records.start + records.len() / 2;
            queue.push_front(Chunk { records: middle..records.end, attempts });
            queue.push_front(Chunk { records: records.start..middle, attempts });
            Next::Retry
        }
        Verdict::FailedAt(_) | Verdict::Failed => {
            let chunk = Chunk { records, attempts: attempts + 1 };
            if rules.max_attempts.is_some_and(|max| chunk.attempts >= max) {
                return Next::GiveUp(chunk);
            }
            queue.push_front(chunk);
            Next::Retry
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a batch of `count` records in which the handler fails at each of `poison`; says which were given up, and
    /// how many calls it took.
    fn play(count: usize, poison: &[usize], partial: bool, rules: Rules) -> (Vec<Range<usize>>, usize) {
        let mut queue = VecDeque::from([Chunk { records: 0..count, attempts: 0 }]);
        let (mut given_up, mut calls, mut done) = (Vec::new(), 0, 0);
        while let Some(chunk) = queue.pop_front() {
            calls += 1;
            assert!(calls < 1000, "it goes on for ever");
            assert_eq!(chunk.records.start, done, "out of order");
            let bad = chunk.records.clone().position(|record| poison.contains(&record));
            let verdict = match bad {
                None => Verdict::Done,
                Some(at) if partial => Verdict::FailedAt(at),
                Some(_) => Verdict::Failed,
            };
            let end = chunk.records.end;
            match decide(&mut queue, chunk, verdict, rules) {
                Next::Advance => done = queue.front().map_or(end, |next| next.records.start),
                Next::Retry => {}
                Next::GiveUp(chunk) => {
                    done = chunk.records.end;
                    given_up.push(chunk.records);
                }
            }
        }
        assert_eq!(done, count);
        (given_up, calls)
    }

    fn one(range: Range<usize>) -> Vec<Range<usize>> {
        Vec::from([range])
    }

    #[test]
    fn a_poison_record_costs_its_neighbours_nothing() {
        let rules = Rules { max_attempts: Some(3), bisect: true };
        assert_eq!(play(10, &[4], true, rules).0, one(4..5));
        assert_eq!(play(10, &[4], false, rules).0, one(4..5));
        assert_eq!(play(10, &[0, 9], true, rules).0, vec![0..1, 9..10]);
        assert_eq!(play(1, &[0], false, rules), (one(0..1), 3));
    }

    #[test]
    fn without_bisection_a_chunk_is_given_up_as_a_whole() {
        let rules = Rules { max_attempts: Some(2), bisect: false };
        assert_eq!(play(4, &[2], false, rules), (one(0..4), 2));
        assert_eq!(play(4, &[2], true, rules).0, one(2..4));
    }

    #[test]
    fn without_a_limit_nothing_is_given_up() {
        let mut queue = VecDeque::new();
        let rules = Rules { max_attempts: None, bisect: false };
        let mut chunk = Chunk { records: 0..2, attempts: 0 };
        for attempts in 1..100 {
            assert_eq!(decide(&mut queue, chunk, Verdict::Failed, rules), Next::Retry);
            chunk = queue.pop_front().unwrap();
            assert_eq!(chunk, Chunk { records: 0..2, attempts });
        }
    }

    #[test]
    fn the_first_failure_named_decides_and_a_stranger_fails_all() {
        let numbers = ["100", "101", "102"];
        assert_eq!(verdict(&numbers, &[]), Verdict::Done);
        assert_eq!(verdict(&numbers, &["102", "101"]), Verdict::FailedAt(1));
        assert_eq!(verdict(&numbers, &["100"]), Verdict::FailedAt(0));
        assert_eq!(verdict(&numbers, &["102", "7"]), Verdict::Failed);
        assert_eq!(verdict(&numbers, &[""]), Verdict::Failed);
    }
}
