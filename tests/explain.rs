//! What `yolov4 explain` prints, against the published numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::process::Command;

use serde_json::Value;

fn explain(args: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_yolov4")).arg("explain").args(args).output().unwrap();
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn bands_are_shown_where_a_binding_is_too_small() {
    let whole = explain(&["yolov4-p6"]);
    assert!(!whole.contains("(1 of 2)"), "{whole}");
    let banded = explain(&["yolov4-p6", "--binding", "128"]);
    let line = |start: &str| banded.lines().find(|l| l.contains(start)).unwrap_or_else(|| panic!("{start}: {banded}"));
    for band in ["(1 of 2)", "(2 of 2)"] {
        let line = line(&format!("layer 0 [convolutional] {band}"));
        assert!(line.contains("conv 3x3 mish") && line.contains("16x1280x1280"), "{line}");
    }
    let line = line("32x1280x1280");
    assert!(line.contains("layer 0 [convolutional]") && line.ends_with("gathered by its readers"), "{line}");
    // The totals are those of the network, whatever plays it.
    let totals = |text: &str| text.lines().find(|l| l.contains("GFLOP in convolutions")).unwrap().to_owned();
    assert_eq!(totals(&whole), totals(&banded));
    assert_eq!(explain(&["yolov4-p6", "--binding", "256"]), whole);
}

#[test]
fn totals_are_the_published_ones_as_json_and_as_text() {
    let Some(data) = common::test_data() else { return };
    for (name, row, cfg) in common::published(&data) {
        let (cfg, size) = (cfg.to_str().unwrap(), row["size"].to_string());
        let json: Value = serde_json::from_str(&explain(&[cfg, "--size", &size, "--json"])).unwrap();
        let totals = &json["totals"];
        for (ours, theirs) in [
            ("convolutions", "conv"),
            ("parameters", "trainable_params"),
            ("fused_parameters", "fused_params"),
            ("weights_bytes", "weights_file_bytes"),
        ] {
            assert_eq!(totals[ours], row[theirs], "{name}: {ours}");
        }
        let gflop = row["conv_gflop"].as_f64().unwrap();
        assert!((totals["conv_gflop"].as_f64().unwrap() - gflop).abs() < 1e-6, "{name}: GFLOP");
        // Darknet's own count is printed with three digits.
        let bflops = row["darknet_bflops"].as_f64().unwrap();
        assert!((totals["darknet_bflops"].as_f64().unwrap() - bflops).abs() < 1e-3, "{name}: BFLOPS");
        let printed = explain(&[cfg, "--size", &size]);
        let expected = format!(
            "{} convolutions, {} parameters ({} folded), {} bytes of weights\n{gflop:.3} GFLOP in convolutions",
            row["conv"], row["trainable_params"], row["fused_params"], row["weights_file_bytes"]
        );
        assert!(printed.contains(&expected), "{name}: expected\n{expected}\nin\n{printed}");
        // The layers' own numbers add up to the totals.
        let sum = |key: &str| json["nodes"].as_array().unwrap().iter().map(|n| n[key].as_u64().unwrap()).sum::<u64>();
        assert_eq!(sum("parameters"), row["fused_params"].as_u64().unwrap(), "{name}: parameters of the nodes");
        assert!((2e-9 * sum("macs") as f64 - gflop).abs() < 1e-6, "{name}: MACs of the nodes");
    }
}
