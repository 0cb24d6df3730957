//! Purchases, which the upstream's lack of idempotency makes dangerous.

use model::buying::{Buying, Step};
use model::{CounterExample, Rule, Rules, check};

const TWICE: &str = "nothing is bought twice";

fn with(rules: Rules) -> Buying {
    Buying { rules, troubles: 2, losses: 2 }
}

fn without(rule: Rule) -> CounterExample<Step> {
    let broken = check(&with(Rules::all().without(rule)), &Buying::properties());
    let broken = broken.expect_err("the rule is needed");
    println!("without {rule}: {broken}");
    broken
}

fn executions(broken: &CounterExample<Step>) -> usize {
    broken.steps.iter().filter(|step| matches!(step, Step::Executes(_))).count()
}

#[test]
fn each_row_is_bought_once_and_in_the_end_all_are() {
    let states = check(&with(Rules::all()), &Buying::properties()).expect("it holds");
    println!("{states}");
    assert!(states > 1_000, "{states}");
}

#[test]
fn a_purchase_that_nobody_announced_is_made_again_by_the_next_holder() {
    let broken = without(Rule::AnnouncesFirst);
    assert_eq!((broken.property, executions(&broken)), (TWICE, 2));
}

#[test]
fn a_request_that_is_sent_after_its_time_is_executed_beside_the_successors() {
    let broken = without(Rule::AbandonsInTime);
    assert_eq!((broken.property, executions(&broken)), (TWICE, 2));
    assert!(broken.steps.contains(&Step::Time));
}

#[test]
fn a_successor_that_does_not_wait_buys_what_is_being_bought() {
    let broken = without(Rule::WaitsForTheEnd);
    assert_eq!((broken.property, executions(&broken)), (TWICE, 2));
}

#[test]
fn a_list_that_began_before_the_end_shows_too_little() {
    let broken = without(Rule::ListsAfterTheEnd);
    assert_eq!((broken.property, executions(&broken)), (TWICE, 2));
    let at = |wanted: fn(&Step) -> bool| broken.steps.iter().position(wanted);
    let (lists, executes) =
        (at(|step| matches!(step, Step::Lists(_))), at(|step| matches!(step, Step::Executes(_))));
    assert!(lists < executes, "what it missed was executed while it was under way");
}

#[test]
fn a_successor_that_does_not_list_buys_what_was_bought() {
    let broken = without(Rule::ListsAfterDoubt);
    assert_eq!((broken.property, executions(&broken)), (TWICE, 2));
}

#[test]
fn a_mark_without_the_attempt_takes_the_first_purchase_for_the_second() {
    assert_eq!(without(Rule::MarkNamesAttempt).property, "all is bought, and known to be");
}

#[test]
fn a_retry_is_forgotten_unless_its_number_is_stored_before_it_is_bought() {
    assert_eq!(without(Rule::AttemptIsStoredFirst).property, "all is bought, and known to be");
}
