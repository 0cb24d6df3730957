//! The options of `multitask serve`, and how they and the secrets become [`Options`].
//!
//! Invariant: what makes no sense is refused before anything starts, with what would be right.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use multitask::options::{self, Aws, Options, Secrets, Upstream};
use url::Url;
use vault::Secret;

const UPSTREAM: &str = "Who does the work: a URL, or simulator for the one built in \
    [default: simulator, or https://api.parallel.ai with a PARALLEL_API_KEY]";

/// The real upstream.
const PARALLEL: &str = "https://api.parallel.ai";

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen [default: 127.0.0.1:8787]
    #[arg(long, env = "MULTITASK_LISTEN", value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where to listen on this machine, if --listen does not say
    #[arg(long, env = "PORT")]
    port: Option<u16>,
    /// The directory that keeps all state
    #[arg(long, env = "MULTITASK_DATA_DIR", default_value = ".multitask", value_name = "DIRECTORY")]
    data_dir: PathBuf,
    #[arg(long, env = "PARALLEL_BASE_URL", value_name = "URL|simulator", value_parser = upstream, help = UPSTREAM)]
    upstream: Option<Named>,
    /// How many times faster than the real upstream the built-in simulator is
    #[arg(long, env = "MULTITASK_SPEED", default_value_t = options::SPEED, value_parser = positive)]
    speed: f64,
    /// The base of the URLs that are given out [default: the listening address]
    #[arg(long, env = "MULTITASK_PUBLIC_URL", value_name = "URL", value_parser = http_url)]
    public_url: Option<Url>,
    /// A host, or host:port, to which webhooks go and from which lists come though its address is not public; may be repeated
    #[arg(long, env = "MULTITASK_ALLOW_HOST", value_name = "HOST", value_delimiter = ',')]
    allow_host: Vec<String>,
    /// An origin whose pages may use this service's own key; may be repeated
    #[arg(long, env = "MULTITASK_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    allow_origin: Vec<String>,
    /// How many runners
    #[arg(long, env = "MULTITASK_RUNNERS", default_value_t = 2, value_parser = at_least_one)]
    runners: usize,
    /// How many units each runner drives at a time
    #[arg(long, env = "MULTITASK_UNITS_PER_RUNNER", default_value_t = 500, value_parser = at_least_one)]
    units_per_runner: usize,
    /// How long a unit is driven before it is handed over
    #[arg(long, env = "MULTITASK_SLICE_SECONDS", default_value = "570", value_parser = seconds)]
    slice_seconds: Duration,
    /// How soon a dead runner's units come back
    #[arg(long, env = "MULTITASK_LEASE_SECONDS", default_value = "120", value_parser = seconds)]
    lease_seconds: Duration,
    /// How often what is due is looked for
    #[arg(long, env = "MULTITASK_SWEEP_SECONDS", default_value = "60", value_parser = seconds)]
    sweep_seconds: Duration,
    /// An emulator of DynamoDB, its streams, SQS and Scheduler, instead of what is built in
    #[arg(long, env = "MULTITASK_AWS_ENDPOINT", value_name = "URL", value_parser = endpoint)]
    aws_endpoint: Option<String>,
    /// With what names in that emulator begin
    #[arg(long, env = "MULTITASK_AWS_PREFIX", default_value = "multitask", value_name = "NAME")]
    aws_prefix: String,
}

/// What `--upstream` names.
#[derive(Debug, Clone, PartialEq)]
enum Named {
    Simulator,
    Url(Url),
}

impl Serve {
    /// The options that these arguments and secrets say.
    pub(crate) fn options(self, secrets: Secrets) -> Options {
        let mut listen = options::LISTEN;
        if let Some(port) = self.port {
            listen.set_port(port);
        }
        let upstream = match (self.upstream, &secrets.server_key) {
            (Some(Named::Simulator), _) | (None, None) => Upstream::Simulator { speed: self.speed },
            (Some(Named::Url(base)), _) => Upstream::Url { base, simulated: false },
            (None, Some(_)) => {
                Upstream::Url { base: Url::parse(PARALLEL).expect("it is a URL"), simulated: false }
            }
        };
        let aws = match self.aws_endpoint {
            None => Aws::Embedded,
            Some(url) => Aws::Endpoint { url, prefix: self.aws_prefix },
        };
        Options {
            listen: self.listen.unwrap_or(listen),
            data_dir: self.data_dir,
            upstream,
            public_url: self.public_url.map(|url| url.as_str().trim_end_matches('/').to_owned()),
            allow_hosts: self.allow_host,
            allow_origins: self.allow_origin,
            aws,
            runners: self.runners,
            units_per_runner: self.units_per_runner,
            sweep: self.sweep_seconds,
            runner: runner::Settings {
                slice: self.slice_seconds,
                lease: self.lease_seconds,
                ..options::runner_settings()
            },
            secrets,
            ..Options::default()
        }
    }
}

