//! `multitask serve`: starts everything, says so, and ends when it is asked to.

use multitask::Options;
use multitask::options::Upstream;

use super::arguments::{self, Serve};
use super::greeting::{Greeting, Pays, Work};

/// Serves until the process is asked to end. Asked a second time, it ends at once, and nothing is lost by that either.
pub(crate) async fn run(arguments: Serve) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "only mains read the environment")]
    let var = |name: &str| std::env::var(name).ok();
    let options = arguments.options(arguments::secrets(var));
    if var("REDIS_URL").is_some() {
        tracing::warn!("REDIS_URL is ignored: state is kept in the data directory.");
    }
    let (work, pays) = (work(&options), pays(&options));
    let (state, tokens) = (options.data_dir.clone(), options.secrets.access_tokens.len());
    let running = multitask::start(options).await?;
    print!("{}", Greeting { url: running.url(), work, pays, state: &state, tokens });
    super::asked_to_end().await?;
    tokio::select! {
        () = running.stop() => {}
        again = super::asked_to_end() => again?,
    }
    Ok(())
}

fn work(options: &Options) -> Work {
    match &options.upstream {
        Upstream::Simulator { speed } => Work::Simulated { speed: *speed },
        Upstream::Url { base, .. } => Work::Real { base: base.as_str().trim_end_matches('/').to_owned() },
    }
}

fn pays(options: &Options) -> Pays {
    let secrets = &options.secrets;
    match (&secrets.server_key, secrets.access_tokens.is_empty()) {
        (Some(_), false) => Pays::OperatorForTokens,
        (Some(_), true) if options.listen.ip().is_loopback() => Pays::Operator,
        (None, _) | (Some(_), true) => Pays::Caller,
    }
}
