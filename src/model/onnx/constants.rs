//! Tensors that are numbers.

use half::f16;

use super::proto::{TensorProto, element};

/// Its numbers, as they are.
#[derive(Clone, Debug)]
pub enum Numbers {
    Floats(Vec<f32>),
    Ints(Vec<i64>),
}

/// A tensor of a file.
#[derive(Clone, Debug)]
pub struct Constant {
    pub dims: Vec<usize>,
    pub numbers: Numbers,
}

impl Constant {
    /// Of a message.
    ///
    /// # Errors
    /// What is wrong with it, without its name.
    fn read(tensor: &TensorProto) -> Result<Self, String> {
        if tensor.data_location != 0 {
            return Err("lies in another file (external data), which is not read here".into());
        }
        let dims: Vec<usize> = tensor
            .dims
            .iter()
            .map(|n| usize::try_from(*n))
            .collect::<Result<_, _>>()
            .map_err(|_| format!("has a shape that cannot be: {:?}", tensor.dims))?;
        let count = dims.iter().try_fold(1usize, |all, n| all.checked_mul(*n));
        let raw = &tensor.raw_data;
        let numbers = match tensor.data_type {
            element::FLOAT if raw.is_empty() => Numbers::Floats(tensor.float_data.clone()),
            element::FLOAT => Numbers::Floats(each(raw, f32::from_le_bytes)),
            element::FLOAT16 if raw.is_empty() => {
                Numbers::Floats(tensor.int32_data.iter().map(|bits| f16::from_bits(*bits as u16).to_f32()).collect())
            }
            element::FLOAT16 => Numbers::Floats(each(raw, |b| f16::from_le_bytes(b).to_f32())),
            element::DOUBLE if raw.is_empty() => {
                Numbers::Floats(tensor.double_data.iter().map(|v| *v as f32).collect())
            }
            element::DOUBLE => Numbers::Floats(each(raw, |b| f64::from_le_bytes(b) as f32)),
            element::INT64 if raw.is_empty() => Numbers::Ints(tensor.int64_data.clone()),
            element::INT64 => Numbers::Ints(each(raw, i64::from_le_bytes)),
            element::INT32 if raw.is_empty() => {
                Numbers::Ints(tensor.int32_data.iter().map(|v| i64::from(*v)).collect())
            }
            element::INT32 => Numbers::Ints(each(raw, |b| i64::from(i32::from_le_bytes(b)))),
            other => return Err(format!("has numbers of kind {other}, which are not read here")),
        };
        let constant = Self { dims, numbers };
        let found = constant.len();
        if count != Some(found) {
            return Err(format!("of shape {:?} has {found} numbers", constant.dims));
        }
        Ok(constant)
    }

    /// Of a message; `name` is for the error.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn named(name: &str, tensor: &TensorProto) -> Result<Self, String> {
        Self::read(tensor).map_err(|said| format!("`{name}` {said}"))
    }

    fn len(&self) -> usize {
        match &self.numbers {
            Numbers::Floats(list) => list.len(),
            Numbers::Ints(list) => list.len(),
        }
    }

    /// As numbers with a point.
    pub fn floats(&self) -> Vec<f32> {
        match &self.numbers {
            Numbers::Floats(list) => list.clone(),
            Numbers::Ints(list) => list.iter().map(|v| *v as f32).collect(),
        }
    }

    /// As whole numbers.
    pub fn ints(&self) -> Option<Vec<i64>> {
        match &self.numbers {
            Numbers::Floats(_) => None,
            Numbers::Ints(list) => Some(list.clone()),
        }
    }
}

fn each<const N: usize, T>(bytes: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)).collect()
}
