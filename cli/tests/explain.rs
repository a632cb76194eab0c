//! What `yolov4 explain` prints, against the published numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "../../tests/common/mod.rs"]
mod common;

use std::{path::Path, process::Command};

use serde_json::{Value, json};
use yolov4::{
    Gpu,
    low_level::{
        gpu::{GpuOptions, Program, ProgramOptions, requirements},
        model::{CfgOptions, Model},
    },
};

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

#[test]
fn dispatches_are_those_of_the_program_and_say_why() {
    let size = Some((96, 96));
    let paper: Value = serde_json::from_str(&explain(&["demo", "--size", "96", "--json"])).unwrap();
    let number = |value: &Value| value.as_u64().unwrap() as usize;
    let (told, processor) = (&paper["dispatches"], &paper["dispatches"]["processor"]);
    let fewest = number(&told["fewest"]);
    assert_eq!(fewest, number(&paper["steps"]));
    assert_eq!(told["by_op"].as_object().unwrap().values().map(number).sum::<usize>(), fewest);
    assert_eq!(number(&processor["dispatches"]), fewest + 2 * number(&processor["winograd"]));
    // What is said of a processor is what a processor does.
    let network = Model::open(Path::new("demo"), &CfgOptions { size, ..CfgOptions::default() }).unwrap();
    let wants =
        GpuOptions { requirements: requirements(&network.graph, yolov4::Precision::F32, 1), ..GpuOptions::default() };
    let gpu = pollster::block_on(Gpu::new(&wants)).unwrap();
    let (options, params) = (ProgramOptions::default(), network.random_params(0));
    let program = pollster::block_on(Program::new(&gpu, &network.graph, params, &options, &mut |_, _| {})).unwrap();
    if gpu.report().software && gpu.report().subgroup.0 >= 8 {
        assert!(number(&processor["winograd"]) > 3);
        assert_eq!(program.dispatches(), number(&processor["dispatches"]));
        assert_eq!(program.value_bytes(), number(&paper["peak_bytes"]) + number(&processor["scratch_bytes"]));
    } else {
        assert_eq!(program.dispatches(), fewest);
    }
    let printed = explain(&["demo", "--size", "96"]);
    let last = format!("{} MB of values in all", (program.value_bytes() as f64 / 1e5).round() / 10.0);
    for word in [format!("{fewest} dispatches a frame at least"), last, "shortcut and upsample inside".into()] {
        assert!(printed.contains(&word), "expected `{word}` in\n{printed}");
    }
}

#[test]
fn tiny_has_24_dispatches() {
    // By hand: 21 convolutions, one of which stores upsampled, and 3 pools; what would be copied is gathered by convolutions.
    let paper: Value = serde_json::from_str(&explain(&["yolov4-tiny", "--json"])).unwrap();
    assert_eq!(paper["dispatches"]["by_op"], json!({ "conv": 21, "max_pool": 3 }));
}

#[test]
fn passes_are_shown_one_after_the_other() {
    let printed = explain(&["yolov4-tiny", "--passes"]);
    let headings: Vec<&str> = printed.lines().filter(|l| l.starts_with("as ") || l.starts_with("after ")).collect();
    let names: Vec<&str> = headings.iter().map(|l| l.split(['(', ':']).next().unwrap().trim()).collect();
    assert_eq!(names, ["as loaded", "after fold", "after fuse", "after bands"]);
    let of = |name: &str| printed.split("\n\n").find(|part| part.starts_with(name)).unwrap();
    let lines = |name: &str| of(name).lines().count() - 1;
    assert!(of("as loaded").contains("batch_norm") && !of("after fold").contains("batch_norm"));
    assert!(of("after fold").contains("activation leaky") && !of("after fuse").contains("activation leaky"));
    assert!(lines("as loaded") > lines("after fold") && lines("after fold") > lines("after fuse"));
    assert_eq!(lines("after bands"), lines("after fuse"), "everything fits");
    let banded = explain(&["yolov4-p6", "--passes", "--binding", "128"]);
    assert!(banded.split("\n\n").last().unwrap().contains("(1 of 2)"), "{banded}");
}

#[test]
fn a_class_of_cards_shows_its_rungs_and_ends_with_the_total() {
    for class in ["rdna2", "rdna3", "ampere", "dg2", "apple", "integrated"] {
        let text = explain(&["yolov4-tiny", "--adapter-class", class]);
        let told: Value = serde_json::from_str(&explain(&["yolov4-tiny", "--adapter-class", class, "--json"])).unwrap();
        assert_eq!(told["class"], class);
        let steps = told["steps"].as_array().unwrap();
        assert_eq!(steps.len(), 24, "{class}");
        let sum: f64 = steps.iter().map(|step| step["us"].as_f64().unwrap()).sum();
        let total = told["total_ms"].as_f64().unwrap();
        assert!((total - sum / 1e3).abs() < 1e-9 && total > 0.1, "{class}: {total}");
        assert_eq!(text.lines().last().unwrap(), format!("total {total:.2} ms"));
        for step in steps.iter().filter(|step| !step["rung"].is_null()) {
            let (rung, name) = (step["rung"].as_str().unwrap(), step["name"].as_str().unwrap());
            let least =
                step["rungs"].as_object().unwrap().values().map(|us| us.as_f64().unwrap()).fold(f64::MAX, f64::min);
            assert_eq!(step["rungs"][rung], least, "{class}, {name}");
            assert!(text.lines().any(|line| line.contains(name) && line.contains(rung)), "{class}, {name}: {text}");
        }
    }
    // Sums of 16 bits are not guessed, and what no binding holds is not taken.
    let half = explain(&["yolov4-tiny", "--adapter-class", "ampere", "--precision", "f16"]);
    assert!(half.contains("coop16") && !half.contains("packed"), "{half}");
    let layer = |args: &[&str]| {
        let text = explain(&[&["yolov4-csp", "--size", "512", "--adapter-class", "rdna2"], args].concat());
        text.lines().filter(|line| line.contains("winograd")).count()
    };
    assert!(layer(&["--binding", "8"]) < layer(&[]), "Winograd's values need large bindings");
}
