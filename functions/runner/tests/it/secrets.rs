//! A key appears nowhere: not in what is stored, not in what is sent, not in what is logged.

use std::io::Write;
use std::sync::{Arc, Mutex};

use domain::group::Output;
use simulator::{Effect, Endpoint, Fault};
use tracing_subscriber::fmt::MakeWriter;

use crate::group::{plain, simulated};
use crate::world::World;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no holder panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

const KEY: &str = "very-secret-key-4711";

#[tokio::test]
async fn a_key_stands_in_no_item_no_message_and_no_log() {
    let log = Log::default();
    // For the whole process: what other tests log meanwhile does no harm.
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(log.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).expect("nobody else listens");
    let world = World::start().await;
    let refusal = |status| Effect::Status { status, retry_after: None, message: None };
    world.simulator.faults().set([
        Fault::on(Endpoint::AddRuns, Effect::LostReply).times(1),
        Fault::on(Endpoint::Result, refusal(500)).times(1),
        Fault::on(Endpoint::GroupEvents, Effect::CutStream { after_events: 1, with_error: false }).times(2),
        Fault::on(Endpoint::Suggest, refusal(422)).times(1),
    ]);
    let described = |group: crate::group::Group| {
        group.key(KEY).with(|spec| spec.output = Output::Described { description: "the CEO".to_owned() })
    };
    let ended = world.run(described(simulated(&["", "fail"]))).await;
    assert_eq!(ended.bought.len(), 2);
    // One that is refused, and one that is in the middle of its life.
    world.run(plain(1).key(&format!("{KEY}-refused"))).await;
    let living = world.create(simulated(&["never"]).key(KEY)).await;
    let (runner, records) = (world.runner(), world.receive().await);
    tokio::select! {
        left = world.invoke(&runner, records) => panic!("{left:?}"),
        _ = world.until(&living, |unit| unit.counts.queued + unit.counts.running == 1) => {}
    }
    assert!(world.unit(&living).await.sealed.is_some());
    // The next message of the unit, and whatever else is sent.
    world.clock.advance(std::time::Duration::from_mins(20));
    let sent = world.receive().await;
    assert!(!sent.is_empty() && !format!("{sent:?}").contains(KEY), "{sent:?}");
    let everything = world.everything().await;
    assert!(everything.values().any(|item| item.contains("Company 0")), "what is packed can be read here");
    for (key, item) in &everything {
        assert!(!item.contains(KEY), "{key}");
    }
    let log = String::from_utf8(log.0.lock().expect("no holder panics").clone()).expect("text");
    assert!(
        log.contains("The unit is claimed.") && log.contains("The unit is over."),
        "something was logged"
    );
    let leaks: Vec<&str> = log.lines().filter(|line| line.contains(KEY)).collect();
    assert_eq!(leaks, Vec::<&str>::new());
}
