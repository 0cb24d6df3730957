//! The rows of a group as they are stored: in pages, from one or more sources.
//!
//! The first source is what the group was created with; each append is another. Invariant: every page of a
//! source but its last holds [`PAGE_ROWS`] rows, so a row's page follows from its place.

use std::sync::Arc;

use serde_json::value::RawValue;

/// Rows to a page.
pub const PAGE_ROWS: u32 = 100;

/// The source that a group was created with.
pub const FIRST_SOURCE: &str = "first";

/// One row: a JSON string or object, byte for byte.
pub type Input = Arc<RawValue>;

/// Where a row is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<'a> {
    /// Its source.
    pub source: &'a str,
    /// The page of the source.
    pub page: u32,
    /// The row's place on the page.
    pub slot: usize,
}

/// Finds the row with this index among sources with these numbers of rows.
#[must_use]
pub fn place<'a>(sources: impl Iterator<Item = (&'a str, u32)>, index: u32) -> Option<Place<'a>> {
    let mut before = 0;
    for (source, rows) in sources {
        if index < before + rows {
            let within = index - before;
            return Some(Place { source, page: within / PAGE_ROWS, slot: (within % PAGE_ROWS) as usize });
        }
        before += rows;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_row_is_found_in_its_source_and_page() {
        let sources = || [("first", 250), ("a", 3), ("b", 100)].into_iter();
        let at = |index| place(sources(), index).map(|place| (place.source, place.page, place.slot));
        assert_eq!(at(0), Some(("first", 0, 0)));
        assert_eq!(at(249), Some(("first", 2, 49)));
        assert_eq!(at(250), Some(("a", 0, 0)));
        assert_eq!(at(253), Some(("b", 0, 0)));
        assert_eq!(at(352), Some(("b", 0, 99)));
        assert_eq!(at(353), None);
    }

    proptest! {
        #[test]
        fn each_row_has_a_place_of_its_own_and_in_order(rows in prop::collection::vec(0_u32..250, 0..5)) {
            let names = ["first", "a", "b", "c", "d"];
            let sources = || names.into_iter().zip(rows.iter().copied());
            let total: u32 = rows.iter().sum();
            let source = |place: &Place<'_>| names.iter().position(|name| *name == place.source);
            let places: Vec<_> = (0..total).map_while(|index| place(sources(), index)).collect();
            prop_assert_eq!(places.len(), total as usize);
            let keys = places.iter().map(|place| (source(place), place.page, place.slot));
            prop_assert!(keys.is_sorted_by(|one, next| one < next));
            prop_assert!(places.iter().all(|place| place.slot < PAGE_ROWS as usize));
            prop_assert_eq!(place(sources(), total), None);
        }
    }
}
