//! Sizes of objects as a network sees them, and the anchors for them.

mod fit;
mod k_means;
mod shapes;
mod sizes;

pub use fit::{AnchorFit, AnchorHead, ClassFit, fit};
pub use k_means::{MadeAnchors, make_anchors};
pub use shapes::{ObjectShape, shapes};
pub use sizes::{ShapeTable, sizes};
