//! The pinned tools of `.ci/tools`. Who lacks them skips what needs them, loudly; CI may lack none.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

/// A program of the pinned AWS tools, ready to be given its arguments; none outside CI when it is not installed.
///
/// # Panics
/// In CI, when it is not installed.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "whether this is CI stands in the environment and nowhere else"
)]
pub fn aws(program: &str) -> Option<Command> {
    let folder = crate::root().join(".tools/venv-aws/bin");
    if folder.join(program).exists() {
        let mut command = Command::new(folder.join(program));
        command
            .current_dir(crate::root())
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("SAM_CLI_TELEMETRY", "0");
        // sam calls its own tools by name
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = vec![folder];
        folders.extend(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders).expect("the folders come from a PATH"));
        return Some(command);
    }
    assert!(std::env::var("CI").is_err(), "{program} is not installed, and CI needs it: run .ci/tools");
    // past the harness, which would keep the text of a test that passes to itself
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: {program} is not installed; run .ci/tools to have this checked"
    );
    None
}

/// Runs a command to its end and returns what it printed.
///
/// # Panics
/// When it cannot be started or fails, with all that it said.
#[must_use]
pub fn output(command: &mut Command) -> String {
    let done = command.output().expect("the program starts");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{command:?} failed:\n{out}\n{err}");
    out.into_owned()
}
