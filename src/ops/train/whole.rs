//! What the rooms of this folder share.

use crate::tensor::Shape;

/// What the rooms of this folder have in common: memory of their own, whole.
macro_rules! whole {
    () => {
        fn storage(&self) -> Storage {
            Storage::Own
        }

        fn cut(&self) -> Cut {
            Cut::Never
        }

        fn alone(&self) -> &'static str {
            ""
        }
    };
}
pub(super) use whole;

/// One number a channel.
pub fn per_channel(x: Shape) -> Shape {
    Shape::new(x.c, 1, 1)
}

/// Fails unless values have the same shape.
pub fn alike(inputs: &[Shape]) -> Result<Shape, String> {
    match inputs.iter().find(|shape| **shape != inputs[0]) {
        Some(other) => Err(format!("expected values of one shape, found {} and {other}", inputs[0])),
        None => Ok(inputs[0]),
    }
}
