//! `max_cost_usd`: what the purchases of a unit never exceed.

use domain::estimate::{self, Cost};
use domain::fault::Fault;

use super::Fields;

/// A budget past this is a slip: more than the dearest list of the greatest length.
const MOST_DOLLARS: f64 = 1e9;

/// The budget, rounded down to millionths of a dollar.
pub(crate) fn dollars(fields: &mut Fields) -> Option<Cost> {
    let given = fields.value("max_cost_usd")?;
    let dollars = given.as_f64().filter(|dollars| (0.0..=MOST_DOLLARS).contains(dollars));
    let Some(dollars) = dollars.filter(|_| given.is_number()) else {
        fields.fault("/max_cost_usd", format!("must be a number of dollars from 0 to {MOST_DOLLARS}"));
        return None;
    };
    Some(Cost(millionths(dollars)))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "between 0 and 10^15, where doubles hold whole numbers exactly"
)]
fn millionths(dollars: f64) -> u64 {
    let nearest = (dollars * 1e6).round() as u64;
    // The nearest is what was written down, unless that has more decimals than are counted and lies below it.
    if nearest as f64 / 1e6 > dollars { nearest - 1 } else { nearest }
}

/// Why `rows` rows that surely must be bought make no sense under this budget.
pub(crate) fn over(rows: u32, processor: Option<&str>, budget: Option<u64>) -> Option<Fault> {
    let message = estimate::over_budget(rows, processor, budget?)?;
    Some(Fault::new("/max_cost_usd", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Option<u64>, usize> {
        let body = format!("{{\"max_cost_usd\": {json}}}");
        let mut fields = super::super::json(body.as_bytes()).expect("JSON");
        let cost = dollars(&mut fields).map(|cost| cost.0);
        let faults = fields.finish().len();
        if faults == 0 { Ok(cost) } else { Err(faults) }
    }

    #[test]
    fn dollars_are_counted_in_whole_millionths_and_never_rounded_up() {
        for (json, expected) in [
            ("10", Ok(Some(10_000_000))),
            ("0.005", Ok(Some(5_000))),
            ("0.1", Ok(Some(100_000))),
            ("9.9999999", Ok(Some(9_999_999))),
            ("1e-7", Ok(Some(0))),
            ("0", Ok(Some(0))),
            ("null", Ok(None)),
            ("-1", Err(1)),
            ("1e10", Err(1)),
            ("\"10\"", Err(1)),
        ] {
            assert_eq!(read(json), expected, "{json}");
        }
    }
}
