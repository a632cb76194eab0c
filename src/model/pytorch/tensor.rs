//! Storages, the tensors that are views of them, and their numbers as `f32`.

use std::{io::Read, sync::Arc};

use half::{bf16, f16};

use super::said::Said;

/// What kind of numbers a storage holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "PyTorch's own names")]
pub enum ElementKind {
    Float64,
    Float32,
    Float16,
    BFloat16,
    Int64,
    Int32,
    Int16,
    Int8,
    UInt8,
    Bool,
}

impl ElementKind {
    /// By the class of a storage, on whatever device it lay.
    pub(super) fn of_storage(class: &str) -> Option<Self> {
        let name = class.strip_prefix("torch.")?;
        Some(match name.strip_prefix("cuda.").unwrap_or(name) {
            "DoubleStorage" => Self::Float64,
            "FloatStorage" => Self::Float32,
            "HalfStorage" => Self::Float16,
            "BFloat16Storage" => Self::BFloat16,
            "LongStorage" => Self::Int64,
            "IntStorage" => Self::Int32,
            "ShortStorage" => Self::Int16,
            "CharStorage" => Self::Int8,
            "ByteStorage" => Self::UInt8,
            "BoolStorage" => Self::Bool,
            _ => return None,
        })
    }

    /// Bytes of a number.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Float64 | Self::Int64 => 8,
            Self::Float32 | Self::Int32 => 4,
            Self::Float16 | Self::BFloat16 | Self::Int16 => 2,
            Self::Int8 | Self::UInt8 | Self::Bool => 1,
        }
    }

    /// The numbers of `bytes`, little-endian; what is left over at the end is not looked at.
    fn numbers(self, bytes: &[u8], out: &mut Vec<f32>) {
        fn each<const N: usize>(bytes: &[u8], out: &mut Vec<f32>, number: impl Fn([u8; N]) -> f32) {
            out.extend(bytes.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)));
        }
        match self {
            Self::Float64 => each(bytes, out, |b| f64::from_le_bytes(b) as f32),
            Self::Float32 => each(bytes, out, f32::from_le_bytes),
            Self::Float16 => each(bytes, out, |b| f16::from_le_bytes(b).to_f32()),
            Self::BFloat16 => each(bytes, out, |b| bf16::from_le_bytes(b).to_f32()),
            Self::Int64 => each(bytes, out, |b| i64::from_le_bytes(b) as f32),
            Self::Int32 => each(bytes, out, |b| i32::from_le_bytes(b) as f32),
            Self::Int16 => each(bytes, out, |b| i16::from_le_bytes(b).into()),
            Self::Int8 => each(bytes, out, |b| i8::from_le_bytes(b).into()),
            Self::UInt8 => each(bytes, out, |b| u8::from_le_bytes(b).into()),
            Self::Bool => each(bytes, out, |[b]| f32::from(u8::from(b != 0))),
        }
    }
}

/// A row of numbers outside of the pickle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedStorage {
    /// What they are.
    pub kind: ElementKind,
    /// Their name in the file.
    pub key: Arc<str>,
    /// How many there are in the file.
    pub count: u64,
    /// The first one and how many, where this is a part of what the file has under `key`.
    pub view: Option<(u64, u64)>,
}

impl SavedStorage {
    /// Bytes in the file.
    pub(super) fn bytes(&self) -> u64 {
        self.count.saturating_mul(self.kind.bytes())
    }

    /// The first number, and how many.
    fn part(&self) -> (u64, u64) {
        self.view.unwrap_or((0, self.count))
    }

    pub(super) fn check(&self) -> Said<()> {
        let (first, count) = self.part();
        if self.count.checked_mul(self.kind.bytes()).is_none() {
            return Err(format!("a storage of {} numbers", self.count));
        }
        if first.checked_add(count).is_none_or(|end| end > self.count) {
            return Err(format!("{count} numbers from {first} on are asked for of a storage of {}", self.count));
        }
        Ok(())
    }
}

/// A view of a storage. It lies within it: that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedTensor {
    /// Length of each axis.
    pub shape: Vec<u64>,
    storage: SavedStorage,
    /// Numbers from the storage's first to the tensor's.
    offset: u64,
    /// Numbers from one to the next, of each axis.
    strides: Vec<u64>,
}

