//! The arithmetic of Scaled-YOLOv4 (Wang, Bochkovskiy and Liao, CVPR 2021): what its tables compute, as functions, and what they
//! report, as data. `yolov4 scale` prints all of it.
//!
//! In Tables 1 to 5 an operation is one multiply-accumulate; in Tables 8 and 9 it is two operations. Where the paper's prose and its
//! own arithmetic disagree, the arithmetic is what is computed here:
//!
//! - Table 2 states what CSP saves as if a stage had endless layers ([`StageKind::limit`]). Its own formulas
//!   have a term that does not grow with the layers, and a short stage *loses*: one `Res` layer costs 47 % more, three cost the same.
//! - Section 3.4 says that PCB has the least input and output of convolutions where `kg > b/2`. By Table 5 it has where `kg > b`
//!   ([`Growth::pcb_is_least`]); between the two plain CSP has less.
//! - Section 4.3 gives the depths of stages as `2^ds` with `ds = [1, 3, 15, 15, 7, 7, 7]`. The list is the depths themselves, which
//!   are `2^d - 1` for `d = [1, 2, 4, 4, 3, 3, 3]` ([`depth`]).
//! - Section 3.2's 773 and 1774 FPS (Table 14) are of two programs: OpenCV one picture at a time, TensorRT four.

mod growth;
mod published;
mod scaling;
mod stage;

pub use growth::{Aggregation, Growth, memory_access};
pub use published::*;
pub use scaling::{DEPTH_EXPONENTS, FACTORS, Factor, depth};
pub use stage::{Factors, LayerKind, Map, StageKind};
