//! The models, gone through: with all rules nothing breaks; without one of them, what it is for does.

use model::Rule;

mod backlog;
mod buying;
mod claims;
mod events;
mod outbox;
mod poison;
mod results;

#[test]
fn every_rule_is_taken_out() {
    let tests = [
        include_str!("backlog.rs"),
        include_str!("buying.rs"),
        include_str!("claims.rs"),
        include_str!("events.rs"),
        include_str!("outbox.rs"),
        include_str!("poison.rs"),
        include_str!("results.rs"),
    ];
    for rule in Rule::ALL {
        let taken_out = format!("(Rule::{rule}");
        assert!(
            tests.iter().any(|test| test.replace(char::is_whitespace, "").contains(&taken_out)),
            "{rule}"
        );
    }
}
