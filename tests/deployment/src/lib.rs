//! What the tests of the deployment stand on: the template as AWS would see it, and the pinned tools that say so.
//!
//! Owns the translation of `template.yaml`, its evaluation for given parameters, the routing of its REST API, and what the sources
//! call of AWS. What must hold is said by the tests. Invariant: nothing here asks an account or the network for anything.

pub mod code;
pub mod filter;
pub mod gateway;
pub mod rights;
pub mod template;
pub mod tools;

pub use template::Template;

/// The root of the workspace.
#[must_use]
pub fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
