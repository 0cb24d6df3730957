//! What it costs: the promise of the design, how full runners are, and one bill by hand.

use std::time::Duration;

use fleet::{Lengths, Policy, Scenario, prices, simulate};

use crate::hours;

#[test]
fn adoption_costs_a_hundredth_of_one_stream_an_invocation() {
    let dollars = |policy| simulate(&hours(policy, 10.0, Lengths::fifteen_minutes(), 24)).dollars();
    let (one, adoption) = (dollars(Policy::OneStream), dollars(Policy::Adoption));
    assert!((5_900.0..6_300.0).contains(&one.lambda_and_sqs()), "{one:?}");
    let announced_too = adoption.lambda_and_sqs() + adoption.slots;
    assert!(announced_too * 100.0 <= one.lambda_and_sqs(), "{adoption:?} {one:?}");
}

#[test]
fn one_runner_drives_four_fifths_of_all_while_it_has_room() {
    for (per_minute, lengths) in [
        (1.0, Lengths::two_minutes()),
        (1.0, Lengths::fifteen_minutes()),
        (10.0, Lengths::two_minutes()),
        (10.0, Lengths::fifteen_minutes()),
        (100.0, Lengths::two_minutes()),
    ] {
        let outcome = simulate(&hours(Policy::Adoption, per_minute, lengths.clone(), 6));
        assert!(outcome.watch.most_units < 500, "one runner has room for all");
        assert!(outcome.watch.fill() >= 0.8, "{per_minute}, {lengths:?}: {:?}", outcome.watch);
    }
}

#[test]
fn batches_alone_leave_runners_nearly_empty() {
    let outcome = simulate(&hours(Policy::Batches, 10.0, Lengths::fifteen_minutes(), 6));
    assert!(outcome.watch.fill() < 0.1 && outcome.watch.units_a_runner() < 2.0, "{:?}", outcome.watch);
}

#[test]
fn a_newcomer_is_driven_within_two_seconds_though_it_steps_aside() {
    let outcome = simulate(&hours(Policy::Adoption, 100.0, Lengths::two_minutes(), 2));
    assert!(outcome.tally.stepped_aside > outcome.arrived / 4);
    assert!(outcome.wait(0.99) < Duration::from_secs(2), "{:?}", outcome.wait(0.99));
}

#[test]
fn the_bill_of_a_single_run_is_the_one_reckoned_by_hand() {
    // The only arrival of its minute; the sweeps of the minutes that it takes come beside it.
    let lengths = Lengths::Fixed(Duration::from_secs(100));
    let alone = (1..).map(|seed| Scenario {
        seed,
        span: Duration::from_mins(1),
        ..Scenario::new(Policy::OneStream, 1.0, lengths.clone())
    });
    let outcome = alone.map(|scenario| simulate(&scenario)).find(|outcome| outcome.arrived == 1);
    let outcome = outcome.expect("some seed has one arrival");
    let tally = outcome.tally;
    assert_eq!((tally.invocations, tally.stayed, tally.hand_overs), (1 + tally.sweeps, 1, 0));
    // A second for buying, 100 for the run, 10 ms for the end; 105 ms a sweep; 60 ms a start.
    let billed = 101_010 + 105 * tally.sweeps + 60 * tally.cold;
    assert_eq!(tally.billed, Duration::from_millis(billed));
    // Sent, received, extended at first and every 40 s, deleted by the runner and by the mapping; a sweep is sent, received, deleted twice;
    // five receives wait for 20 s each, whatever comes.
    let waiting = outcome.lasted.as_secs() / 20 * 5;
    assert_eq!(tally.sqs_requests(), 1 + 1 + 3 + 2 + 4 * tally.sweeps + waiting);
    let gigabyte_seconds = tally.billed.as_secs_f64() * 0.5;
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let dollars = gigabyte_seconds * prices::LAMBDA_GB_SECOND
        + tally.invocations as f64 * prices::LAMBDA_REQUEST
        + tally.sqs_requests() as f64 * prices::SQS_REQUEST;
    assert!((outcome.dollars().lambda_and_sqs() / 1e6 - dollars).abs() < 1e-12);
    assert!((0.000_67..0.000_70).contains(&dollars), "0.5 GB for 101 s are 0.067 of a cent: {dollars}");
}
