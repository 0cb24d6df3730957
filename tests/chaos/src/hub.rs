//! The hub of a round: everything but the runners, in this process.
//!
//! The tables, the queues, the upstream, the receivers, and Multitask without runners between them; what the mapping of the runs queue
//! receives goes to the workers of the [`Pool`]. Invariant: two hubs share nothing, so rounds run side by side.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::time::Duration;

use ambient::{Clock, Entropy};
use anyhow::Context;
use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_sqs::types::QueueAttributeName;
use multitask::data_dir::DataDir;
use multitask::doubles::Doubles;
use multitask::dynamo::Dynamo;
use multitask::mappings::{Mapping, queue as from_queue};
use multitask::options::{Aws, Upstream};
use multitask::{Options, Running, sdk};
use simulator::Simulator;
use tempfile::TempDir;
use vault::Secret;

use crate::asked::Reply;
use crate::plan::Plan;
use crate::pool::Pool;
use crate::proxy::Proxy;
use crate::receiver::{Receivers, SECRET};
use crate::settings::{DELIVERY_VISIBILITY_SECONDS, SWEEP, VISIBILITY_SECONDS};
use crate::worker::Made;

/// With what the names of tables and queues begin.
const PREFIX: &str = "chaos";
/// Time to live is not what a round is about.
const EXPIRY_EVERY: Duration = Duration::from_hours(1);

/// Everything but the runners.
#[derive(Debug)]
pub struct Hub {
    /// Multitask, without runners.
    pub running: Running,
    /// The upstream.
    pub simulator: Simulator,
    /// Who is told of ends.
    pub receivers: Receivers,
    /// The way to the tables and the queues.
    pub proxy: Proxy,
    /// The runners.
    pub pool: Pool,
    /// The time of the hub and the queues; the upstream has its own.
    pub clock: Clock,
    /// The tables, past the proxy.
    pub tables: aws_sdk_dynamodb::Client,
    /// The queues, past the proxy.
    pub queues: aws_sdk_sqs::Client,
    dynamo: Dynamo,
    doubles: Doubles,
    mapping: Mapping,
    _data: TempDir,
}

impl Hub {
    /// Starts everything for this plan; workers write their logs to the folder `logs`.
    pub async fn start(plan: &Plan, logs: &Path) -> anyhow::Result<Self> {
        // An error means that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::system();
        let entropy = Entropy::seeded(plan.seed);
        let data = tempfile::tempdir()?;
        let kept = DataDir::open(&data.path().join("aws"))?;
        let dynamo = Dynamo::start(&kept, clock.clone(), EXPIRY_EVERY).await?;
        let doubles = Doubles::start(&kept, clock.clone(), entropy.clone()).await?;
        let proxy = Proxy::start(dynamo.endpoint(), &doubles.endpoint(), plan.seed).await?;
        let simulator = Simulator::start(simulator::Config {
            quota_per_minute: plan.quota,
            progress_events: Some(14),
            clock: Clock::system(),
            entropy: Entropy::seeded(plan.seed),
            ..simulator::Config::default()
        });
        let simulator = simulator.await?;
        let receivers = Receivers::start(clock.clone(), replies(plan)).await?;

        let sealing_key = data_encoding::HEXLOWER.encode(&entropy.bytes::<32>());
        let mut options = Options {
            data_dir: data.path().join("state"),
            upstream: Upstream::Url { base: simulator.url().parse()?, simulated: true },
            allow_hosts: vec![receivers.address().to_owned()],
            aws: Aws::Endpoint { url: proxy.others.clone(), prefix: PREFIX.to_owned() },
            runners: 0,
            sweep: SWEEP,
            clock: clock.clone(),
            entropy,
            ..Options::default()
        };
        options.listen.set_port(0);
        options.secrets.sealing_key = Some(Secret::new(&sealing_key));
        options.secrets.webhook_secret = Some(Secret::new(SECRET));
        options.secrets.upstream_webhook_secret = plan.woken.then(|| Secret::new(simulator::WEBHOOK_SECRET));
        let running = multitask::start(options).await?;

        let tables = aws_sdk_dynamodb::Client::new(&sdk::config(dynamo.endpoint()));
        let queues = aws_sdk_sqs::Client::new(&sdk::config(&doubles.endpoint()));
        let places = running.places().clone();
        hide_for(&queues, &places.runs, VISIBILITY_SECONDS).await?;
        hide_for(&queues, &places.deliveries, DELIVERY_VISIBILITY_SECONDS).await?;
        if let Some(adopt) = &places.adopt {
            hide_for(&queues, adopt, VISIBILITY_SECONDS).await?;
        }
        let made = Made {
            aws: proxy.workers.clone(),
            tables: table_names(),
            runs: (places.runs.clone(), places.adopt),
            deliveries: (places.deliveries, places.deliveries_arn),
            schedules: (places.schedule_group, places.schedule_role),
            upstream: simulator.url(),
            sealing_key,
            manner: plan.manner,
        };
        let pool = Pool::new(made, logs, clock.clone());
        let mapping = map(&proxy.others, &places.runs, plan, &clock, &pool).await?;
        Ok(Self {
            running,
            simulator,
            receivers,
            proxy,
            pool,
            clock,
            tables,
            queues,
            dynamo,
            doubles,
            mapping,
            _data: data,
        })
    }

