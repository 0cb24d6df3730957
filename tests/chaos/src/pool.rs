//! The workers of a round: started when there is work for them, given one invocation at a time, killed and frozen by the plan.
//!
//! What Lambda is to a function: a batch whose worker dies, or whose time is over, has failed, and its messages come back by themselves.
//! Invariant: only processes that were started here, and were not waited for yet, get signals.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ambient::Clock;
use anyhow::Context;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::settings;
use crate::worker::{Made, Told};

/// How long past its time a worker has for its answer before it is killed.
const GRACE: Duration = Duration::from_secs(3);

/// Something that was done to a worker on purpose.
#[derive(Debug, Clone, PartialEq)]
pub struct Strike {
    /// Which worker.
    pub worker: u32,
    /// When.
    pub at: Timestamp,
    /// When it went on, after it was frozen; else the same time.
    pub until: Timestamp,
    /// What.
    pub what: Blow,
}

/// What is done to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// It was killed.
    Killed,
    /// It was stopped, and went on later.
    Frozen,
    /// It was asked to end.
    Ended,
    /// Its clock was moved.
    Skewed,
}

/// The workers; clones are the same ones.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    made: Made,
    logs: PathBuf,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    started: u32,
    idle: Vec<Worker>,
    /// The processes that live, by worker: which process, and whether it has work.
    living: BTreeMap<u32, Living>,
    strikes: Vec<Strike>,
    closed: bool,
}

#[derive(Debug)]
struct Living {
    process: u32,
    busy: bool,
    /// What it is told beside its invocations.
    told: tokio::sync::mpsc::UnboundedSender<Told>,
    ahead: f64,
}

