//! stub
/// program
pub fn program() -> std::ffi::OsString {
    "ffmpeg".into()
}
/// missing
pub fn missing() -> String {
    "no ffmpeg".into()
}
/// there
pub fn there() -> bool {
    true
}
