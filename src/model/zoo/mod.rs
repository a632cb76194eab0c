//! The zoo: networks by name, with what was published of them, and where their weights are. The networks come from the
//! builder; the one that is not of the family has a cfg to fetch too.

mod entry;
mod find;
mod model_files;
#[cfg(feature = "demo")]
mod scenes;
mod store;
mod table;

pub use entry::{Entry, Foreign, Origin, Published, RemoteFile};
pub use find::{DEFAULT, bare, named};
#[cfg(feature = "fetch")]
pub use model_files::Remote;
pub use model_files::{Found, ModelFiles};
#[cfg(feature = "demo")]
pub use scenes::SCENES;
pub use store::Store;
pub use table::ENTRIES;
