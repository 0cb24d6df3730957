//! The webhook function on Lambda: reads the environment, connects, and works off records and messages.

use ambient::{Clock, Entropy};
use anyhow::Context;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use metrics::Reporter;
use serde_json::Value;
use web::outbound::Outbound;
use webhook::{Config, Settings, Webhook};

#[tokio::main]
async fn main() -> Result<(), Error> {
    #[expect(clippy::disallowed_methods, reason = "only mains read the environment")]
    let var = |name: &str| std::env::var(name).ok();
    logs::init_function(var);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Config::from_vars(var)?;
    let labels = config.labels.clone();
    let webhook = connect(config).await?;
    let reporter = Reporter::new(webhook.metrics().clone(), labels, Clock::system());
    run(service_fn(|event: LambdaEvent<Value>| {
        let (webhook, reporter) = (webhook.clone(), reporter.clone());
        async move { Ok::<_, Error>(reporter.during(|| {}, webhook.dispatch(event.payload)).await?) }
    }))
    .await
}

/// Opens every connection while the function initialises, where Lambda gives it full CPU.
async fn connect(config: Config) -> anyhow::Result<Webhook> {
    let aws = cloud::config(None).await;
    let key = vault::resolve(&aws, &config.sealing_key_arn).await?;
    let entropy = Entropy::system();
    let sealer = vault::Sealer::from_text(&key, entropy.clone()).context("the sealing key is no key")?;
    let operator_secret = match &config.webhook_secret_arn {
        Some(arn) => Some(vault::resolve(&aws, arn).await?.expose().trim().parse()?),
        None => None,
    };
    let store = store::Store::new(&aws, config.tables);
    store.ping().await?;
    let queue = queue::Queue::new(&aws, config.places);
    let outbound =
        Outbound::new(web::outbound::Settings::from_rules(&config.allow_hosts, config.runtime_api)?)?;
    let settings = Settings { timeout: config.timeout, operator_secret, ..Settings::default() };
    Ok(Webhook::new(store, queue, sealer, outbound, Clock::system(), entropy, settings))
}
