//! Items of rows, and what is announced of them.

use model::results::{Results, Row, Step};
use model::{CounterExample, Rule, Rules, check};

fn with(rules: Rules) -> Results {
    Results { rules, troubles: 3 }
}

fn without(rule: Rule) -> CounterExample<Step> {
    let broken = check(&with(Rules::all().without(rule)), &Results::properties());
    let broken = broken.expect_err("the rule is needed");
    println!("without {rule}: {broken}");
    broken
}

#[test]
fn whatever_is_announced_can_be_read_and_the_row_completes() {
    let states = check(&with(Rules::all()), &Results::properties()).expect("it holds");
    assert!(states > 1_000, "{states}");
}

#[test]
fn a_fenced_runners_late_result_replaces_a_newer_one_unless_the_put_tests_the_items_epoch() {
    let broken = without(Rule::PutTestsItemsEpoch);
    let stores = broken.steps.iter().filter_map(|step| match step {
        Step::Stores(claim, row) => Some((*claim, *row)),
        _ => None,
    });
    let stores: Vec<_> = stores.collect();
    assert!(matches!(stores[..], [.., (newer, Row::Again), (late, Row::Failed)] if late < newer), "{broken}");
}

#[test]
fn a_status_that_is_announced_first_has_no_result_yet() {
    assert!(without(Rule::ResultBeforeStatus).property.starts_with("whoever reads"));
}

#[test]
fn an_end_is_never_heard_again_once_the_cursor_has_passed_what_is_not_stored() {
    let broken = without(Rule::CursorWaitsForStored);
    assert_eq!(broken.property, "the row is completed");
    assert!(broken.steps.contains(&Step::MovesCursor(1, 1)), "{broken}");
}
