//! Where results go, as they are found.

mod format;
mod journal;
mod sink;

pub use format::OutputFormat;
pub use journal::RunIdentity;
pub use sink::{Destination, Results};
