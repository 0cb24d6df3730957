//! The function as Lambda runs it: reads the environment, connects, and answers.

use std::sync::Arc;

use ambient::{Clock, Entropy};
use anyhow::Context;
use api::{Api, Config, Parts, Settings};
use lambda_http::Error;
use metrics::Reporter;
use vault::webhook::Verifier;
use web::Access;
use web::outbound::{self, Outbound};

#[tokio::main]
async fn main() -> Result<(), Error> {
    #[expect(clippy::disallowed_methods, reason = "only mains read the environment")]
    let var = |name: &str| std::env::var(name).ok();
    logs::init_function(var);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Config::from_vars(var)?;
    let labels = config.labels.clone();
    let api = connect(config).await?;
    let reporter = Reporter::new(api.metrics().clone(), labels, Clock::system());
    lambda_http::run(api::reported(api::service(api), reporter)).await
}

/// Opens every connection while the function initialises, where Lambda gives it full CPU.
async fn connect(config: Config) -> anyhow::Result<Api> {
    let (aws, entropy) = (cloud::config(None).await, Entropy::system());
    let key = vault::resolve(&aws, &config.sealing_key_arn).await?;
    let sealer = vault::Sealer::from_text(&key, entropy.clone()).context("the sealing key is no key")?;
    let server_key = match &config.server_key_arn {
        Some(arn) => Some(vault::resolve(&aws, arn).await?),
        None => None,
    };
    let tokens = match &config.access_tokens_arn {
        Some(arn) => web::identity::tokens(&vault::resolve(&aws, arn).await?),
        None => Vec::new(),
    };
    let upstream_webhooks = match &config.upstream_webhook_secret_arn {
        Some(arn) => Some(Verifier::new(&vault::resolve(&aws, arn).await?)?),
        None => None,
    };
    let access = Access { server_key, tokens, ..Access::default() };
    let settings = Settings {
        access,
        upstream: config.upstream,
        public_url: config.public_url,
        operator_signs: config.operator_signs,
        upstream_webhooks,
    };
    let allowed = outbound::Settings::from_rules(&config.allow_hosts, config.runtime_api)?;
    let outbound = Outbound::new(allowed)?;
    let (store, queue) = (store::Store::new(&aws, config.tables), queue::Queue::new(&aws, config.places));
    store.ping().await?;
    let (clock, on_change) = (Clock::system(), Arc::new(|_: &_| {}));
    Ok(Api::new(Parts { store, queue, sealer, outbound, clock, entropy, settings, on_change }))
}