#[derive(Debug)]
struct Worker {
    number: u32,
    child: Child,
    told: tokio::sync::mpsc::UnboundedSender<Told>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Pool {
    /// A pool without workers. Their logs go to files of the folder `logs`.
    #[must_use]
    pub fn new(made: Made, logs: &Path, clock: Clock) -> Self {
        Self(Arc::new(Inner { made, logs: logs.to_owned(), clock, state: Mutex::default() }))
    }

    /// Has an idle worker, or a new one, work off this batch.
    pub async fn invoke(&self, event: SqsEvent) -> anyhow::Result<SqsBatchResponse> {
        let mut worker = self.take()?;
        let number = worker.number;
        let invocation = settings::invocation(self.0.made.manner);
        let time_left = u64::try_from(invocation.as_millis()).unwrap_or(u64::MAX);
        // A worker that cannot be told is one that does not answer.
        let _ = worker.told.send(Told::Invoke { event, time_left });
        let answered = tokio::time::timeout(invocation + GRACE, worker.answers.next_line()).await;
        if let Ok(Ok(Some(line))) = answered {
            let answer = serde_json::from_str(&line);
            self.give_back(worker);
            return answer.context("a worker's answer makes no sense");
        }
        self.state().living.remove(&number);
        // It may be dead already.
        let _ = worker.child.start_kill();
        let _ = worker.child.wait().await;
        match answered {
            Err(_) => anyhow::bail!("worker {number} has had its time and is killed"),
            Ok(_) => anyhow::bail!("worker {number} died"),
        }
    }

    fn take(&self) -> anyhow::Result<Worker> {
        let mut state = self.state();
        anyhow::ensure!(!state.closed, "the round is over");
        let worker = match state.idle.pop() {
            Some(worker) => worker,
            None => self.start(&mut state)?,
        };
        if let Some(living) = state.living.get_mut(&worker.number) {
            living.busy = true;
        }
        Ok(worker)
    }

    fn give_back(&self, worker: Worker) {
        let mut state = self.state();
        if let Some(living) = state.living.get_mut(&worker.number) {
            living.busy = false;
            state.idle.push(worker);
        }
    }

    fn start(&self, state: &mut State) -> anyhow::Result<Worker> {
        state.started += 1;
        let number = state.started;
        let log = File::create(self.0.logs.join(format!("worker-{number:03}.log")))?;
        let program = std::env::current_exe()?;
        let mut command = Command::new(program);
        command.arg("worker").env_clear().kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().context("a worker does not start")?;
        let process = child.id().context("a worker ended at once")?;
        let input = child.stdin.take().context("it is piped")?;
        let answers = BufReader::new(child.stdout.take().context("it is piped")?).lines();
        let (told, told_to) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(tell(input, serde_json::to_string(&self.0.made)?, told_to));
        state.living.insert(number, Living { process, busy: false, told: told.clone(), ahead: 0.0 });
        Ok(Worker { number, child, told, answers })
    }

    /// Strikes one of the busy workers, chosen by a share from 0 to 1; says which, if there is one.
    #[must_use = "who is frozen has to be thawed"]
    pub fn strike(&self, who: f64, what: Blow) -> Option<u32> {
        let mut state = self.state();
        let busy: Vec<u32> =
            state.living.iter().filter(|(_, living)| living.busy).map(|(number, _)| *number).collect();
        let worker = *busy.get(index(who, busy.len())?)?;
        let living = state.living.get(&worker)?;
        let done = match what {
            Blow::Killed => signal("KILL", living.process),
            Blow::Frozen => signal("STOP", living.process),
            Blow::Ended => living.told.send(Told::Stop).is_ok(),
            Blow::Skewed => false,
        };
        if !done {
            return None;
        }
        if what != Blow::Frozen {
            // It gets nothing more: dead, or about to end.
            state.living.remove(&worker);
        }
        let at = self.0.clock.now();
        state.strikes.push(Strike { worker, at, until: at, what });
        Some(worker)
    }

    /// Moves the clock of one of the workers to so many seconds ahead, unless it is there already.
    pub fn skew(&self, who: f64, ahead: f64) {
        let mut state = self.state();
        let all: Vec<u32> = state.living.keys().copied().collect();
        let Some(worker) = index(who, all.len()).and_then(|at| all.get(at)).copied() else { return };
        let Some(living) = state.living.get_mut(&worker).filter(|living| living.ahead < ahead) else {
            return;
        };
        let more = Duration::from_secs_f64(ahead - living.ahead).as_millis();
        if living.told.send(Told::Skew(u64::try_from(more).unwrap_or(0))).is_ok() {
            living.ahead = ahead;
            let at = self.0.clock.now();
            state.strikes.push(Strike { worker, at, until: at, what: Blow::Skewed });
        }
    }

    /// A frozen worker goes on, if it still lives.
    pub fn thaw(&self, worker: u32) {
        let mut state = self.state();
        if let Some(living) = state.living.get(&worker) {
            signal("CONT", living.process);
        }
        let frozen = |strike: &&mut Strike| strike.worker == worker && strike.what == Blow::Frozen;
        if let Some(strike) = state.strikes.iter_mut().rev().find(frozen) {
            strike.until = self.0.clock.now();
        }
    }

    /// Everything that was done on purpose, in the order of time.
    #[must_use]
    pub fn strikes(&self) -> Vec<Strike> {
        self.state().strikes.clone()
    }

    /// Starts nobody any more, and asks all to end.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.idle.clear();
        for living in state.living.values() {
            // Whoever cannot be told has ended.
            let _ = living.told.send(Told::Stop);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes lines to a worker until it ends, or nobody is left to tell it anything.
async fn tell(
    mut input: ChildStdin,
    made: String,
    mut told: tokio::sync::mpsc::UnboundedReceiver<Told>,
) -> std::io::Result<()> {
    input.write_all(format!("{made}\n").as_bytes()).await?;
    while let Some(told) = told.recv().await {
        let line = serde_json::to_string(&told)?;
        input.write_all(format!("{line}\n").as_bytes()).await?;
        input.flush().await?;
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a few workers"
)]
fn index(share: f64, of: usize) -> Option<usize> {
    (of > 0).then(|| ((share * of as f64) as usize).min(of - 1))
}

/// Sends a signal to a process of this pool; says whether it was there.
fn signal(name: &str, process: u32) -> bool {
    let mut kill = std::process::Command::new("kill");
    kill.args([&format!("-{name}"), &process.to_string()]).stderr(Stdio::null());
    kill.status().is_ok_and(|status| status.success())
}
