//! Claims, fences, hand-overs, adoption, changes from outside, the sweep.
//!
//! Each scenario lets little happen that nobody may count on, and everything else in every order.

use model::claims::{Budget, Claims, State, Step};
use model::{CounterExample, Property, Rule, Rules, check};

/// Nothing but what always happens.
const QUIET: Budget = Budget {
    duplicates: 0,
    twice: 0,
    crashes: 0,
    unsent: 0,
    freezes: 0,
    sweeps: 0,
    hand_overs: 0,
    asks: 0,
    cancels: 0,
    revivals: 0,
};
const HAND_OVER: Budget = Budget { hand_overs: 1, ..QUIET };

const fn with(budget: Budget) -> Claims {
    Claims { rules: Rules::all(), runners: 2, budget, adoption: false, always_swept: false }
}

const fn adopting(budget: Budget) -> Claims {
    Claims { adoption: true, ..with(budget) }
}

const fn swept(budget: Budget) -> Claims {
    Claims { always_swept: true, ..with(budget) }
}

fn holds(claims: &Claims, properties: impl IntoIterator<Item = Property<State>>) {
    let states = check(claims, &properties.into_iter().collect::<Vec<_>>()).expect("it holds");
    assert!(states > 25, "{states} states are no test");
}

/// What breaks without a rule, and how, where it holds with all of them.
fn without(rule: Rule, claims: Claims, properties: fn() -> Vec<Property<State>>) -> CounterExample<Step> {
    holds(&claims, properties());
    let broken = check(&Claims { rules: claims.rules.without(rule), ..claims }, &properties());
    let broken = broken.expect_err("the rule is needed");
    println!("without {rule}: {broken}");
    broken
}

fn claims_in(broken: &CounterExample<Step>) -> Vec<(u8, u8)> {
    let claims = broken.steps.iter().filter_map(|step| match step {
        Step::Claims(_, message, hop) => Some((*message, *hop)),
        _ => None,
    });
    claims.collect()
}

#[test]
fn whatever_happens_one_can_write_and_nothing_is_lost() {
    for budget in [
        Budget { duplicates: 1, freezes: 1, ..HAND_OVER },
        Budget { crashes: 1, freezes: 1, ..HAND_OVER },
        Budget { twice: 1, duplicates: 1, crashes: 1, ..QUIET },
        Budget { sweeps: 2, crashes: 1, ..HAND_OVER },
        Budget { cancels: 1, revivals: 1, freezes: 1, ..QUIET },
        Budget { asks: 1, cancels: 1, revivals: 1, ..HAND_OVER },
    ] {
        let claims = Claims { runners: if budget.asks == 0 { 3 } else { 2 }, ..with(budget) };
        holds(&claims, Claims::invariants().into_iter().chain(Claims::economy()));
    }
}

#[test]
fn the_same_with_adoption() {
    for budget in [
        Budget { crashes: 1, ..HAND_OVER },
        Budget { freezes: 1, duplicates: 1, ..QUIET },
        Budget { asks: 1, ..QUIET },
    ] {
        holds(&adopting(budget), Claims::invariants().into_iter().chain(Claims::economy()));
    }
}

#[test]
fn messages_alone_bring_a_unit_to_its_end_whoever_dies() {
    holds(&with(Budget { crashes: 1, freezes: 1, ..HAND_OVER }), Claims::ends());
    holds(&with(Budget { crashes: 2, ..HAND_OVER }), Claims::ends());
    holds(&adopting(Budget { crashes: 1, ..HAND_OVER }), Claims::ends());
}

#[test]
fn the_sweep_brings_a_unit_to_its_end_whatever_is_lost() {
    holds(&swept(Budget { crashes: 1, unsent: 1, freezes: 1, ..QUIET }), Claims::ends());
    holds(&swept(Budget { crashes: 1, unsent: 1, ..HAND_OVER }), Claims::ends());
    holds(&swept(Budget { cancels: 1, revivals: 1, unsent: 2, ..QUIET }), Claims::ends());
    holds(&Claims { always_swept: true, ..adopting(QUIET) }, Claims::ends());
}

#[test]
fn two_messages_of_equal_hop_fence_each_other_for_ever_unless_the_fenced_one_is_deleted() {
    let duplicate = with(Budget { duplicates: 1, ..QUIET });
    let broken = without(Rule::FencedDropsOther, duplicate, Claims::economy);
    assert_eq!(claims_in(&broken), [(1, 0), (2, 0), (1, 0)], "the first comes back and fences the second");
    assert!(broken.steps.contains(&Step::Lapses(1)), "nobody died: it was left alone");
    assert!(broken.steps.iter().all(|step| !matches!(step, Step::Dies(_) | Step::Freezes(_))));
}

