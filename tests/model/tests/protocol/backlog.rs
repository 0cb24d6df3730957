//! What the sweep does to a unit that merely waits.

use model::backlog::{Backlog, State, Step};
use model::{CounterExample, Rule, Rules, check};

/// From an empty queue to one of five hours.
const LENGTHS: [u16; 6] = [0, 1, 5, 30, 90, 300];

fn without(rule: Rule, length: u16) -> CounterExample<Step> {
    let backlog = Backlog { rules: Rules::all().without(rule), length, sweeps: 2 };
    let broken = check(&backlog, &Backlog::properties()).expect_err("the rule is needed");
    println!("without {rule}: {broken}");
    broken
}

#[test]
fn a_waiting_unit_is_claimed_by_its_first_message() {
    for length in LENGTHS {
        let backlog = Backlog { rules: Rules::all(), length, sweeps: 2 };
        check::<Backlog>(&backlog, &Backlog::properties()).expect("it is claimed");
    }
}

#[test]
fn a_sweep_that_raises_the_hop_makes_every_message_stale_before_it_arrives() {
    let broken = without(Rule::SweepRaisesNothing, 90);
    assert!(broken.property.starts_with("a unit is claimed"));
    let stale: Vec<_> = broken.steps.iter().filter(|step| matches!(step, Step::IsStale(_))).collect();
    assert_eq!(stale, [&Step::IsStale(0)], "the unit's own message was overtaken while it waited");
    assert!(broken.steps.iter().any(|step| matches!(step, Step::Sweeps(1, 1))));
}

#[test]
fn a_sweep_that_does_not_back_off_fills_the_backlog() {
    let broken = without(Rule::SweepBacksOff, 90);
    assert!(broken.property.starts_with("a waiting unit makes"));
}

#[test]
fn two_sweeps_that_do_not_test_what_they_saw_send_two_messages() {
    let broken = without(Rule::SweepTestsDue, 90);
    assert!(broken.property.starts_with("a waiting unit makes"));
    assert!(broken.steps.iter().any(|step| matches!(step, Step::Sweeps(2, _))));
}

/// The one above shows the first message lost. So is every other one: there is no end to it.
#[test]
fn a_sweep_that_raises_the_hop_is_outrun_by_no_message() {
    let rules = Rules::all().without(Rule::SweepRaisesNothing);
    let backlog = Backlog { rules, length: 90, sweeps: 1 };
    let day = model::Property::<State>::Always("the unit waits for less than a day", |state| {
        state.claimed || state.now < 24 * 60
    });
    assert!(check(&backlog, &[day]).is_err());
}
