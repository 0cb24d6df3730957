//! Every command of the README that asks the service, run as it stands there.

use std::process::Stdio;

use suite::{World, soon};
use tokio::process::Command;

/// The address in the README; stories listen elsewhere.
const ADDRESS: &str = "http://127.0.0.1:8787";
/// Makes an answer that is an error end the script.
const STRICT: &str =
    "set -euo pipefail\ncurl() { command curl --fail-with-body --show-error \"$@\"; echo; }\n";

/// The blocks that are to be run, in their order.
fn blocks() -> Vec<String> {
    let readme = include_str!("../../../../README.md");
    let mut blocks = Vec::new();
    let mut rest = readme;
    while let Some((_, after)) = rest.split_once("```sh\n") {
        let (block, behind) = after.split_once("```\n").expect("a block ends");
        blocks.push(block.to_owned());
        rest = behind;
    }
    blocks
}

#[tokio::test]
async fn every_curl_of_the_readme_works_as_it_stands() {
    // As fast as what `cargo run` starts, so that a cancel finds something to stop.
    let world = World::setup().speed(multitask::options::SPEED).start().await;
    let blocks = blocks();
    let curls = blocks.iter().map(|block| block.matches("curl -s").count()).sum::<usize>();
    assert!(curls >= 20, "the README shows {curls} curls");
    let outside = include_str!("../../../../README.md").matches("curl -s").count();
    assert_eq!(curls, outside, "a curl of the README stands in no block that is run");

    let script = STRICT.to_owned() + &blocks.concat().replace(ADDRESS, world.url());
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).stdin(Stdio::null()).kill_on_drop(true);
    let done = soon("the end of the README", bash.output()).await.expect("bash and curl are there");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{err}\n{out}");
    for said in [
        "\"taskgroup_id\"",
        "# Task Group Results",
        "<!DOCTYPE html>",
        "event: complete",
        "data: [DONE]",
        "whsec_",
    ] {
        assert!(out.contains(said), "nothing printed {said}:\n{out}");
    }
}