    /// The double of the queues, whose own faults are by the name of a queue: `runs`, `adopt` or `deliveries`.
    pub fn fault(&self, queue: &str, fault: multitask::doubles::sqs::Fault, count: usize) {
        self.doubles.sqs().inject(&format!("{PREFIX}-{queue}"), fault, count);
    }

    /// How many messages lie in the queues of dead letters, by queue, and what they say.
    pub async fn dead_letters(&self) -> anyhow::Result<Vec<String>> {
        let mut dead = Vec::new();
        for name in ["runs-dead", "adopt-dead", "deliveries-dead", "stream-failures"] {
            let url = self.queues.get_queue_url().queue_name(format!("{PREFIX}-{name}")).send().await?;
            let url = url.queue_url.context("a queue has a URL")?;
            let received = self.queues.receive_message().queue_url(url).max_number_of_messages(10);
            let messages = received.send().await?.messages.unwrap_or_default();
            dead.extend(
                messages.into_iter().map(|found| format!("{name}: {}", found.body.unwrap_or_default())),
            );
        }
        Ok(dead)
    }

    /// Ends everything.
    pub async fn stop(self) {
        self.pool.close();
        // Its handlers end with their workers.
        drop(self.mapping);
        self.running.stop().await;
        tokio::join!(self.dynamo.stop(), self.doubles.stop(), self.simulator.shutdown());
    }
}

/// The names of the tables: of units, and of the outbox.
#[must_use]
pub fn table_names() -> (String, String) {
    (format!("{PREFIX}-units"), format!("{PREFIX}-outbox"))
}

async fn map(endpoint: &str, url: &str, plan: &Plan, clock: &Clock, pool: &Pool) -> anyhow::Result<Mapping> {
    let options = from_queue::Options {
        batch_size: plan.batch,
        window: Duration::ZERO,
        concurrency: plan.workers,
        in_flight: plan.workers * plan.batch,
    };
    let pool = pool.clone();
    let handler = move |event: SqsEvent| {
        let pool = pool.clone();
        async move { pool.invoke(event).await }
    };
    let client = aws_sdk_sqs::Client::new(&sdk::config(endpoint));
    Ok(from_queue::start(client, url, options, clock.clone(), handler).await?)
}

async fn hide_for(queues: &aws_sdk_sqs::Client, url: &str, seconds: u32) -> anyhow::Result<()> {
    let name = QueueAttributeName::VisibilityTimeout;
    queues.set_queue_attributes().queue_url(url).attributes(name, seconds.to_string()).send().await?;
    Ok(())
}

fn replies(plan: &Plan) -> HashMap<String, VecDeque<Reply>> {
    let told = plan.units.iter().filter_map(|unit| Some((unit.name.clone(), unit.replies.clone()?.into())));
    told.collect()
}
