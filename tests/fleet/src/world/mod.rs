//! The simulated deployment: two queues, the mapping, the announcements, the invocations; moved on event by event.
//!
//! Owns the order of things and what each invocation is. What a runner decides is `domain::adoption`'s, called as the runner calls it.

mod announce;
mod begin;
mod drive;
mod fault;
mod leave;
mod move_back;
mod poll;
mod receive;
mod tend;

use std::collections::{BTreeMap, VecDeque};

use ambient::Entropy;
use domain::adoption::Pace;
use jiff::Timestamp;

use self::receive::Receive;
use crate::agenda::Agenda;
use crate::announced::Announced;
use crate::assumed::{DEADLINE, LONG_POLL, POLLERS, REQUEST, SLICE, SWEEP};
use crate::ledger::Ledger;
use crate::load;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::scenario::{Policy, Scenario};
use crate::tally::Tally;
use crate::watch::{self, Watch};

/// For how long the world goes on after the last arrival, for runs that are stuck.
const PATIENCE: std::time::Duration = std::time::Duration::from_hours(12);

/// What travels in the queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Unit(usize),
    Sweep,
}

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    work: Work,
    /// It was moved back once and stays where it arrives.
    moved: bool,
    sent_at: Timestamp,
}

/// The queue that a message is in, or came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Runs,
    Adopt,
}

/// An invocation.
#[derive(Debug)]
struct Runner {
    name: String,
    began: Timestamp,
    /// When it hands over.
    ends_at: Timestamp,
    /// Units and where the messages came from that are their leases.
    driving: BTreeMap<usize, Place>,
    stage: Stage,
    /// It takes nothing up any more.
    is_closed: bool,
    /// What it announced holds, as far as it knows.
    is_announced: bool,
    /// When it announces again, and when it looks again for those that wait in vain.
    tell_at: Timestamp,
    look_at: Timestamp,
    /// Until when it reads what was sent because of an announcement.
    read_until: Timestamp,
    /// When it is woken up next.
    wake_at: Timestamp,
    /// When the leases were extended last.
    extended_at: Timestamp,
    /// Messages in the batch that it was started with.
    batch: usize,
}

/// How far an invocation is with what was sent to it by `adopt`, as in the runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has not decided to stay, or never takes anything up.
    Apart,
    /// It takes up what comes.
    Open,
    /// What was left has been moved back.
    Over,
    /// It drives nothing and is about to end.
    Ending,
}

/// What happens.
#[derive(Debug)]
enum Event {
    Arrive,
    Sweep,
    Look,
    Window {
        poller: usize,
        batch: u64,
    },
    Grow,
    Begin {
        id: u32,
        batch: Vec<Message>,
    },
    /// What was announced has come; the first look, or the one after it.
    Decide {
        id: u32,
        units: Vec<Message>,
        announced: Vec<domain::adoption::Slots>,
        again: bool,
    },
    LookAgain {
        id: u32,
        units: Vec<Message>,
    },
    Sent {
        place: Place,
        messages: Vec<Message>,
    },
    Ended {
        unit: usize,
        epoch: u32,
    },
    Beat {
        id: u32,
    },
    Tend {
        id: u32,
    },
    ReceiveOver {
        receive: u64,
    },
    SliceEnd {
        id: u32,
    },
    Finish {
        id: u32,
    },
    Kill,
    Lie {
        free: u32,
    },
}

/// Everything there is.
pub(crate) struct World<'a> {
    scenario: &'a Scenario,
    pace: Pace,
    entropy: Entropy,
    agenda: Agenda<Event>,
    ledger: Ledger,
    runs: VecDeque<Message>,
    adopt: VecDeque<Message>,
    /// The receives of runners that wait at a queue.
    waiting: Vec<Receive>,
    received: u64,
    mapping: Mapping,
    announced: Announced,
    runners: BTreeMap<u32, Runner>,
    /// When each environment that nothing runs in fell idle, the last at the end.
    idle: Vec<Timestamp>,
    begun: u32,
    is_arriving: bool,
    /// The mapping is about to allow itself more.
    is_growing: bool,
    tally: Tally,
    watch: Watch,
    late: std::time::Duration,
}

