//! The kernel problems inside a browser, or in Dawn without one: its WGSL compiler and its GPU against the oracle, compiled to wasm.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, reason = "a suite, not a library")]

use js_sys::{Array, Function};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use yolov4::{
    Gpu, Precision,
    low_level::gpu::{DeviceRequirements, GpuOptions},
};
use yolov4_suite::{Round, checks, play, problems::suite};

fn text(e: yolov4::Error) -> JsValue {
    JsValue::from_str(&e.to_string())
}

/// Every problem (or every second, third, ..), every node, with every convolution kernel where there is one; then letterbox and boxes. `precision` is f32 or f16, `begun` hears the number of each. Resolves
/// to the number of problems, the largest error of a node, the names of the rungs and kernels that played, and what has failed.
#[wasm_bindgen]
pub async fn run(precision: &str, every: usize, begun: Option<Function>) -> Result<Array, JsValue> {
    console_error_panic_hook::set_once();
    let known = [Precision::F32, Precision::F16].into_iter().find(|known| known.name() == precision);
    let precision = known.ok_or_else(|| JsValue::from_str(&format!("expected f32 or f16, found {precision}")))?;
    let requirements = DeviceRequirements { precision, ..DeviceRequirements::default() };
    let gpu = Gpu::new(&GpuOptions { requirements, ..GpuOptions::default() }).await.map_err(text)?;
    let problems: Vec<_> = suite().into_iter().step_by(every.max(1)).collect();
    let ways = |problem: &_| Round::EveryRung.ways(&gpu, problem, precision);
    let mut said = |number: usize| {
        // What the callback returns or throws is ignored.
        let _ = begun.as_ref().map(|begun| begun.call1(&JsValue::NULL, &number.into()));
    };
    let (mut played, ..) = play(&gpu, &problems, precision, ways, &mut said).await;
    for checked in [checks::letterboxes(&gpu).await, checks::every_head(&gpu).await] {
        match checked {
            Ok(more) => played.count += more,
            Err(e) => played.failures.push(e.to_string()),
        }
    }
    let list = |names: &mut dyn Iterator<Item = &str>| names.map(JsValue::from_str).collect::<Array>();
    let names = list(&mut played.rungs.iter().map(|rung| rung.name()).chain(played.kernels.iter().copied()));
    let failures = list(&mut played.failures.iter().map(String::as_str));
    Ok(Array::of(&[played.count.into(), played.worst.into(), names.into(), failures.into()]))
}
