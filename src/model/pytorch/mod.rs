//! `.pt`: checkpoints of PyTorch, read without PyTorch and without running anything that is written in them.
//!
//! A checkpoint is a program for a small stack machine (a *pickle*) beside raw numbers (*storages*). Python plays the
//! program and calls whatever function it names, which is why a `.pt` from a stranger can do anything. Here the program
//! only builds data: a class is its name, and an object its class, arguments and state. What a checkpoint needs that is
//! more than that - dictionaries, tensors, sizes - is a short list in `construct`.
//!
//! Bottom up: `counted` counts bytes, `unpickler` plays the program on them, `value` is what comes out, `archive` and
//! `legacy` are the two containers, `tensor` turns numbers into `f32`, `network` finds the modules and their names, and
//! [`Checkpoint`] is the door. `listed`, `compose` and `model` make a network of ours of one.

mod archive;
mod checkpoint;
mod compose;
mod construct;
mod container;
mod counted;
mod legacy;
mod listed;
mod literal;
mod model;
mod network;
mod numpy;
mod open;
mod refused;
mod said;
mod tensor;
mod unpickler;
mod value;

pub use checkpoint::Checkpoint;
pub use model::{open as open_model, read as read_model};
pub use network::Module;
pub use tensor::{ElementKind, SavedStorage, SavedTensor};
pub use value::{Datum, Id, Object, Pickle, Value};
