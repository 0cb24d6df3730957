//! What the tools of AWS say of the template.

use std::io::Write;

use deployment::{template, tools};

#[test]
fn cfn_lint_accepts_the_source() {
    let Some(mut lint) = tools::aws("cfn-lint") else { return };
    let _ = tools::output(lint.arg("template.yaml"));
}

/// On SAM's own form the linter sees less: a queue whose visibility is too short, say, passes there.
#[test]
fn cfn_lint_accepts_what_aws_will_see() {
    let (Some(mut lint), Some(translated)) = (tools::aws("cfn-lint"), template::translated()) else { return };
    let mut file = tempfile::Builder::new().suffix(".json").tempfile().expect("a temporary file");
    file.write_all(translated.to_string().as_bytes()).expect("it can be written");
    let _ = tools::output(lint.arg(file.path()));
}

#[test]
fn sam_finds_the_template_valid() {
    let Some(mut sam) = tools::aws("sam") else { return };
    let _ = tools::output(sam.args(["validate", "--lint", "--template", "template.yaml"]));
}