/// The secrets that `var` gives.
pub(crate) fn secrets(var: impl Fn(&str) -> Option<String>) -> Secrets {
    let secret = |name| var(name).filter(|text| !text.trim().is_empty()).map(Secret::new);
    Secrets {
        server_key: secret("PARALLEL_API_KEY"),
        access_tokens: secret("MULTITASK_ACCESS_TOKENS")
            .map(|tokens| web::identity::tokens(&tokens))
            .unwrap_or_default(),
        sealing_key: secret("MULTITASK_SEALING_KEY"),
        webhook_secret: secret("MULTITASK_WEBHOOK_SECRET"),
        upstream_webhook_secret: secret("PARALLEL_WEBHOOK_SECRET"),
    }
}

fn upstream(text: &str) -> Result<Named, String> {
    if text == "simulator" {
        return Ok(Named::Simulator);
    }
    http_url(text).map(Named::Url).map_err(|error| format!("{error}, or simulator"))
}

fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| "write a URL with http:// or https://".to_owned())
}

fn endpoint(text: &str) -> Result<String, String> {
    let url = http_url(text).ok().filter(|url| url.scheme() == "http");
    let url = url.ok_or("write a URL with http://, as in http://127.0.0.1:4566")?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// A time in seconds, which may be a fraction.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .filter(|seconds| !seconds.is_zero())
        .ok_or_else(|| "write seconds above zero, as in 570 or 0.5".to_owned())
}

/// A number above zero.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "write a number above zero".to_owned())
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=100_000).contains(number));
    number.ok_or_else(|| "write a whole number from 1 to 100000".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        serve: Serve,
    }

    fn read(arguments: &[&str], variables: &[(&str, &str)]) -> Options {
        let line = Line::try_parse_from(std::iter::once(&"multitask").chain(arguments)).unwrap();
        let var = |name: &str| {
            variables.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
        };
        line.serve.options(secrets(var))
    }

    #[test]
    fn the_upstream_costs_money_only_with_a_key_or_a_url() {
        let url = |url: &str| Upstream::Url { base: Url::parse(url).unwrap(), simulated: false };
        let simulator = Upstream::Simulator { speed: options::SPEED };
        let key = [("PARALLEL_API_KEY", "k")];
        assert_eq!(read(&[], &[]).upstream, simulator);
        assert_eq!(read(&[], &key).upstream, url(PARALLEL));
        assert_eq!(read(&["--upstream", "simulator"], &key).upstream, simulator);
        assert_eq!(read(&["--upstream", "http://127.0.0.1:1"], &[]).upstream, url("http://127.0.0.1:1"));
    }

    #[test]
    fn a_port_counts_where_no_address_is_given() {
        assert_eq!(read(&[], &[]).listen, options::LISTEN);
        assert_eq!(read(&["--port", "9"], &[]).listen.to_string(), "127.0.0.1:9");
        assert_eq!(read(&["--port", "9", "--listen", "0.0.0.0:8"], &[]).listen.to_string(), "0.0.0.0:8");
    }

    #[test]
    fn seconds_may_be_fractions_and_are_never_zero() {
        let options = read(&["--slice-seconds", "0.5", "--lease-seconds", "2"], &[]);
        assert_eq!(options.runner.slice, Duration::from_millis(500));
        assert_eq!(options.runner.lease, Duration::from_secs(2));
        for wrong in ["0", "-1", "x", "inf"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hosts_and_origins_are_repeated_or_listed() {
        let options = read(&["--allow-host", "a:1,b", "--allow-host", "c"], &[]);
        assert_eq!(options.allow_hosts, ["a:1", "b", "c"]);
    }

    #[test]
    fn empty_secrets_count_as_none_and_tokens_are_listed() {
        let secrets = read(&[], &[("PARALLEL_API_KEY", " "), ("MULTITASK_ACCESS_TOKENS", "a, b")]).secrets;
        assert_eq!(secrets.server_key, None);
        assert_eq!(secrets.access_tokens.len(), 2);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_would_be_right() {
        for (arguments, told) in [
            (["--upstream", "parallel"], "or simulator"),
            (["--aws-endpoint", "https://x"], "http://"),
            (["--public-url", "example.com"], "https://"),
            (["--runners", "0"], "from 1"),
            (["--speed", "0"], "above zero"),
        ] {
            let refused = Line::try_parse_from(std::iter::once("multitask").chain(arguments)).unwrap_err();
            assert!(refused.to_string().contains(told), "{refused}");
        }
    }
}
