//! The zoo: networks by name, with what was published of them, and where their weights are. The networks come from the
//! builder; the one that is not of the family has a cfg to fetch too.

mod entry;
mod find;
#[cfg(feature = "demo")]
mod scenes;
mod store;
mod supply;
mod table;

pub use entry::{Entry, File, Foreign, Origin, Published};
pub use find::{DEFAULT, bare, named};
#[cfg(feature = "demo")]
pub use scenes::SCENES;
pub use store::Store;
#[cfg(feature = "fetch")]
pub use supply::Remote;
pub use supply::{Found, Supply};
pub use table::ENTRIES;
