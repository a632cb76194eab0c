//! Networks from files (Darknet's `.cfg` and `.weights`, class names, `.data`) and from the paper's numbers.

pub mod darknet;
pub mod data;
pub mod defaults;
pub mod names;
pub mod network;
pub mod random;
pub mod scaled;

pub use defaults::Defaults;
pub use network::{CfgOptions, Decode, Network, WeightsOptions};
