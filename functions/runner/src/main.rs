//! The runner as a Lambda function: reads the environment, connects, and works off batches of messages.

use std::time::Duration;

use ambient::{Clock, Entropy};
use anyhow::Context;
use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use metrics::Reporter;
use runner::{Config, Parts, Runner};
use web::outbound::Outbound;

#[tokio::main]
async fn main() -> Result<(), Error> {
    #[expect(clippy::disallowed_methods, reason = "only mains read the environment")]
    let var = |name: &str| std::env::var(name).ok();
    logs::init_function(var);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Config::from_vars(var)?;
    let labels = config.labels.clone();
    let runner = connect(config).await?;
    let reporter = Reporter::new(runner.metrics().clone(), labels, Clock::system());
    run(service_fn(|event: LambdaEvent<SqsEvent>| {
        let (runner, reporter) = (runner.clone(), reporter.clone());
        async move {
            let now = Clock::system().now().as_millisecond();
            let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
            let time_left = Duration::from_millis(u64::try_from(deadline - now).unwrap_or(0));
            let work = Box::pin(runner.invoke(event.payload, time_left));
            Ok::<_, Error>(reporter.during(|| runner.look_around(), work).await)
        }
    }))
    .await
}

/// Opens every connection while the function initialises, where Lambda gives it full CPU.
async fn connect(config: Config) -> anyhow::Result<Runner> {
    let aws = cloud::config(None).await;
    let key = vault::resolve(&aws, &config.sealing_key_arn).await?;
    let entropy = Entropy::system();
    let sealer = vault::Sealer::from_text(&key, entropy.clone()).context("the sealing key is no key")?;
    let store = store::Store::new(&aws, config.tables);
    store.ping().await?;
    Ok(Runner::new(Parts {
        queue: queue::Queue::new(&aws, config.places),
        upstream: parallel::Client::new(parallel::Settings::new(config.upstream))?,
        outbound: Outbound::new(web::outbound::Settings::from_rules(
            &config.allow_hosts,
            config.runtime_api,
        )?)?,
        clock: Clock::system(),
        settings: config.settings,
        on_change: std::sync::Arc::new(|_| {}),
        store,
        sealer,
        entropy,
    }))
}
