//! One ministack for all cases of this process, started when the first of them asks.
//!
//! It hangs on a pipe of this process: when the process ends, however it does, so does ministack.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

static RUNNING: OnceLock<Option<Ministack>> = OnceLock::new();

struct Ministack {
    address: SocketAddr,
    _child: Child,
}

/// The endpoint of a running ministack; none, after saying so, where it is not installed and this is not CI.
pub(crate) fn endpoint() -> Option<String> {
    RUNNING.get_or_init(start).as_ref().map(|running| format!("http://{}", running.address))
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where ministack is and whether this is CI"
)]
fn start() -> Option<Ministack> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/venv-ministack/bin/ministack");
    let executable = std::env::var("MINISTACK").map_or(default, PathBuf::from);
    if !executable.exists() {
        assert!(std::env::var("CI").is_err(), "ministack is missing at {}", executable.display());
        // Past the capture of the test harness, which hides what passing tests print.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: ministack not found at {} (.ci/ministack installs it), nothing is compared with it",
            executable.display()
        );
        return None;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ministack.log");
    let output = File::create(&log).unwrap();
    let child = Command::new("sh")
        .args(["-c", r#""$0" & child=$!; cat > /dev/null; kill $child"#])
        .arg(&executable)
        .env("GATEWAY_PORT", port.to_string())
        .env("BIND_HOST", "127.0.0.1")
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::piped())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap();
    let ready = (0..600).any(|_| {
        answers(address) || {
            std::thread::sleep(Duration::from_millis(50));
            false
        }
    });
    assert!(ready, "ministack does not get ready; its log is {}", log.display());
    Some(Ministack { address, _child: child })
}

fn answers(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /_ministack/health HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer.contains(" 200 "))
    };
    ask().unwrap_or(false)
}
