//! Networks from files: Darknet's `.cfg` and `.weights`, class names, `.data`.

pub mod darknet;
pub mod data;
pub mod names;
pub mod network;
pub mod random;

pub use network::{CfgOptions, Decode, Network, WeightsOptions};
