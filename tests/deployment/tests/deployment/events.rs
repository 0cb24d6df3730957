//! The sample events: each is run through its function's handler by a test, and through the function itself by `.ci/lambda`.

use std::collections::BTreeSet;
use std::fs;

use deployment::code;

fn samples() -> BTreeSet<String> {
    let entries = fs::read_dir(deployment::root().join("events")).expect("the samples are there");
    entries
        .map(|entry| entry.expect("a folder can be listed").file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn every_sample_is_used_by_a_test_of_the_function_that_it_starts() {
    for sample in samples() {
        let function = sample.split('-').next().unwrap_or_default();
        let tests = format!("functions/{function}/tests");
        assert!(deployment::root().join(&tests).is_dir(), "{sample}: there are no {tests}");
        let used = code::of(&tests).contains(&format!("\"{sample}\""));
        assert!(used, "{sample} is used by no test below {tests}");
    }
}

#[test]
fn every_trigger_has_samples_of_good_events_and_of_poison() {
    let samples = samples();
    for needed in [
        "runner-unit.json",
        "runner-stale.json",
        "runner-sweep.json",
        "runner-remove.json",
        "runner-poison.json",
        "webhook-attempts.json",
        "webhook-stream.json",
        "webhook-stream-poison.json",
    ] {
        assert!(samples.contains(needed), "{needed}");
    }
    for sample in samples {
        let text =
            fs::read_to_string(deployment::root().join("events").join(&sample)).expect("it can be read");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{sample} is not JSON");
    }
}
