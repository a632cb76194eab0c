//! Every text of a kernel through Tint, Chrome's compiler of WGSL, in Dawn without a browser: `cargo xtask ci dawn` brings it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::process::Command;

use yolov4::low_level::kernels::{Precision, catalogue};

#[test]
fn every_kernel_is_taken_by_tint() {
    let Some(dawn) = std::env::var_os("YOLOV4_DAWN") else {
        println!("SKIPPED: YOLOV4_DAWN does not say where Dawn is; `cargo xtask ci dawn` fetches and names it");
        return;
    };
    let texts: Vec<_> = catalogue()
        .into_iter()
        // Chrome's own extension for them has other words.
        .filter(|kernel| !kernel.cooperates())
        .flat_map(|kernel| {
            [Precision::F32, Precision::F16].map(|precision| {
                serde_json::json!({ "name": kernel.name, "precision": precision.name(), "text": kernel.source(precision) })
            })
        })
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(&file, &texts).unwrap();
    let out = Command::new("node").arg("texts.mjs").arg(file.path()).current_dir(dawn).output().unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    println!("{told}");
    assert!(out.status.success() && told.contains(&format!("{} texts, 0 refused", texts.len())), "{told}");
}
