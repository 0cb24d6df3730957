//! Event items, and what readers read of them.

use model::events::{Events, State, Step};
use model::{CounterExample, Property, Rule, Rules, check};

fn with(rules: Rules) -> Events {
    Events { rules, events: 3, troubles: 2, cancels: true }
}

fn without(rule: Rule) -> CounterExample<Step> {
    let broken = check(&with(Rules::all().without(rule)), &Events::properties());
    let broken = broken.expect_err("the rule is needed");
    println!("without {rule}: {broken}");
    broken
}

#[test]
fn each_event_is_read_once_and_in_order_and_what_was_written_is_never_lost() {
    let states = check(&with(Rules::all()), &Events::properties()).expect("it holds");
    println!("{states}");
    assert!(states > 1_000, "{states}");
}

/// What breaks a property without a rule.
fn breaks(rule: Rule, property: &str) -> CounterExample<Step> {
    let all = Events::properties();
    let named = |found: &Property<State>| matches!(found, Property::Always(name, _) if *name == property);
    let only: Vec<_> = all.into_iter().filter(named).collect();
    let broken = check(&with(Rules::all().without(rule)), &only).expect_err("the rule is needed");
    println!("without {rule}: {broken}");
    broken
}

fn puts(broken: &CounterExample<Step>) -> Vec<(u8, usize)> {
    let puts = broken.steps.iter().filter_map(|step| match step {
        Step::Puts { claim, seq, .. } | Step::Ends(claim, seq) => Some((*claim, *seq)),
        _ => None,
    });
    puts.collect()
}

#[test]
fn overwriting_by_sequence_loses_what_upstream_has_forgotten() {
    let broken = breaks(Rule::EventsOnlyIfAbsent, "what was written down before the end is never lost");
    assert!(broken.steps.contains(&Step::Forgets), "{broken}");
    assert!(matches!(puts(&broken)[..], [(one, 1), (other, 1)] if one != other), "{broken}");
}

#[test]
fn overwriting_by_sequence_publishes_a_fenced_runners_late_put() {
    let broken = breaks(Rule::EventsOnlyIfAbsent, "what was announced is there and never changes");
    let (newer, late) = (puts(&broken)[0], puts(&broken)[1]);
    assert!(newer.0 > late.0 && newer.1 == late.1, "{broken}");
}

#[test]
fn an_item_that_is_not_adopted_is_announced_as_another_holders_own() {
    let broken = without(Rule::AdoptsBeyondSeq);
    assert!(broken.steps.iter().any(|step| matches!(step, Step::IsRefused(_, 1))), "{broken}");
}

#[test]
fn what_an_adopted_item_tells_is_told_twice_unless_it_is_taken_out() {
    let broken = without(Rule::Deduplicates);
    assert_eq!(broken.property, "readers read each event once, and in order");
    assert!(broken.steps.iter().any(|step| matches!(step, Step::IsRefused(..))), "{broken}");
}

#[test]
fn a_fenced_runners_late_item_is_read_after_the_end_unless_readers_stop() {
    let broken = without(Rule::ReadersStopAtSeq);
    assert_eq!(broken.property, "nothing is read after the end that was not read at it");
    assert!(broken.steps.contains(&Step::Cancels));
}

#[test]
fn a_crash_leaves_a_hole_unless_items_are_written_before_they_are_announced() {
    assert_eq!(without(Rule::EventBeforeSeq).property, "what was announced is there and never changes");
}
