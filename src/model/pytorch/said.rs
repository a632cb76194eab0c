//! What can go wrong, inside of the reader.

/// An error is its sentence; the file's name is put before it at the door.
pub type Said<T> = Result<T, String>;
