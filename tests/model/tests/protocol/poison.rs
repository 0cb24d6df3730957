//! A unit that kills its runners, beside an innocent one.

use model::poison::{Poison, State, Step};
use model::{CounterExample, Property, Rule, Rules, check};

fn with(rules: Rules) -> Poison {
    Poison { rules, receives: 5 }
}

fn without(rule: Rule) -> CounterExample<Step> {
    let broken =
        check(&with(Rules::all().without(rule)), &Poison::properties()).expect_err("the rule is needed");
    println!("without {rule}: {broken}");
    broken
}

#[test]
fn a_killer_is_given_up_and_the_innocent_beside_it_ends() {
    let states = check(&with(Rules::all()), &Poison::properties()).expect("it holds");
    assert!(states > 50, "{states}");
}

#[test]
fn receives_say_nothing_where_each_move_makes_a_new_message() {
    let innocent = without(Rule::ClaimsAreCounted);
    assert_eq!(innocent.steps.last(), Some(&Step::GivesUp(1)), "it was received as often as the killer");
    let killer =
        [Property::Always("a killer kills six runners at most", |state: &State| state.0[0].deaths <= 6)];
    let moved = check(&with(Rules::all().without(Rule::ClaimsAreCounted)), &killer).expect_err("it goes on");
    assert!(moved.steps.contains(&Step::Moved(0)), "{moved}");
}

#[test]
fn one_that_gets_on_is_given_up_unless_that_clears_its_count() {
    let broken = without(Rule::ProgressClearsCount);
    assert_eq!(broken.property, "an innocent is never given up");
    assert!(broken.steps.contains(&Step::Progress));
}

#[test]
fn a_killer_that_is_never_alone_takes_the_innocent_along_for_ever() {
    assert!(without(Rule::SuspectsAreAlone).property.starts_with("an innocent is taken along"));
}

#[test]
fn a_killer_that_is_never_given_up_goes_on_killing() {
    assert!(without(Rule::PoisonFails).property.starts_with("a killer kills"));
}

#[test]
fn an_innocent_that_is_counted_when_it_is_set_aside_is_taken_for_the_killer() {
    let broken = without(Rule::SetAsideIsNotCounted);
    assert_eq!(broken.property, "an innocent is never given up");
    assert_eq!(broken.steps.last(), Some(&Step::GivesUp(1)));
    assert!(broken.steps.contains(&Step::SetsAside(1)), "{broken}");
    assert!(!broken.steps.contains(&Step::IsAlone(1)), "it was never driven alone itself");
}
