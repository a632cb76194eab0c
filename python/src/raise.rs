//! Errors of the library as exceptions of the package: a class a kind, with the library's sentence.

use pyo3::{IntoPyObjectExt, prelude::*};
use yolov4::{Error, ErrorKind};

/// The name of the class in `yolov4.errors`.
fn class(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Model => "ModelError",
        ErrorKind::Graph => "GraphError",
        ErrorKind::Limit => "LimitError",
        ErrorKind::NoAdapter => "NoAdapterError",
        ErrorKind::DeviceLost => "DeviceLostError",
        ErrorKind::OutOfMemory => "OutOfMemoryError",
        ErrorKind::Gpu => "GpuError",
        ErrorKind::Image => "ImageError",
        ErrorKind::Io => "FileError",
        ErrorKind::NotCached => "NotCachedError",
        ErrorKind::Cache => "CacheError",
        ErrorKind::Fetch => "FetchError",
        ErrorKind::Format => "FormatError",
        ErrorKind::Usage => "UsageError",
        // Kinds of what the package does not have, and those to come.
        _ => "Error",
    }
}

/// The exception, not yet raised.
///
/// # Errors
/// If the package is not as it was built.
pub fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let of = py.import("yolov4.errors")?.getattr(class(error.kind()))?;
    of.call1((error.to_string(),))?.into_bound_py_any(py)
}

/// The exception as PyO3 raises it.
pub fn raised(py: Python<'_>, error: &Error) -> PyErr {
    match exception(py, error) {
        Ok(exception) => PyErr::from_value(exception),
        Err(e) => e,
    }
}

/// [`Error::Usage`], raised.
pub fn usage(py: Python<'_>, message: impl Into<String>) -> PyErr {
    raised(py, &Error::Usage(message.into()))
}
