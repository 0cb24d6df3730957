//! Who does the work that is bought: the simulator in this process, or whoever answers at a URL.
//!
//! A unit is driven only against the upstream that it was made for, so the simulator has to be found at the same address after each
//! restart: its port is kept beside its ledger. Invariant: the simulator of a data directory has one address for ever.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::{fs, io};

use ambient::Entropy;
use anyhow::Context;
use simulator::{Config, Simulator, StartError};
use url::Url;
use vault::Secret;

use crate::data_dir::DataDir;
use crate::options::{Options, Upstream};

/// Ports that no system gives to outgoing connections, so that none of those takes the simulator's while it is away.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
/// So many ports are tried for a new data directory.
const TRIES: usize = 100;

/// The upstream of one process.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) base: Url,
    pub(crate) simulated: bool,
    /// The secret with which it signs its webhooks, if that is known.
    pub(crate) webhook_secret: Option<Secret>,
    pub(crate) simulator: Option<Simulator>,
}

/// The upstream that these options name, running if it is ours.
pub(crate) async fn start(options: &Options, data: &DataDir) -> anyhow::Result<Running> {
    let webhook_secret = options.secrets.upstream_webhook_secret.clone();
    match &options.upstream {
        Upstream::Url { base, simulated } => {
            Ok(Running { base: base.clone(), simulated: *simulated, webhook_secret, simulator: None })
        }
        Upstream::Simulator { speed } => {
            let mut config = Config {
                data_dir: Some(data.file("simulator")),
                speed: *speed,
                clock: options.clock.clone(),
                entropy: options.entropy.clone(),
                ..Config::default()
            };
            // None is made where none is given: its webhooks tell nothing that its streams do not, and cost as much as all the rest.
            if let Some(secret) = &webhook_secret {
                secret.expose().trim().clone_into(&mut config.webhook_secret);
            }
            let simulator = embedded(config, &data.file("simulator.port"), &options.entropy).await?;
            let base = Url::parse(&simulator.url()).context("the simulator's URL makes no sense")?;
            Ok(Running { base, simulated: true, webhook_secret, simulator: Some(simulator) })
        }
    }
}

/// A simulator at the port that the file `kept` names; a free one where there is no such file, which is then made.
async fn embedded(config: Config, kept: &Path, entropy: &Entropy) -> anyhow::Result<Simulator> {
    if let Some(port) = port(kept)? {
        let config = Config { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), ..config };
        return Simulator::start(config).await.with_context(|| {
            format!(
                "the built-in simulator of this data directory needs port {port}, where its units know it \
                 (delete {} to let it move; unfinished units then fail)",
                kept.display()
            )
        });
    }
    for _ in 0..TRIES {
        let offset = u16::from_le_bytes(entropy.bytes()) % (PORTS.end - PORTS.start);
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, PORTS.start + offset));
        match Simulator::start(Config { listen, ..config.clone() }).await {
            Ok(simulator) => {
                fs::write(kept, listen.port().to_string())
                    .with_context(|| format!("{} cannot be written", kept.display()))?;
                return Ok(simulator);
            }
            Err(StartError::Listen(_, error)) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error).context("the built-in simulator does not start"),
        }
    }
    anyhow::bail!("the built-in simulator finds no free port between {} and {}", PORTS.start, PORTS.end)
}

fn port(kept: &Path) -> anyhow::Result<Option<u16>> {
    let read = || format!("{} cannot be read as the port of the built-in simulator", kept.display());
    match fs::read_to_string(kept) {
        Ok(text) => text.trim().parse().map(Some).with_context(read),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(read),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(root: &tempfile::TempDir) -> Options {
        Options { data_dir: root.path().join("state"), ..Options::default() }
    }

    #[tokio::test]
    async fn the_simulator_is_found_at_the_same_address_after_a_restart() {
        let root = tempfile::tempdir().unwrap();
        let options = options(&root);
        let data = DataDir::open(&options.data_dir).unwrap();
        let first = start(&options, &data).await.unwrap();
        first.simulator.unwrap().shutdown().await;
        let again = start(&options, &data).await.unwrap();
        assert_eq!(first.base, again.base);
        assert!(again.simulated);
    }

    #[tokio::test]
    async fn a_taken_port_is_named_with_the_file_that_holds_it() {
        let root = tempfile::tempdir().unwrap();
        let options = options(&root);
        let data = DataDir::open(&options.data_dir).unwrap();
        let _first = start(&options, &data).await.unwrap();
        let refused = start(&options, &data).await.unwrap_err().to_string();
        assert!(refused.contains("simulator.port"), "{refused}");
    }
}
