//! ONNX: a network out of here for other programs, and networks of other programs in.
//!
//! | file | |
//! |---|---|
//! | `proto` | the messages of `onnx.proto3`, as far as they are needed |
//! | `facts` | what a network of ours says of itself: heads, anchors, class names |
//! | `writer`, `export`, `boxes` | a graph as nodes; boxes and scores as more of them |
//! | `attributes`, `constants` | attributes of nodes; tensors that are numbers |
//! | `shapes`, `windows` | borders of windows |
//! | `importer`, `ops`, `import` | nodes as a graph |

mod attributes;
mod boxes;
mod constants;
mod export;
mod facts;
mod import;
mod importer;
mod ops;
mod proto;
mod shapes;
mod windows;
mod writer;

pub use export::save;
pub use import::open;
pub use ops::OPERATORS;
pub use writer::{OnnxOptions, OnnxOutputs};
