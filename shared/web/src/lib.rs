//! What the functions that speak HTTP share: problems, headers, routes, bodies, who asks, and the checked way out.
//!
//! What a route does is the business of `api` and `results`; the formats of a result are in `views`.
//! Invariants: every answer that is not a success is a [`Problem`], and no URL of a user is fetched but through [`outbound`].

pub mod base_url;
pub mod body;
pub mod cors;
pub mod credential;
pub mod guard;
pub mod identity;
pub mod outbound;
pub mod problem;
pub mod routes;

pub use domain::fault::Fault;
pub use identity::{Access, Caller};
pub use problem::Problem;
