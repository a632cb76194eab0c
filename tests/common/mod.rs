//! What several suites share.
#![allow(dead_code, reason = "every suite compiles this file and uses a part of it")]

use std::path::PathBuf;

/// The folder of trained networks and photos, from `YOLOV4_TEST_DATA`. Without it a test says so and returns; under
/// CI=true it fails.
pub fn test_data() -> Option<PathBuf> {
    match std::env::var_os("YOLOV4_TEST_DATA") {
        Some(path) => Some(PathBuf::from(path)),
        None => {
            assert!(std::env::var_os("CI").is_none_or(|v| v != "true"), "YOLOV4_TEST_DATA is not set under CI=true");
            println!("SKIPPED: set YOLOV4_TEST_DATA to the folder of test networks and photos");
            None
        }
    }
}
