//! Numbers of NumPy, which is what a checkpoint's fitness is: only single ones. Arrays stay objects.

use half::f16;

use super::{
    unpickler::Unpickler,
    value::{Datum, Id},
};

/// `scalar(dtype, bytes)`.
pub fn scalar(unpickler: &Unpickler, dtype: Id, bytes: Id) -> Option<Datum> {
    let Datum::Bytes(bytes) = unpickler.datum(bytes) else { return None };
    number(code(unpickler, dtype)?, bytes)
}

/// An array of one number is that number: what `_reconstruct` gave has `state` (version, shape, dtype, order, bytes).
pub fn only_number(unpickler: &Unpickler, array: Id, state: Id) -> Option<Datum> {
    let Datum::Object(object) = unpickler.datum(array) else { return None };
    let Datum::Class(class) = unpickler.datum(object.class) else { return None };
    if !matches!(class.as_ref(), "numpy.core.multiarray._reconstruct" | "numpy._core.multiarray._reconstruct") {
        return None;
    }
    let Datum::Tuple(state) = unpickler.datum(state) else { return None };
    let [_version, _shape, dtype, _order, bytes] = state.as_slice() else { return None };
    scalar(unpickler, *dtype, *bytes)
}

/// What a little-endian dtype is called, such as `f8`.
fn code(unpickler: &Unpickler, dtype: Id) -> Option<&str> {
    let Datum::Object(object) = unpickler.datum(dtype) else { return None };
    let (Datum::Class(class), Datum::Tuple(args)) = (unpickler.datum(object.class), unpickler.datum(object.args))
    else {
        return None;
    };
    let Datum::Text(code) = unpickler.datum(*args.first()?) else { return None };
    let Datum::Tuple(state) = unpickler.datum(object.state?) else { return None };
    let Datum::Text(order) = unpickler.datum(*state.get(1)?) else { return None };
    (class.as_ref() == "numpy.dtype" && matches!(order.as_ref(), "<" | "|")).then_some(code)
}

/// One number in all of `bytes`.
fn number(code: &str, bytes: &[u8]) -> Option<Datum> {
    Some(match code {
        "f8" => Datum::Float(f64::from_le_bytes(bytes.try_into().ok()?)),
        "f4" => Datum::Float(f32::from_le_bytes(bytes.try_into().ok()?).into()),
        "f2" => Datum::Float(f16::from_le_bytes(bytes.try_into().ok()?).into()),
        "i8" => Datum::Int(i64::from_le_bytes(bytes.try_into().ok()?)),
        "i4" => Datum::Int(i32::from_le_bytes(bytes.try_into().ok()?).into()),
        "u1" => Datum::Int(u8::from_le_bytes(bytes.try_into().ok()?).into()),
        "b1" => Datum::Bool(u8::from_le_bytes(bytes.try_into().ok()?) != 0),
        _ => return None,
    })
}
