//! Going through an owner's units, newest first, until a page is full.
//!
//! The table knows owner and time; everything else is filtered here. So a page may be short, or empty, and yet have a next one.

use domain::OwnerId;
use domain::limits::LIST_PAGE;
use store::Summary;

use crate::Api;
use crate::form::Listing;
use crate::refusal::Refusal;

/// Pages of the table that one answer looks through at most.
const LOOKED_THROUGH: usize = 30;

/// The units that are wanted, and from where to go on.
pub(crate) async fn found(
    api: &Api,
    owner: &OwnerId,
    listing: &Listing,
) -> Result<(Vec<Summary>, Option<String>), Refusal> {
    let mut found: Vec<Summary> = Vec::new();
    let mut next = listing.cursor.clone();
    let mut is_over = listing.is_over();
    for _ in 0..LOOKED_THROUGH {
        if is_over || found.len() >= listing.limit {
            break;
        }
        let page =
            api.store().list(owner, listing.created.clone(), next.as_deref(), LIST_PAGE, api.now()).await?;
        is_over = page.next.is_none();
        next = page.next;
        for unit in page.units {
            if found.len() == listing.limit {
                is_over = false;
                break;
            }
            next = Some(unit.cursor.clone());
            if listing.filter.admits(&unit) {
                found.push(unit);
            }
        }
    }
    Ok((found, next.filter(|_| !is_over)))
}
