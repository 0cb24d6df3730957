//! Who gets which place on which connection: the decisions, without a connection in them.
//!
//! A ticket waits in the line of its rank; [`Book::settle`] says whom to give a place, how many connections to dial, and who is to make
//! room. Pure. Invariant: no lane carries more than its limit when a place on it is given, and no more lanes than allowed are open or
//! being made.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// Connections made at a time.
const DIALS: usize = 32;
/// How long a connection that carries nothing is kept.
pub(crate) const IDLE: Duration = Duration::from_secs(30);

/// Who goes first where places are short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    /// Before all of the other rank, and at its expense.
    First,
    /// Gives its place up where one of the first rank waits for it.
    Later,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// This ticket has this place, on this lane.
    Give { ticket: u64, place: u64, lane: u64 },
    /// A connection is to be made.
    Dial,
    /// Whoever has this place is to leave it.
    Displace { place: u64 },
    /// From now on somebody waits until another has ended.
    Short,
    /// Nobody does any more.
    Eased,
}

/// How a pool of connections stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Places taken whose answer has begun.
    pub open: usize,
    /// Places taken whose answer has not begun yet.
    pub opening: usize,
    /// Those that have no place yet.
    pub waiting: usize,
    /// Connections that are open.
    pub lanes: usize,
}

#[derive(Debug)]
struct Lane {
    limit: usize,
    taken: usize,
    /// It gave no answer lately, and gets nothing new until it does.
    doubtful: bool,
    empty_since: Option<Instant>,
}

#[derive(Debug)]
struct Place {
    lane: u64,
    rank: Rank,
    answered: bool,
    leaving: bool,
}

/// The book of one pool.
#[derive(Debug)]
pub(crate) struct Book {
    most: usize,
    per_lane: usize,
    /// What a connection that is being made will probably carry.
    expected: usize,
    dialing: usize,
    next: u64,
    lanes: BTreeMap<u64, Lane>,
    places: BTreeMap<u64, Place>,
    first: VecDeque<u64>,
    later: VecDeque<u64>,
    short: bool,
}