impl<'a> World<'a> {
    pub(crate) fn new(scenario: &'a Scenario) -> Self {
        let is_alone = scenario.policy == Policy::OneStream;
        let batch = if is_alone { 1 } else { scenario.units_per_runner as usize };
        Self {
            scenario,
            pace: Pace::for_slice(SLICE),
            entropy: Entropy::seeded(scenario.seed),
            agenda: Agenda::new(),
            ledger: Ledger::default(),
            runs: VecDeque::new(),
            adopt: VecDeque::new(),
            waiting: Vec::new(),
            received: 0,
            mapping: Mapping::new(batch, scenario.concurrency, is_alone),
            announced: Announced::default(),
            runners: BTreeMap::new(),
            idle: Vec::new(),
            begun: 0,
            is_arriving: true,
            is_growing: false,
            tally: Tally::default(),
            watch: Watch::default(),
            late: std::time::Duration::ZERO,
        }
    }

    /// Lets everything happen until all that arrived is over, or nothing moves any more.
    pub(crate) fn run(mut self) -> Outcome {
        self.agenda.after(load::until_next(self.scenario.per_minute, &self.entropy), Event::Arrive);
        self.agenda.after(SWEEP, Event::Sweep);
        self.agenda.after(watch::EVERY, Event::Look);
        for &kill in &self.scenario.kills {
            self.agenda.after(kill, Event::Kill);
        }
        for &(lie, free) in &self.scenario.lies {
            self.agenda.after(lie, Event::Lie { free });
        }
        let last = Timestamp::UNIX_EPOCH + self.scenario.span + PATIENCE;
        while let Some(event) = self.agenda.next() {
            self.happens(event);
            let is_over = !self.is_arriving && self.ledger.open() == 0 && self.runners.is_empty();
            if is_over || self.agenda.now() > last {
                break;
            }
        }
        let lasted = self.agenda.now().duration_since(Timestamp::UNIX_EPOCH).unsigned_abs();
        // The mapping's receives wait whether anything comes or not.
        let receives = lasted.as_secs() / LONG_POLL.as_secs() * POLLERS as u64;
        self.tally.empty_receives += receives;
        Outcome::new(self.scenario, &self.ledger, self.tally, self.watch, self.late, lasted)
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Arrive => self.arrive(),
            Event::Sweep => self.send_sweep(),
            Event::Look => self.look(),
            Event::Window { poller, batch } => self.window_over(poller, batch),
            Event::Grow => {
                self.is_growing = false;
                self.mapping.grow();
                self.poll();
            }
            Event::Begin { id, batch } => self.begin(id, batch),
            Event::Decide { id, units, announced, again } => self.decide(id, units, announced, again),
            Event::LookAgain { id, units } => {
                let announced = self.read_announced();
                self.agenda.after(REQUEST, Event::Decide { id, units, announced, again: true });
            }
            Event::Sent { place, messages } => self.sent(place, messages),
            Event::Ended { unit, epoch } => self.ended(unit, epoch),
            Event::Beat { id } => self.beat(id),
            Event::Tend { id } => self.tend(id),
            Event::ReceiveOver { receive } => self.receive_over(receive),
            Event::SliceEnd { id } => self.slice_end(id),
            Event::Finish { id } => self.finish(id),
            Event::Kill => self.kill(),
            Event::Lie { free } => self.lie(free),
        }
    }

    fn now(&self) -> Timestamp {
        self.agenda.now()
    }

    fn look(&mut self) {
        let driving = |runner: &Runner| runner.driving.len() as u64;
        let driving = self.runners.values().map(driving).filter(|&units| units > 0).collect();
        let capacity =
            if self.scenario.policy == Policy::OneStream { 1 } else { self.scenario.units_per_runner };
        self.watch.look(driving, u64::from(capacity));
        self.agenda.after(watch::EVERY, Event::Look);
    }

    /// A runner of the policy's, that is to be invoked now.
    fn new_runner(&mut self, batch: usize) -> u32 {
        self.begun += 1;
        let now = self.now();
        let runner = Runner {
            // Invocations have random names: which of two sorts first says nothing about which is older.
            name: format!("{:016x}", u64::from_le_bytes(self.entropy.bytes())),
            began: now,
            ends_at: now + DEADLINE,
            driving: BTreeMap::new(),
            stage: Stage::Apart,
            is_closed: false,
            is_announced: false,
            tell_at: now,
            look_at: now,
            read_until: now,
            wake_at: Timestamp::MAX,
            extended_at: now,
            batch,
        };
        self.runners.insert(self.begun, runner);
        self.begun
    }
}
