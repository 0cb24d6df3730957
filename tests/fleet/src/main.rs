//! quick
use fleet::*;
fn main() {
    for lengths in [Lengths::two_minutes(), Lengths::fifteen_minutes()] {
        for per_minute in [1.0, 10.0, 100.0, 1000.0] {
            for policy in [Policy::OneStream, Policy::Batches, Policy::Adoption] {
                let mut s = Scenario::new(policy, per_minute, lengths.clone());
                if let Some(seed) = std::env::args().nth(1) { s.seed = seed.parse().unwrap(); }
                let o = simulate(&s);
                let d = o.dollars();
                println!("{per_minute} {policy:?} lam {:.1} sqs {:.2} slots {:.2} ho {:.2} fill {:.3} upr {:.1} hops {:.2} inv {:.3} p50 {:?} p99 {:?} max {} late {:?} {}/{} {:?}",
                    d.lambda, d.sqs, d.slots, d.hand_overs, o.watch.fill(), o.watch.units_a_runner(), o.hops(), o.invocations(), o.wait(0.5), o.wait(0.99), o.watch.most_runners, o.latest, o.ended_once, o.arrived, o.tally);
            }
        }
    }
}