impl Book {
    /// A book of at most so many lanes with at most so many places each, of which the first will probably carry `expected`.
    pub(crate) fn new(most: usize, per_lane: usize, expected: usize) -> Self {
        Self {
            most: most.max(1),
            per_lane: per_lane.max(1),
            expected: expected.max(1),
            dialing: 0,
            next: 0,
            lanes: BTreeMap::new(),
            places: BTreeMap::new(),
            first: VecDeque::new(),
            later: VecDeque::new(),
            short: false,
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Somebody waits from now on; returns the ticket.
    pub(crate) fn wait(&mut self, rank: Rank) -> u64 {
        let ticket = self.number();
        match rank {
            Rank::First => self.first.push_back(ticket),
            Rank::Later => self.later.push_back(ticket),
        }
        ticket
    }

    /// Whoever had this ticket waits no more.
    pub(crate) fn leave(&mut self, ticket: u64) {
        self.first.retain(|waiting| *waiting != ticket);
        self.later.retain(|waiting| *waiting != ticket);
    }

    /// A connection was made that the server allows so many streams on.
    pub(crate) fn made(&mut self, allowed: usize, now: Instant) -> u64 {
        self.dialing = self.dialing.saturating_sub(1);
        let (lane, limit) = (self.number(), allowed.min(self.per_lane));
        self.expected = limit.max(1);
        self.lanes.insert(lane, Lane { limit, taken: 0, doubtful: false, empty_since: Some(now) });
        lane
    }

    /// A connection could not be made; returns the tickets of those whom it was for.
    pub(crate) fn failed(&mut self) -> Vec<u64> {
        self.dialing = self.dialing.saturating_sub(1);
        let mut failed = Vec::new();
        while failed.len() < self.expected {
            let Some(ticket) = self.first.pop_front().or_else(|| self.later.pop_front()) else { break };
            failed.push(ticket);
        }
        failed
    }

    /// The server allows so many streams on this lane; says whether that is news.
    pub(crate) fn allows(&mut self, lane: u64, allowed: usize) -> bool {
        let limit = allowed.min(self.per_lane);
        let Some(lane) = self.lanes.get_mut(&lane).filter(|lane| lane.limit != limit) else { return false };
        lane.limit = limit;
        self.expected = limit.max(1);
        true
    }

    /// This lane is closed.
    pub(crate) fn closed(&mut self, lane: u64) {
        self.lanes.remove(&lane);
    }

    /// This lane gets nothing new until it has shown a sign of life.
    pub(crate) fn doubt(&mut self, lane: u64) {
        if let Some(lane) = self.lanes.get_mut(&lane) {
            lane.doubtful = true;
        }
    }

    /// The answer on this place has begun.
    pub(crate) fn answered(&mut self, place: u64) {
        let Some(place) = self.places.get_mut(&place) else { return };
        place.answered = true;
        if let Some(lane) = self.lanes.get_mut(&place.lane) {
            lane.doubtful = false;
        }
    }

    /// This place is free again; says whether its lane is to be kept. A doubtful one that carries nothing any more is not.
    pub(crate) fn release(&mut self, place: u64, now: Instant) -> bool {
        let Some(place) = self.places.remove(&place) else { return false };
        let Some(lane) = self.lanes.get_mut(&place.lane) else { return false };
        lane.taken = lane.taken.saturating_sub(1);
        if lane.taken == 0 {
            lane.empty_since = Some(now);
        }
        let is_kept = lane.taken > 0 || !lane.doubtful;
        if !is_kept {
            self.lanes.remove(&place.lane);
        }
        is_kept
    }

    /// Takes the lanes out that have carried nothing for long.
    pub(crate) fn reap(&mut self, now: Instant) -> Vec<u64> {
        let idle = |lane: &Lane| lane.empty_since.is_some_and(|since| now.duration_since(since) >= IDLE);
        let idle: Vec<u64> = self.lanes.iter().filter(|(_, lane)| idle(lane)).map(|(id, _)| *id).collect();
        for lane in &idle {
            self.lanes.remove(lane);
        }
        idle
    }

    /// Whether a lane carries nothing.
    pub(crate) fn has_empty(&self) -> bool {
        self.lanes.values().any(|lane| lane.empty_since.is_some())
    }

    /// How it stands.
    pub(crate) fn load(&self) -> Load {
        let open = self.places.values().filter(|place| place.answered).count();
        Load {
            open,
            opening: self.places.len() - open,
            waiting: self.first.len() + self.later.len(),
            lanes: self.lanes.len(),
        }
    }

    /// What is to be done now. The fullest lane that has room comes first, so that few are open and empty ones stay so.
    pub(crate) fn settle(&mut self) -> Vec<Act> {
        let mut acts = Vec::new();
        while let Some((ticket, rank)) = self.front() {
            let free = |lane: &Lane| !lane.doubtful && lane.taken < lane.limit;
            let fullest =
                self.lanes.iter_mut().filter(|(_, lane)| free(lane)).max_by_key(|(_, lane)| lane.taken);
            let Some((&id, lane)) = fullest else { break };
            lane.taken += 1;
            lane.empty_since = None;
            match rank {
                Rank::First => self.first.pop_front(),
                Rank::Later => self.later.pop_front(),
            };
            let place = self.number();
            self.places.insert(place, Place { lane: id, rank, answered: false, leaving: false });
            acts.push(Act::Give { ticket, place, lane: id });
        }
        let waiting = self.first.len() + self.later.len();
        let room = self.most.saturating_sub(self.lanes.len() + self.dialing);
        let wanted = waiting.div_ceil(self.expected).saturating_sub(self.dialing);
        let dials = wanted.min(room).min(DIALS.saturating_sub(self.dialing));
        self.dialing += dials;
        acts.extend(std::iter::repeat_n(Act::Dial, dials));
        let coming = self.dialing * self.expected;
        let short = room == dials && waiting > coming;
        if short {
            self.displace(coming, &mut acts);
        }
        if short != self.short && (short || waiting == 0) {
            self.short = short;
            acts.push(if short { Act::Short } else { Act::Eased });
        }
        acts
    }

    fn front(&self) -> Option<(u64, Rank)> {
        let first = self.first.front().map(|ticket| (*ticket, Rank::First));
        first.or_else(|| Some((*self.later.front()?, Rank::Later)))
    }

    /// Has the youngest of the later rank make room for those of the first that no connection is coming for.
    fn displace(&mut self, coming: usize, acts: &mut Vec<Act>) {
        let leaving = self.places.values().filter(|place| place.leaving).count();
        let wanted = self.first.len().saturating_sub(coming + leaving);
        let later =
            self.places.iter_mut().rev().filter(|(_, place)| place.rank == Rank::Later && !place.leaving);
        for (id, place) in later.take(wanted) {
            place.leaving = true;
            acts.push(Act::Displace { place: *id });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dials(acts: &[Act]) -> usize {
        acts.iter().filter(|act| **act == Act::Dial).count()
    }

    fn waiting(book: &mut Book, many: usize) {
        for _ in 0..many {
            book.wait(Rank::First);
        }
    }

    fn gives(acts: &[Act]) -> usize {
        acts.iter().filter(|act| matches!(act, Act::Give { .. })).count()
    }

    #[test]
    fn many_at_once_wait_for_one_connection_until_it_is_known_what_it_carries() {
        let now = Instant::now();
        let mut book = Book::new(1_000, 100, 100);
        waiting(&mut book, 250);
        assert_eq!(dials(&book.settle()), 3);
        book.made(10, now);
        let acts = book.settle();
        assert_eq!((gives(&acts), dials(&acts)), (10, 22), "ten each: two of 24 are being made already");
    }

    #[test]
    fn a_lane_that_allows_less_than_it_carries_gets_nothing_new_and_what_is_left_goes_to_another() {
        let now = Instant::now();
        let mut book = Book::new(10, 100, 100);
        waiting(&mut book, 5);
        book.settle();
        let lane = book.made(100, now);
        assert_eq!(gives(&book.settle()), 5);
        assert!(book.allows(lane, 3) && !book.allows(lane, 3));
        book.wait(Rank::First);
        assert_eq!(book.settle(), [Act::Dial]);
        assert!(book.allows(lane, usize::MAX), "no limit is ours");
        assert_eq!(gives(&book.settle()), 1);
    }

    #[test]
    fn the_first_rank_goes_first_and_has_the_youngest_of_the_other_make_room() {
        let now = Instant::now();
        let mut book = Book::new(2, 1, 1);
        let places = |acts: &[Act]| -> Vec<u64> {
            let place = |act: &Act| if let Act::Give { place, .. } = act { Some(*place) } else { None };
            acts.iter().filter_map(place).collect()
        };
        book.wait(Rank::Later);
        book.wait(Rank::Later);
        assert_eq!(dials(&book.settle()), 2);
        book.made(1, now);
        book.made(1, now);
        let given = places(&book.settle());
        book.wait(Rank::Later);
        assert_eq!(book.settle(), [Act::Short], "nobody makes room for their own rank");
        let first = book.wait(Rank::First);
        assert_eq!(book.settle(), [Act::Displace { place: given[1] }]);
        assert_eq!(book.settle(), [], "one leaves for one");
        book.release(given[1], now);
        assert!(matches!(book.settle()[..], [Act::Give { ticket, .. }] if ticket == first));
        book.release(given[0], now);
        assert!(matches!(book.settle()[..], [Act::Give { .. }, Act::Eased]));
    }

    #[test]
    fn a_doubtful_lane_gets_nothing_until_it_answers() {
        let now = Instant::now();
        let mut book = Book::new(2, 10, 10);
        book.wait(Rank::First);
        book.settle();
        let lane = book.made(10, now);
        let Some(Act::Give { place, .. }) = book.settle().pop() else { panic!("there is room") };
        book.doubt(lane);
        book.wait(Rank::First);
        assert_eq!(book.settle(), [Act::Dial]);
        book.answered(place);
        let acts = book.settle();
        let [Act::Give { place: second, .. }] = acts[..] else { panic!("{acts:?}") };
        book.doubt(lane);
        assert!(book.release(place, now) && !book.release(second, now), "nothing is left on it");
        assert_eq!(book.load().lanes, 0);
    }

    #[test]
    fn a_connection_that_cannot_be_made_fails_those_whom_it_was_for() {
        let mut book = Book::new(10, 1, 1);
        let tickets = [book.wait(Rank::First), book.wait(Rank::First)];
        assert_eq!(dials(&book.settle()), 2);
        assert_eq!(book.failed(), [tickets[0]]);
        assert_eq!((book.settle(), book.load().waiting), (vec![], 1));
        assert_eq!(book.failed(), [tickets[1]]);
    }

    #[test]
    fn empty_lanes_are_closed_and_others_are_not() {
        let now = Instant::now();
        let mut book = Book::new(10, 1, 1);
        waiting(&mut book, 2);
        book.settle();
        let lanes = [book.made(1, now), book.made(1, now)];
        let acts = book.settle();
        let Act::Give { place, lane, .. } = acts[0] else { panic!("{acts:?}") };
        assert!(!book.has_empty());
        book.release(place, now);
        assert!(book.has_empty() && book.reap(now + IDLE / 2).is_empty());
        assert_eq!(book.reap(now + IDLE), [lane]);
        assert!(lanes.contains(&lane) && book.load().lanes == 1);
    }

    proptest! {
        #[test]
        fn whatever_happens_limits_are_kept_and_nobody_waits_beside_a_free_place(
            most in 1_usize..6, per_lane in 1_usize..5, steps in prop::collection::vec((0_u8..7, 0_usize..8), 1..200),
        ) {
            let now = Instant::now();
            let mut book = Book::new(most, per_lane, per_lane);
            let (mut lanes, mut places, mut dialing) = (Vec::new(), Vec::new(), 0_usize);
            for (step, n) in steps {
                match step {
                    0 | 1 => { book.wait(if n % 2 == 0 { Rank::First } else { Rank::Later }); }
                    2 if dialing > 0 => { dialing -= 1; lanes.push(book.made(n, now)); }
                    3 if dialing > 0 => { dialing -= 1; book.failed(); }
                    4 if !places.is_empty() => { book.release(places.remove(n % places.len()), now); }
                    5 if !lanes.is_empty() => { book.closed(lanes.remove(n % lanes.len())); }
                    6 if !lanes.is_empty() => { book.allows(lanes[n % lanes.len()], n); }
                    _ => {}
                }
                for act in book.settle() {
                    match act {
                        Act::Give { place, lane, .. } => {
                            places.push(place);
                            prop_assert!(book.lanes[&lane].taken <= book.lanes[&lane].limit);
                        }
                        Act::Dial => dialing += 1,
                        _ => {}
                    }
                }
                prop_assert!(book.lanes.len() + dialing <= most);
                let free = book.lanes.values().any(|lane| lane.taken < lane.limit);
                prop_assert!(book.load().waiting == 0 || !free);
                let stuck = book.load().waiting > 0 && dialing == 0 && book.lanes.len() < most;
                prop_assert!(!stuck, "a connection is made for who waits");
            }
        }
    }
}
