//! Networks from files (Darknet's `.cfg` and `.weights`, class names, `.data`), from one file that holds
//! everything, from the paper's numbers, and by name.

pub mod bundle;
pub mod darknet;
pub mod data;
pub mod defaults;
pub mod names;
pub mod network;
pub mod random;
pub mod scaled;
pub mod zoo;

pub use defaults::Defaults;
pub use network::{CfgOptions, Decode, Network, WeightsOptions};
