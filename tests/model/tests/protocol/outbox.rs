//! Deliveries and their attempts.

use model::outbox::{Budget, Outbox, Step};
use model::{CounterExample, Rule, Rules, check};

const NOTHING: Budget = Budget { duplicates: 0, lost: 0, crashes: 0, slow: 0, redeliveries: 0 };

fn holds(budget: Budget) {
    let states = check(&Outbox { rules: Rules::all(), budget }, &Outbox::properties()).expect("it holds");
    println!("{states}");
    assert!(states > 25, "{states}");
}

fn without(rule: Rule, budget: Budget) -> CounterExample<Step> {
    holds(budget);
    let outbox = Outbox { rules: Rules::all().without(rule), budget };
    let broken = check(&outbox, &Outbox::properties()).expect_err("the rule is needed");
    println!("without {rule}: {broken}");
    broken
}

#[test]
fn a_chain_of_attempts_neither_ends_nor_doubles_whatever_is_lost_or_comes_twice() {
    holds(Budget { duplicates: 1, lost: 1, crashes: 1, slow: 1, redeliveries: 0 });
    holds(Budget { duplicates: 1, redeliveries: 1, ..NOTHING });
    holds(Budget { crashes: 1, redeliveries: 1, ..NOTHING });
}

#[test]
fn a_message_that_comes_twice_makes_the_next_attempt_too_early_unless_it_names_its_own() {
    let broken = without(Rule::AttemptsAreNumbered, Budget { duplicates: 1, ..NOTHING });
    assert_eq!(broken.property, "no attempt is made before its time");
}

#[test]
fn two_messages_of_one_attempt_make_it_twice_unless_it_is_taken() {
    let broken = without(Rule::AttemptsAreTaken, Budget { duplicates: 1, ..NOTHING });
    assert!(broken.property.starts_with("an attempt is made once"));
}

#[test]
fn a_lost_record_ends_the_chain_unless_deliveries_are_due() {
    let broken = without(Rule::DeliveriesAreDue, Budget { lost: 1, ..NOTHING });
    assert_eq!(broken.steps, [Step::RecordIsLost]);
}

#[test]
fn a_worker_that_dies_ends_the_chain_unless_deliveries_are_due() {
    let broken = without(Rule::DeliveriesAreDue, Budget { crashes: 1, ..NOTHING });
    assert!(broken.steps.iter().any(|step| matches!(step, Step::Dies(_))), "{broken}");
    assert!(broken.steps.iter().any(|step| matches!(step, Step::Drops(_, 1))), "its message was for nothing");
}

#[test]
fn a_slow_worker_revives_what_is_over_unless_its_outcome_tests_the_attempt() {
    let broken = without(Rule::OutcomeTestsAttempt, Budget { slow: 1, duplicates: 1, ..NOTHING });
    assert_eq!(broken.property, "what is over stays over");
}
