//! `multitask submit`: makes a group of the rows in a file.
//!
//! The rows are read here, so that what is wrong with them is told by row before anything is sent.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use domain::input::Input;
use domain::rows::{Form, read_all};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Server, watch};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A file of CSV, JSON or NDJSON rows, - for the standard input, or the URL of such a list
    #[arg(value_name = "FILE|URL|-")]
    rows: String,
    #[command(flatten)]
    server: Server,
    /// What kind of output: text, json or auto [default: json with --describe or --schema, else auto]
    #[arg(long, value_enum)]
    output: Option<Output>,
    /// What the output shall be, in words
    #[arg(long, value_name = "TEXT")]
    describe: Option<String>,
    /// A file with the JSON schema of the output
    #[arg(long, value_name = "FILE")]
    schema: Option<String>,
    /// Which processor does the work [default: one that suits it]
    #[arg(long)]
    processor: Option<String>,
    /// Where to tell of the end
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// How much it may cost at most, in dollars
    #[arg(long, value_name = "USD")]
    max_cost: Option<f64>,
    /// How many rows to take at most
    #[arg(long, value_name = "ROWS")]
    limit: Option<u32>,
    /// Makes a repetition of the same submission the same group
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Checks everything, says what it would cost, and does nothing
    #[arg(long)]
    dry_run: bool,
    /// Waits for the end, telling each change; the exit code is 1 if it is not completed
    #[arg(long)]
    wait: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
    Auto,
}

/// Submits the rows and prints the group's URL.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let body = body(&arguments, inputs(&arguments.rows).await?)?;
    let client = arguments.server.client()?;
    let mut request = client.request(Method::POST, "/v1beta/tasks/groups").json(&body);
    if let Some(key) = &arguments.idempotency_key {
        request = request.header("idempotency-key", key);
    }
    let answer: Value = client.send(request).await?.json().await?;
    if arguments.dry_run {
        println!("{answer:#}");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", answer["url"].as_str().context("the server's answer has no url")?);
    for warning in answer["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        eprintln!("warning: {warning}");
    }
    if !arguments.wait {
        return Ok(ExitCode::SUCCESS);
    }
    let id = answer["taskgroup_id"].as_str().context("the server's answer has no taskgroup_id")?;
    Ok(watch::follow(&client, id, |line| eprintln!("{line}")).await?.exit_code())
}

/// The rows, or the URL where the server finds them.
async fn inputs(source: &str) -> anyhow::Result<Value> {
    if source.starts_with("http://") || source.starts_with("https://") {
        return Ok(source.into());
    }
    let bytes = if source == "-" {
        let mut bytes = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut tokio::io::stdin(), &mut bytes).await?;
        bytes
    } else {
        tokio::fs::read(source).await.with_context(|| format!("{source} cannot be read"))?
    };
    let rows = read_all(Form::of(None, source), &bytes).map_err(|faults| {
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the rows of {source} are faulty:\n  {}", told.join("\n  "))
    })?;
    let value = |row: &Input| serde_json::from_str::<Value>(row.get()).context("a row is no JSON");
    rows.iter().map(value).collect()
}

fn body(arguments: &Arguments, inputs: Value) -> anyhow::Result<Map<String, Value>> {
    let described = arguments.describe.is_some() || arguments.schema.is_some();
    let output = arguments.output.unwrap_or(if described { Output::Json } else { Output::Auto });
    let output = output.to_possible_value().map(|value| value.get_name().to_owned());
    let schema = arguments.schema.as_deref().map(schema).transpose()?;
    let fields = [
        ("inputs", inputs),
        ("output_type", json!(output)),
        ("output_description", json!(arguments.describe)),
        ("output_schema", json!(schema)),
        ("processor", json!(arguments.processor)),
        ("webhook_url", json!(arguments.webhook)),
        ("max_cost_usd", json!(arguments.max_cost)),
        ("limit", json!(arguments.limit)),
        ("dry_run", if arguments.dry_run { Value::Bool(true) } else { Value::Null }),
    ];
    let given = fields.into_iter().filter(|(_, value)| !value.is_null());
    Ok(given.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn schema(file: &str) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(Path::new(file)).with_context(|| format!("{file} cannot be read"))?;
    serde_json::from_str(&text).with_context(|| format!("{file} is not JSON"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn read(arguments: &[&str]) -> Map<String, Value> {
        let line = Line::try_parse_from(std::iter::once(&"submit").chain(arguments)).unwrap();
        body(&line.arguments, json!(["Acme"])).unwrap()
    }

    #[test]
    fn what_is_not_given_is_not_sent() {
        assert_eq!(Value::from(read(&["-"])), json!({"inputs": ["Acme"], "output_type": "auto"}));
        let described = read(&["-", "--describe", "the CEO", "--max-cost", "1.5", "--dry-run"]);
        assert_eq!(described["output_type"], "json");
        assert_eq!((&described["max_cost_usd"], &described["dry_run"]), (&json!(1.5), &json!(true)));
    }

    #[tokio::test]
    async fn rows_come_from_every_form_and_faults_are_told_by_row() {
        let root = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = root.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let acme = json!([{"company": "Acme"}]);
        assert_eq!(inputs(&file("a.csv", "company\nAcme\n")).await.unwrap(), acme);
        assert_eq!(inputs(&file("a.ndjson", "{\"company\": \"Acme\"}\n")).await.unwrap(), acme);
        assert_eq!(inputs(&file("a.json", "[{\"company\": \"Acme\"}]")).await.unwrap(), acme);
        assert_eq!(inputs("https://lists.example/a.csv").await.unwrap(), "https://lists.example/a.csv");
        let faulty = inputs(&file("b.json", "[\"Acme\", 7]")).await.unwrap_err().to_string();
        assert!(faulty.contains("row 2"), "{faulty}");
        assert!(inputs("nowhere.csv").await.unwrap_err().to_string().contains("nowhere.csv"));
    }
}
