//! Pictures one after the other: which are meant, what is made of each called, decoded ahead, and played.

mod given;
mod names;
mod reader;

pub use given::{Pipes, given};
pub use names::names;
pub use reader::reader;
