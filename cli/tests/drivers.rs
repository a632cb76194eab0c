//! Drivers beside Mesa's Vulkan: OpenGL, and SwiftShader, which browsers bring along. Every node of a network, and photographs.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "../../tests/common/mod.rs"]
mod common;

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

/// Where Chromium's package has SwiftShader.
const SWIFTSHADER: &str = "/usr/lib/chromium/vk_swiftshader_icd.json";
const PHOTOS: usize = 8;

/// A driver, by what the environment and the options say.
struct Driver {
    name: &'static str,
    icd: Option<&'static str>,
    backend: &'static str,
}

const DRIVERS: [Driver; 2] = [
    Driver { name: "OpenGL", icd: None, backend: "gl" },
    Driver { name: "SwiftShader", icd: Some(SWIFTSHADER), backend: "vulkan" },
];

impl Driver {
    fn run(&self, args: &[&str]) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_yolov4"));
        program.args(args).args(["--backend", self.backend]);
        for list in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
            if let Some(icd) = self.icd {
                program.env(list, icd);
            }
        }
        program.output().unwrap()
    }

    /// Says so if it is not here.
    fn answers(&self) -> bool {
        let there = self.icd.is_none_or(|icd| Path::new(icd).exists())
            && Command::new(env!("CARGO_BIN_EXE_yolov4"))
                .args(["adapters", "--backend", self.backend])
                .output()
                .is_ok_and(|o| o.status.success());
        if !there {
            println!("SKIPPED: {} is not here", self.name);
        }
        there
    }
}

#[test]
fn every_node_agrees_with_the_oracle() {
    for driver in DRIVERS.iter().filter(|driver| driver.answers()) {
        let out = driver.run(&["check", "--model", "demo"]);
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        println!("{}: {said}", driver.name);
        assert!(out.status.success() && said.contains("nodes compared"), "{}: {said}", driver.name);
    }
}

#[test]
fn photographs_have_the_boxes_of_the_processor() {
    let Some(data) = common::test_data() else { return };
    let file = |ending: &str| data.join(format!("models/yolo-fastest-1.1-xl/yolo-fastest-1.1-xl.{ending}"));
    let (cfg, weights) = (file("cfg"), file("weights"));
    let mut photos: Vec<_> = std::fs::read_dir(data.join("images/coco")).unwrap().map(|e| e.unwrap().path()).collect();
    photos.retain(|path| path.extension().is_some_and(|ending| ending == "jpg"));
    photos.sort();
    let photos: Vec<&str> = photos.iter().take(PHOTOS).map(|path| path.to_str().unwrap()).collect();
    let mut args = vec!["detect", "--format", "jsonl", "--conf", "0.3"];
    args.extend(["--model", cfg.to_str().unwrap(), "--weights", weights.to_str().unwrap(), "--size", "320"]);
    args.extend(&photos);
    let rows = |out: Output| -> Vec<Value> {
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let cpu = Command::new(env!("CARGO_BIN_EXE_yolov4")).args(&args).args(["--player", "cpu"]).output().unwrap();
    let wanted = rows(cpu);
    for driver in DRIVERS.iter().filter(|driver| driver.answers()) {
        let found = rows(driver.run(&args));
        let (mut boxes, mut worst) = (0, 0.0_f64);
        for (row, wanted) in found.iter().zip(&wanted) {
            let list = |row: &Value| row["detections"].as_array().unwrap().clone();
            for (a, b) in [(list(row), list(wanted)), (list(wanted), list(row))] {
                // Those near the threshold may fall either way.
                for found in a.iter().filter(|d| d["score"].as_f64().unwrap() > 0.305) {
                    boxes += 1;
                    let near = |other: &&Value| {
                        let apart =
                            |i: usize| (found["box"][i].as_f64().unwrap() - other["box"][i].as_f64().unwrap()).abs();
                        found["class"] == other["class"] && (0..4).map(apart).fold(0.0, f64::max) < 1.0
                    };
                    let partner =
                        b.iter().find(near).unwrap_or_else(|| panic!("{}: {found} of {}", driver.name, row["image"]));
                    worst = worst.max((found["score"].as_f64().unwrap() - partner["score"].as_f64().unwrap()).abs());
                }
            }
        }
        println!("{}: {boxes} boxes, scores differ by {worst:.6} at most", driver.name);
        assert!(boxes > 20 && worst < 0.002, "{}: {boxes} boxes, {worst}", driver.name);
    }
}
