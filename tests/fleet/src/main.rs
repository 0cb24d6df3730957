use fleet::*;
fn main() {
    for (per_minute, lengths) in [(100.0, Lengths::two_minutes()), (1000.0, Lengths::two_minutes()), (1.0, Lengths::fifteen_minutes()), (10.0, Lengths::fifteen_minutes()), (50.0, Lengths::fifteen_minutes()), (100.0, Lengths::fifteen_minutes()), (300.0, Lengths::fifteen_minutes()), (1000.0, Lengths::fifteen_minutes())] {
        let mut x = [0.0f64; 13];
        for seed in 1..=5 {
            let mut s = Scenario::new(Policy::Adoption, per_minute, lengths.clone());
            s.seed = seed;
            let o = simulate(&s);
            let d = o.dollars();
            for (i, v) in [d.lambda, d.sqs, d.slots, d.hand_overs, d.total(), o.watch.fill(), o.watch.units_a_runner(), o.hops(), o.tally.stayed as f64, o.tally.left_early as f64, o.tally.moved_back as f64, (o.arrived - o.ended_once) as f64, o.tally.invocations as f64].into_iter().enumerate() { x[i] += v / 5.0; }
        }
        println!("{per_minute:5} lam {:.2} sqs {:.2} slots {:.2} ho {:.2} total {:.1} fill {:.3} upr {:.1} hops {:.2} stayed {:.0} early {:.0} moved {:.0} lost {} inv {:.0}", x[0],x[1],x[2],x[3],x[4],x[5],x[6],x[7],x[8],x[9],x[10],x[11], x[12]);
    }
}