impl SavedTensor {
    /// More than any convolution has.
    pub(super) const MOST_AXES: usize = 8;

    pub(super) fn new(storage: SavedStorage, offset: u64, shape: Vec<u64>, strides: Vec<u64>) -> Said<Self> {
        let tensor = Self { shape, storage, offset, strides };
        let Self { shape, strides, storage, .. } = &tensor;
        let said = |what: &str| format!("a tensor of shape {shape:?} and strides {strides:?} {what}");
        if shape.len() != strides.len() {
            return Err(said("that do not belong together"));
        }
        let (_, there) = storage.part();
        let elements = shape.iter().try_fold(1u64, |product, n| product.checked_mul(*n));
        let end = tensor.span().and_then(|span| span.checked_add(offset));
        if elements.is_none() || end.is_none_or(|end| end > there) {
            return Err(said(&format!("from number {offset} on does not fit into its storage of {there}")));
        }
        Ok(tensor)
    }

    /// What kind of numbers these are.
    pub fn kind(&self) -> ElementKind {
        self.storage.kind
    }

    /// The storage that they lie in.
    pub fn storage(&self) -> &SavedStorage {
        &self.storage
    }

    /// How many numbers.
    pub fn elements(&self) -> u64 {
        self.shape.iter().product()
    }

    /// Numbers of the storage from the first to behind the last.
    fn span(&self) -> Option<u64> {
        if self.shape.contains(&0) {
            return Some(0);
        }
        let mut axes = self.shape.iter().zip(&self.strides);
        axes.try_fold(1u64, |span, (n, stride)| span.checked_add(n.checked_sub(1)?.checked_mul(*stride)?))
    }

    /// Whether the numbers lie one after the other.
    fn is_dense(&self) -> bool {
        let mut next = 1u64;
        self.shape.iter().zip(&self.strides).rev().all(|(n, stride)| {
            let fits = *n == 1 || *stride == next;
            next = next.saturating_mul(*n);
            fits
        })
    }

    /// The first byte within the storage's bytes, and how many.
    pub(super) fn bytes(&self) -> (u64, u64) {
        let (first, _) = self.storage.part();
        let each = self.kind().bytes();
        (first.saturating_add(self.offset).saturating_mul(each), self.span().unwrap_or(0).saturating_mul(each))
    }

    /// The numbers in the order of the axes; `bytes` yields those of [`Self::bytes`].
    pub(super) fn read(&self, bytes: impl Read) -> Said<Vec<f32>> {
        let (_, length) = self.bytes();
        let (span, elements) = (self.span().unwrap_or(0), self.elements());
        if elements > span {
            return Err(format!("shape {:?} and strides {:?} read a number more than once", self.shape, self.strides));
        }
        let flat = numbers(self.kind(), bytes, length)?;
        if self.is_dense() {
            return Ok(flat);
        }
        let mut out = Vec::with_capacity(flat.len().min(usize::try_from(elements).unwrap_or(0)));
        let mut place = vec![0u64; self.shape.len()];
        for _ in 0..elements {
            let at: u64 = place.iter().zip(&self.strides).map(|(i, stride)| i * stride).sum();
            let number = usize::try_from(at).ok().and_then(|at| flat.get(at));
            out.push(*number.ok_or("a number outside of the storage")?);
            for (i, n) in place.iter_mut().zip(&self.shape).rev() {
                *i += 1;
                if *i < *n {
                    break;
                }
                *i = 0;
            }
        }
        Ok(out)
    }
}

/// All numbers of `length` bytes, a piece at a time.
fn numbers(kind: ElementKind, mut reader: impl Read, length: u64) -> Said<Vec<f32>> {
    let count = usize::try_from(length / kind.bytes()).map_err(|e| e.to_string())?;
    let mut out = Vec::new();
    out.try_reserve_exact(count).map_err(|_| format!("there is no memory for {count} numbers"))?;
    let mut piece = vec![0; 1 << 16];
    let mut left = length;
    while left > 0 {
        let count = left.min(piece.len() as u64);
        let bytes = piece.get_mut(..usize::try_from(count).unwrap_or(0)).unwrap_or_default();
        reader.read_exact(bytes).map_err(|e| format!("cannot be read: {e}"))?;
        kind.numbers(bytes, &mut out);
        left -= count;
    }
    Ok(out)
}
