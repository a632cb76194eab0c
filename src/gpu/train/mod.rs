//! Training on the GPU: one graph forwards and backwards ([`crate::graph::backward`]), whose numbers lie in arenas that a step moves, and whose
//! weights are packed anew after it.

mod arena;
mod build;
mod descent;
mod numbers;
mod step;
mod train_program;
mod update;
mod values;

pub use descent::{Adaptive, Descent, GradientNorm};
pub use train_program::{PlannedTraining, TrainOptions, TrainProgram};
