//! Shapes and host tensors. A tensor on the host is planar (CHW, row-major); on the GPU it is [`Shape::blocks`]
//! planes of four channels each (NC4HW4: element `(c, y, x)` is component `c % 4` of vector `(c / 4, y, x)`).

use std::sync::{Mutex, PoisonError};

/// Channels, height and width of one value of one picture. How many pictures lie side by side, whoever plays them knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape {
    /// Channels.
    pub c: usize,
    /// Rows.
    pub h: usize,
    /// Columns.
    pub w: usize,
}

impl Shape {
    /// `c` channels of `h` rows and `w` columns.
    pub const fn new(c: usize, h: usize, w: usize) -> Self {
        Self { c, h, w }
    }

    /// Number of elements.
    pub const fn elements(self) -> usize {
        self.c * self.h * self.w
    }

    /// Pixels of one plane.
    pub const fn pixels(self) -> usize {
        self.h * self.w
    }

    /// Planes of four channels, the last one padded with zeros.
    pub const fn blocks(self) -> usize {
        self.c.div_ceil(4)
    }

    /// Four-channel vectors of the whole value on the GPU.
    pub const fn vectors(self) -> usize {
        self.blocks() * self.pixels()
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}x{}", self.c, self.h, self.w)
    }
}

/// What the numbers of a value are: f32 as everywhere else, or f64, in which gradients are proved.
pub trait Real: Copy + Default + PartialOrd + Send + Sync + std::fmt::Debug + 'static {
    /// In f64.
    fn wide(self) -> f64;

    /// Rounded from f64.
    fn of(number: f64) -> Self;
}

impl Real for f32 {
    fn wide(self) -> f64 {
        f64::from(self)
    }

    fn of(number: f64) -> Self {
        number as Self
    }
}

impl Real for f64 {
    fn wide(self) -> f64 {
        self
    }

    fn of(number: f64) -> Self {
        number
    }
}

/// A value on the host: `data[(c * h + y) * w + x]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor<T = f32> {
    /// Channels, rows, columns.
    pub shape: Shape,
    /// [`Shape::elements`] numbers, planar.
    pub data: Vec<T>,
}

impl<T: Real> Tensor<T> {
    /// A tensor of zeros.
    pub fn zeros(shape: Shape) -> Self {
        Self { shape, data: vec![T::default(); shape.elements()] }
    }

    /// Wraps `data`; `None` unless it holds exactly the elements of `shape`.
    pub fn new(shape: Shape, data: Vec<T>) -> Option<Self> {
        (data.len() == shape.elements()).then_some(Self { shape, data })
    }

    /// A tensor whose plane `c` is written by `fill(c, plane)`: the work is shared out over the machine's threads.
    pub fn by_plane(shape: Shape, fill: impl Fn(usize, &mut [T]) + Sync) -> Self {
        let mut out = Self::zeros(shape);
        let pixels = shape.pixels();
        // Threads do not exist in a browser's wasm.
        let threads =
            if cfg!(target_arch = "wasm32") { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
        let each = shape.c.div_ceil(threads).max(1);
        let work = |first: usize, planes: &mut [T]| {
            planes.chunks_mut(pixels).enumerate().for_each(|(i, plane)| fill(first + i, plane));
        };
        // A thread costs as much as some thousand numbers.
        if threads == 1 || out.data.len() < 2048 {
            work(0, &mut out.data);
        } else {
            let parts = Mutex::new(out.data.chunks_mut(each * pixels).enumerate());
            let work_off = || {
                loop {
                    let part = parts.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((i, planes)) = part else { break };
                    work(i * each, planes);
                }
            };
            std::thread::scope(|scope| {
                for _ in 1..threads {
                    // Where the system gives no more threads, those that there are do the work.
                    if std::thread::Builder::new().spawn_scoped(scope, work_off).is_err() {
                        break;
                    }
                }
                work_off();
            });
        }
        out
    }

    /// The plane of channel `c`.
    pub fn plane(&self, c: usize) -> &[T] {
        let n = self.shape.pixels();
        &self.data[c * n..(c + 1) * n]
    }

    /// The element at channel `c`, row `y`, column `x`.
    pub fn at(&self, c: usize, y: usize, x: usize) -> T {
        self.data[(c * self.shape.h + y) * self.shape.w + x]
    }
}

impl Tensor {
    /// As the GPU holds it: NC4HW4, padding channels zero.
    pub fn to_nc4hw4(&self) -> Vec<f32> {
        let n = self.shape.pixels();
        let mut out = vec![0.0; self.shape.vectors() * 4];
        let none = if self.shape.c.is_multiple_of(4) { vec![] } else { vec![0.0; n] };
        for (block, vectors) in out.chunks_exact_mut((4 * n).max(1)).enumerate() {
            let plane = |lane: usize| {
                let c = 4 * block + lane;
                if c < self.shape.c { self.plane(c) } else { &none[..] }
            };
            // Four lists side by side, which the compiler makes vectors of: this is as fast as memory.
            let lists = plane(0).iter().zip(plane(1)).zip(plane(2).iter().zip(plane(3)));
            for (vector, ((a, b), (c, d))) in vectors.as_chunks_mut::<4>().0.iter_mut().zip(lists) {
                *vector = [*a, *b, *c, *d];
            }
        }
        out
    }

    /// The inverse of [`Tensor::to_nc4hw4`]; `None` if `packed` is too short.
    pub fn from_nc4hw4(shape: Shape, packed: &[f32]) -> Option<Self> {
        if packed.len() < shape.vectors() * 4 {
            return None;
        }
        let n = shape.pixels().max(1);
        let mut out = Self::zeros(shape);
        for (vectors, planes) in packed.chunks_exact(4 * n).zip(out.data.chunks_mut(4 * n)) {
            let vectors = vectors.as_chunks::<4>().0;
            for (lane, plane) in planes.chunks_exact_mut(n).enumerate() {
                // One loop for each lane: which it is must not be asked at each number.
                let numbers = plane.iter_mut().zip(vectors);
                match lane {
                    0 => numbers.for_each(|(value, vector)| *value = vector[0]),
                    1 => numbers.for_each(|(value, vector)| *value = vector[1]),
                    2 => numbers.for_each(|(value, vector)| *value = vector[2]),
                    _ => numbers.for_each(|(value, vector)| *value = vector[3]),
                }
            }
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_and_unpacking_is_the_identity_for_any_channel_count() {
        for c in 1..10 {
            let shape = Shape::new(c, 2, 3);
            let t = Tensor::new(shape, (0..shape.elements()).map(|i| i as f32).collect()).unwrap();
            let packed = t.to_nc4hw4();
            assert_eq!(packed.len(), c.div_ceil(4) * 4 * 6);
            assert_eq!(Tensor::from_nc4hw4(shape, &packed).unwrap(), t);
        }
    }
}
