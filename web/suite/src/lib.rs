//! The kernel problems of `tests/` inside a browser: its WGSL compiler and its GPU against the oracle, compiled to wasm.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

#[path = "../../../tests/common/checks.rs"]
mod checks;
#[path = "../../../tests/common/problems.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod problems;

use std::collections::BTreeSet;

use js_sys::Array;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use yolov4::{
    Gpu,
    low_level::{
        gpu::{GpuOptions, ProgramOptions},
        graph::Keep,
    },
};

/// Every problem, every node, with every convolution kernel where there is one; then letterbox and boxes. Resolves to the
/// number of problems, the largest error of a node, the names of the rungs and kernels that played, and what has failed.
#[wasm_bindgen]
pub async fn run() -> Result<Array, JsValue> {
    console_error_panic_hook::set_once();
    let gpu = Gpu::new(&GpuOptions::default()).await.map_err(|e| JsValue::from_str(&e.to_string()))?;
    let (mut count, mut worst, mut played, mut failures) = (0, 0.0_f64, BTreeSet::new(), Vec::new());
    for problem in problems::suite() {
        let options = ProgramOptions { keep: Keep::All, ..Default::default() };
        for conv in checks::rungs(&gpu, &problem, &options) {
            let options = ProgramOptions { conv, ..options.clone() };
            count += 1;
            match checks::check(&gpu, &problem, &options, checks::tolerance(&problem, options.precision)).await {
                Ok(checked) => {
                    worst = worst.max(checked.worst);
                    played.extend(checked.rungs.iter().map(|rung| rung.name()));
                    played.extend(checked.kernels);
                }
                Err(e) => failures.push(format!("{} ({conv:?}): {e}", problem.name)),
            }
        }
    }
    for checked in [checks::letterboxes(&gpu).await, checks::every_head(&gpu).await] {
        match checked {
            Ok(more) => count += more,
            Err(e) => failures.push(e),
        }
    }
    let played: Array = played.into_iter().map(JsValue::from_str).collect();
    let failures: Array = failures.iter().map(|text| JsValue::from_str(text)).collect();
    Ok(Array::of(&[count.into(), worst.into(), played.into(), failures.into()]))
}
