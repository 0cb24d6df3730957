//! The function as Lambda runs it: reads the environment, connects, and streams its answers.

use ambient::{Clock, Entropy};
use anyhow::Context;
use lambda_http::{Error, run_with_streaming_response};
use results::{Break, Config, Results, Settings, Wake};
use web::Access;

#[tokio::main]
async fn main() -> Result<(), Error> {
    #[expect(clippy::disallowed_methods, reason = "only mains read the environment")]
    let var = |name: &str| std::env::var(name).ok();
    logs::init_function(var);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Config::from_vars(var)?;
    run_with_streaming_response(results::service(connect(config).await?)).await
}

/// Opens every connection while the function initialises, where Lambda gives it full CPU.
async fn connect(config: Config) -> anyhow::Result<Results> {
    let aws = cloud::config(None).await;
    let key = vault::resolve(&aws, &config.sealing_key_arn).await?;
    let sealer = vault::Sealer::from_text(&key, Entropy::system()).context("the sealing key is no key")?;
    let tokens = match &config.access_tokens_arn {
        Some(arn) => web::identity::tokens(&vault::resolve(&aws, arn).await?),
        None => Vec::new(),
    };
    let server_key = config.has_server_key.then(|| vault::Secret::new("not read here"));
    let access = Access { server_key, tokens, ..Access::default() };
    let store = store::Store::new(&aws, config.tables);
    store.ping().await?;
    Ok(Results::new(
        store,
        sealer,
        Clock::system(),
        Wake::default(),
        Settings { access, at_fault: Break::End },
    ))
}
