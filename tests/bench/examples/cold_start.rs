//! How long each function takes from its start to its first request for work, and how large its binary is.
//!
//! The binaries run against a runtime and an AWS on this machine that answer at once, so what is measured is the function's own: loading,
//! reading its variables, making its clients, asking for its secrets and its tables. Run it with
//! `cargo build --release -p api -p results -p runner -p webhook && cargo run --release -p bench --example cold_start`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::Notify;

const FUNCTIONS: [&str; 4] = ["api", "results", "runner", "webhook"];
const STARTS: usize = 15;
/// What a start may take until it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let polled = Arc::new(Notify::new());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let world = Router::new()
        .route("/2018-06-01/runtime/invocation/next", any(next))
        .fallback(aws)
        .with_state(Arc::clone(&polled));
    tokio::spawn(async move { axum::serve(listener, world).await });
    println!("function   binary MB   start to first poll, ms: median (least, most)   peak MB");
    for function in FUNCTIONS {
        let binary = binary(function)?;
        let size = std::fs::metadata(&binary)?.len();
        let mut times = Vec::new();
        let mut peak = 0;
        // The first start reads the binary from disk and is not counted.
        for start in 0..=STARTS {
            let (time, kilobytes) = start_once(&binary, &address, &polled)
                .await
                .with_context(|| format!("{function} does not start"))?;
            if start > 0 {
                times.push(time);
            }
            peak = peak.max(kilobytes);
        }
        times.sort_unstable();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{function:<10} {:>9.2}   {:>8.1} ({:.1}, {:.1}) {:>36.1}",
            megabytes(size),
            ms(times[times.len() / 2]),
            ms(times[0]),
            ms(times[times.len() - 1]),
            megabytes(peak * 1_024),
        );
    }
    Ok(())
}

/// The binary of a function, built beside this program.
fn binary(function: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent).context("this program lies in no target folder")?;
    let binary = folder.join(function);
    if !binary.exists() {
        bail!("{function} is not built: cargo build --release -p {function}");
    }
    Ok(binary)
}

/// Starts the binary and waits until it asks for work; says how long that took and the kilobytes it had in memory then.
async fn start_once(binary: &Path, address: &str, polled: &Notify) -> anyhow::Result<(Duration, u64)> {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    for (name, value) in variables(address) {
        command.env(name, value);
    }
    #[expect(clippy::disallowed_methods, reason = "a measurement reads the machine's clock")]
    let began = Instant::now();
    let mut child = command.spawn()?;
    tokio::time::timeout(PATIENCE, polled.notified()).await.context("it asks for no work")?;
    let took = began.elapsed();
    let id = child.id().context("it has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak is reported")?;
    let peak = peak.trim().trim_end_matches(" kB").parse()?;
    child.kill().await?;
    Ok((took, peak))
}

/// What the template gives the functions, all of it to each.
fn variables(address: &str) -> Vec<(&'static str, String)> {
    let arn = |name: &str| format!("arn:aws:secretsmanager:us-east-1:000000000000:secret:{name}");
    let mut variables = vec![
        ("AWS_LAMBDA_RUNTIME_API", address.to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://{address}")),
        ("SEALING_KEY_ARN", arn("sealing-key")),
        ("DELIVERIES_QUEUE_ARN", "arn:aws:sqs:us-east-1:000000000000:deliveries".to_owned()),
        ("SCHEDULE_ROLE_ARN", "arn:aws:iam::000000000000:role/schedules".to_owned()),
        ("PARALLEL_BASE_URL", format!("http://{address}")),
        ("RUNS_QUEUE_URL", format!("http://{address}/queue/runs")),
        ("DELIVERIES_QUEUE_URL", format!("http://{address}/queue/deliveries")),
    ];
    let fixed = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
        ("UNITS_TABLE", "units"),
        ("OUTBOX_TABLE", "outbox"),
        ("SCHEDULE_GROUP", "schedules"),
        ("DELIVERY_TIMEOUT_SECONDS", "15"),
    ];
    variables.extend(fixed.map(|(name, value)| (name, value.to_owned())));
    variables
}

/// The runtime's side: says that a function asked for work, and gives it none.
async fn next(State(polled): State<Arc<Notify>>) -> Response {
    polled.notify_one();
    std::future::pending().await
}

/// The side of AWS: every table is there, every secret is one and the same.
async fn aws(headers: HeaderMap) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let body = if target.ends_with("GetSecretValue") {
        r#"{"SecretString":"Zm9yIG1lYXN1cmVtZW50cyBvbmx5LCBub3QgYSBrZXkgYXQgYWxsIC4uLi4u"}"#
    } else {
        "{}"
    };
    (StatusCode::OK, [("content-type", "application/x-amz-json-1.0")], body).into_response()
}

#[expect(clippy::cast_precision_loss, reason = "sizes to two digits")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / (1_024.0 * 1_024.0)
}
