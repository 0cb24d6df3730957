//! The composition: one process that is all of Multitask.
//!
//! Owns the order of start and stop. The functions are the same that run on Lambda, with real AWS SDK clients; only endpoints
//! differ. Invariant: nothing is lost by an end of whichever kind, because the tables are the truth and the start sends what is unfinished again.

use std::net::SocketAddr;

use ambient::Clock;
use anyhow::Context;
use results::{Break, Results, Wake};
use simulator::Simulator;
use url::Url;
use vault::webhook::Verifier;
use web::Access;
use web::guard::Guard;
use web::outbound::{self, Outbound};

use crate::aws::Aws;
use crate::data_dir::DataDir;
use crate::doubles::Doubles;
use crate::options::Options;
use crate::server::{self, Server};
use crate::work::{self, Functions, Work};
use crate::{http, sealing, upstream};

/// A running Multitask. When dropped without [`Running::stop`] it goes on until the runtime ends.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    url: String,
    clock: Clock,
    server: Server,
    work: Work,
    aws: Aws,
    upstream: upstream::Running,
    _data: DataDir,
}

/// Starts Multitask: when this returns, it answers at its address, and goes on with what is unfinished.
pub async fn start(options: Options) -> anyhow::Result<Running> {
    // Everything that is started is in this future, which is too large to be moved around.
    Box::pin(compose(options)).await
}

async fn compose(options: Options) -> anyhow::Result<Running> {
    // An error means that the process has one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let secrets = &options.secrets;
    let guard = Guard::new(options.public_url.as_deref(), &options.allow_origins)?;
    let outbound = Outbound::new(outbound::Settings::from_rules(&options.allow_hosts, None)?)?;
    let operator_secret = secrets.webhook_secret.as_ref().map(|secret| secret.expose().trim().parse());
    let operator_secret =
        operator_secret.transpose().context("MULTITASK_WEBHOOK_SECRET is no signing secret")?;

    let data = DataDir::open(&options.data_dir)?;
    let listener = server::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let sealer = sealing::sealer(secrets.sealing_key.as_ref(), &data, &options.entropy)?;
    let upstream = upstream::start(&options, &data).await?;
    let aws = Aws::start(&options, &data).await?;

    let upstream_webhooks = upstream.webhook_secret.as_ref().map(Verifier::new);
    let upstream_webhooks = upstream_webhooks.transpose().context("PARALLEL_WEBHOOK_SECRET is no secret")?;

    let url = options.public_url.clone().unwrap_or_else(|| web::base_url::listening(address));
    let url = url.trim_end_matches('/').to_owned();
    let access = Access {
        simulated: upstream.simulated,
        server_key: secrets.server_key.clone(),
        tokens: secrets.access_tokens.clone(),
        loopback: address.ip().is_loopback(),
    };
    let queue = queue::Queue::new(&aws.queues_at, aws.queues.places.clone());
    let wake = Wake::default();
    let (clock, entropy, store) = (options.clock.clone(), options.entropy.clone(), aws.store.clone());

    let units_per_runner = u32::try_from(options.units_per_runner.max(1)).unwrap_or(u32::MAX);
    let runner = runner::Runner::new(runner::Parts {
        store: store.clone(),
        queue: queue.clone(),
        upstream: parallel::Client::new(parallel::Settings::new(upstream.base.clone()))?,
        sealer: sealer.clone(),
        outbound: outbound.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        settings: runner::Settings { units: units_per_runner, ..options.runner.clone() },
        on_change: work::on_change(&wake),
    });
    let webhook = webhook::Webhook::new(
        store.clone(),
        queue.clone(),
        sealer.clone(),
        outbound.clone(),
        clock.clone(),
        entropy.clone(),
        webhook::Settings { operator_secret, ..webhook::Settings::default() },
    );
    let settings = results::Settings { access: access.clone(), at_fault: Break::Cut };
    let results = Results::new(store.clone(), sealer.clone(), clock.clone(), wake.clone(), settings);
    let api = api::Api::new(api::Parts {
        store,
        queue: queue.clone(),
        sealer,
        outbound,
        clock: clock.clone(),
        entropy,
        settings: api::Settings {
            access,
            upstream: upstream.base.clone(),
            public_url: Some(url.clone()),
            operator_signs: secrets.webhook_secret.is_some(),
            upstream_webhooks,
        },
        on_change: work::on_change(&wake),
    });

    let guard = secrets.server_key.is_some().then_some(guard);
    let service = http::service(api::router(api), results::router(results), guard);
    let work = Work::start(Functions { runner, webhook }, &aws, &options, &data).await?;
    let server = Server::start(listener, service);
    tracing::info!(%address, "Multitask listens.");
    Ok(Running { address, url, clock, server, work, aws, upstream, _data: data })
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of the URLs that it gives out, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its time; moving it forward moves everything.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The base URL of its upstream.
    #[must_use]
    pub const fn upstream(&self) -> &Url {
        &self.upstream.base
    }

    /// Its own simulator, if that is the upstream.
    #[must_use]
    pub const fn simulator(&self) -> Option<&Simulator> {
        self.upstream.simulator.as_ref()
    }

    /// Its own queues and schedules, if no endpoint stands for them.
    #[must_use]
    pub fn doubles(&self) -> Option<&Doubles> {
        self.aws.doubles()
    }

    /// Where its queues and schedules are.
    #[must_use]
    pub const fn places(&self) -> &queue::Places {
        &self.aws.queues.places
    }

    /// Takes no more work, closes every connection, and ends. What is unfinished goes on at the next start.
    pub async fn stop(self) {
        tokio::join!(self.server.stop(), self.work.stop());
        self.aws.stop().await;
        if let Some(simulator) = self.upstream.simulator {
            simulator.shutdown().await;
        }
        tracing::info!("Multitask has stopped.");
    }
}
