//! Secrets: sealing what must be kept, hashing whose it is, signing what is told, and loading what AWS keeps.
//!
//! All cryptography of the project is here, and all of it is `ring`. Invariant: a [`Secret`] prints as stars, and a
//! sealed text opens only under the key and the context with which it was sealed.

mod hash;
mod resolve;
mod seal;
mod secret;
pub mod webhook;

pub use hash::{digest, same};
pub use resolve::{Unresolved, resolve};
pub use seal::{CannotOpen, Sealer};
pub use secret::Secret;
