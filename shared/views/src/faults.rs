//! The reasons why rows have no output, told once each: many rows usually share a few.

use domain::run::RunError;

/// Distinct reasons kept; the rows of any more are only counted.
const REASONS: usize = 50;
/// Rows named for each reason.
const NAMED: usize = 10;

/// What was seen of failures so far. Bounded, whatever the number of rows.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    reasons: Vec<Reason>,
    others: u32,
}

/// A reason and the rows that it kept from their outputs.
#[derive(Debug)]
pub(crate) struct Reason {
    pub(crate) message: String,
    pub(crate) ref_id: Option<String>,
    rows: Vec<u32>,
    count: u32,
}

impl Faults {
    pub(crate) fn add(&mut self, index: u32, error: &RunError) {
        if let Some(reason) = self.reasons.iter_mut().find(|reason| reason.message == error.message) {
            reason.count += 1;
            if reason.rows.len() < NAMED {
                reason.rows.push(index + 1);
            }
        } else if self.reasons.len() < REASONS {
            let (message, ref_id) = (error.message.clone(), error.ref_id.clone());
            self.reasons.push(Reason { message, ref_id, rows: vec![index + 1], count: 1 });
        } else {
            self.others += 1;
        }
    }

    pub(crate) fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The number of rows whose reasons are not among [`Faults::reasons`].
    pub(crate) const fn others(&self) -> u32 {
        self.others
    }
}

impl Reason {
    /// Which rows, in words.
    pub(crate) fn rows(&self) -> String {
        let named: Vec<String> = self.rows.iter().map(u32::to_string).collect();
        let noun = if self.count == 1 { "row" } else { "rows" };
        let more = self.count - u32::try_from(self.rows.len()).unwrap_or(self.count);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("{noun} {}{more}", named.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_rows_of_one_reason_make_one_line() {
        let mut faults = Faults::default();
        (0..1_000).for_each(|index| faults.add(index, &RunError::new("no such site")));
        assert_eq!(faults.reasons().len(), 1);
        assert_eq!(faults.reasons()[0].rows(), "rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 990 more");
    }

    #[test]
    fn a_reason_for_every_row_does_not_grow_without_bound() {
        let mut faults = Faults::default();
        (0..1_000).for_each(|index| faults.add(index, &RunError::new(format!("reason {index}"))));
        assert_eq!((faults.reasons().len(), faults.others()), (REASONS, 950));
        assert_eq!(faults.reasons()[0].rows(), "row 1");
    }
}