#[test]
fn a_fenced_runner_that_deletes_its_fencers_lease_strands_the_unit_when_that_dies() {
    let budget = Budget { crashes: 1, freezes: 1, ..QUIET };
    let broken = without(Rule::FencedLeavesOwn, with(budget), Claims::ends);
    assert_eq!(claims_in(&broken), [(1, 0), (1, 0)], "both came by the same message");
    assert!(broken.steps.iter().any(|step| matches!(step, Step::IsFencedAndDrops(_, 1))));
}

#[test]
fn two_holders_of_one_epoch_can_both_write() {
    let duplicate = with(Budget { duplicates: 1, ..QUIET });
    let broken = without(Rule::ClaimRaisesEpoch, duplicate, Claims::invariants);
    assert_eq!(broken.property, "at most one runner can write");
}

#[test]
fn a_stale_holder_overwrites_what_its_fencer_wrote_unless_writes_test_the_epoch() {
    let claims = with(Budget { duplicates: 1, asks: 1, ..QUIET });
    let broken = without(Rule::WriteTestsEpoch, claims, Claims::invariants);
    assert!(broken.property.starts_with("nothing that was written is overwritten"));
    assert_eq!(claims_in(&broken).len(), 2);
}

#[test]
fn an_old_message_takes_the_unit_from_a_newer_one_unless_claims_test_the_hop() {
    let broken = without(Rule::ClaimTestsHop, with(Budget { crashes: 1, ..HAND_OVER }), Claims::invariants);
    assert_eq!(claims_in(&broken), [(1, 0), (2, 1), (1, 0)]);
}

#[test]
fn a_message_of_a_round_that_is_over_fences_the_next_one_unless_the_hop_was_raised() {
    let broken =
        without(Rule::OutsideRaisesHop, with(Budget { cancels: 1, revivals: 1, ..QUIET }), Claims::economy);
    assert!(broken.steps.contains(&Step::Revives));
}

#[test]
fn what_was_asked_for_is_forgotten_unless_writes_test_for_it() {
    let broken = without(Rule::WriteTestsChanges, with(Budget { asks: 1, ..QUIET }), Claims::invariants);
    assert!(broken.property.starts_with("a unit that is done"));
}

#[test]
fn a_change_whose_message_is_never_sent_strands_the_unit_unless_it_is_due() {
    for budget in [Budget { unsent: 1, ..QUIET }, Budget { unsent: 1, cancels: 1, revivals: 1, ..QUIET }] {
        let broken = without(Rule::OutsideMakesDue, swept(budget), Claims::ends);
        assert_eq!(broken.steps.last(), Some(&Step::OutsideDies));
    }
}

#[test]
fn a_unit_that_is_over_is_swept_for_ever_unless_its_end_removes_the_due_time() {
    let broken = without(Rule::EndRemovesDue, swept(QUIET), Claims::ends);
    assert!(broken.steps.iter().any(|step| matches!(step, Step::Ends(_))));
}

#[test]
fn a_stale_message_comes_back_for_ever_unless_it_is_deleted() {
    let claims = with(Budget { duplicates: 1, ..QUIET });
    without(Rule::StaleIsDropped, claims, Claims::ends);
}

#[test]
fn a_crash_in_a_hand_over_strands_the_unit_unless_the_next_message_is_sent_first() {
    let claims = with(Budget { crashes: 1, ..HAND_OVER });
    let broken = without(Rule::HandOverSendsFirst, claims, Claims::ends);
    assert!(matches!(broken.steps[..], [.., Step::Deletes(_, 1), Step::Dies(_)]));
}

#[test]
fn a_message_that_is_not_deleted_at_once_comes_back_before_the_next_one_is_claimed() {
    let broken = without(Rule::GivesUpAtOnce, with(HAND_OVER), Claims::economy);
    assert_eq!(claims_in(&broken), [(1, 0), (1, 0), (2, 1)]);
}

#[test]
fn a_crash_in_a_move_strands_the_unit_unless_the_copy_is_sent_first() {
    let broken = without(Rule::MoveSendsFirst, adopting(Budget { crashes: 1, ..QUIET }), Claims::ends);
    assert!(matches!(broken.steps.last(), Some(Step::Dies(_) | Step::MoverDies)));
}

#[test]
fn a_message_steps_aside_for_ever_unless_it_stays_once_it_was_moved_back() {
    let broken = without(Rule::MovedStays, adopting(QUIET), Claims::economy);
    assert_eq!(broken.property, "a message is moved at most there and back");
    assert!(broken.steps.iter().filter(|step| matches!(step, Step::StepsAside(..))).count() > 1);
    assert_eq!(claims_in(&broken), []);
}

#[test]
fn what_stepped_aside_waits_for_ever_where_nobody_runs_unless_it_is_moved_back() {
    let broken = without(Rule::AdoptIsSwept, adopting(QUIET), Claims::ends);
    assert!(broken.steps.iter().any(|step| matches!(step, Step::StepsAside(..))));
}
