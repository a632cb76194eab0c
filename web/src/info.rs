//! What a script may know of an engine, as plain objects of `types.d.ts`.

use js_sys::Array;
#[cfg(feature = "webgpu")]
use js_sys::Reflect;
#[cfg(feature = "webgpu")]
use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use web_time::Duration;
use yolov4::{Detection, Detector};
#[cfg(feature = "webgpu")]
use yolov4::{
    Result,
    low_level::{gpu::Readbacks, view::Outcome},
};

use crate::plain::{object, set};

/// An `EngineInfo` of a GPU.
///
/// # Errors
/// [`yolov4::Error::NoAdapter`] if the processor plays.
#[cfg(feature = "webgpu")]
pub fn engine(detector: &Detector) -> Result<JsValue> {
    let program = detector.program()?;
    let of_gpu = [
        ("precision", program.precision().name().into()),
        ("device", "webgpu".into()),
        ("adapter", adapter(program.gpu())),
        ("dispatches", number(program.dispatches())),
        ("peakBytes", number(program.value_bytes())),
    ];
    let macs = program.graph().iter().map(|(id, _)| program.graph().macs(id)).sum();
    Ok(network(detector, macs, &of_gpu))
}

/// An `EngineInfo` of a processor, which has no adapter to tell of.
#[cfg(feature = "cpu")]
pub fn processor(detector: &Detector) -> JsValue {
    let adapter = object(&[
        ("name", "the processor".into()),
        ("vendor", "".into()),
        ("architecture", "".into()),
        ("software", true.into()),
        ("f16", false.into()),
        ("subgroups", false.into()),
        ("timestamps", false.into()),
        ("maxBindingBytes", 0.into()),
    ]);
    let of_processor = [
        ("precision", "f32".into()),
        ("device", "cpu".into()),
        ("adapter", adapter),
        ("dispatches", 0.into()),
        ("peakBytes", 0.into()),
    ];
    let macs = detector.graph().iter().map(|(id, _)| detector.graph().macs(id)).sum();
    network(detector, macs, &of_processor)
}

/// What is the same whoever plays, and `rest`.
fn network(detector: &Detector, macs: u64, rest: &[(&str, JsValue)]) -> JsValue {
    let shape = detector.graph().input_shape();
    let (conf, nms) = detector.thresholds();
    let info = object(&[
        ("model", detector.title().into()),
        ("size", Array::of2(&number(shape.w), &number(shape.h)).into()),
        ("classes", strings(&detector.class_names())),
        ("conf", f64::from(conf).into()),
        ("nms", f64::from(nms).into()),
        ("gflop", (2e-9 * macs as f64).into()),
        ("notes", strings(detector.notes())),
        ("choices", strings(&detector.choices().iter().map(ToString::to_string).collect::<Vec<_>>())),
    ]);
    rest.iter().for_each(|(key, value)| set(&info, key, value));
    info
}

/// An `AdapterInfo`: what wgpu says, and what it leaves out.
#[cfg(feature = "webgpu")]
fn adapter(gpu: &yolov4::Gpu) -> JsValue {
    let report = gpu.report();
    let told = gpu.device().as_webgpu().map(|device| property(device.as_ref(), "adapterInfo")).unwrap_or_default();
    let features = gpu.device().as_webgpu().map(|device| property(device.as_ref(), "features")).unwrap_or_default();
    let has = |feature: &str| {
        let has = property(&features, "has").dyn_into::<js_sys::Function>().ok();
        let answer = has.and_then(|has| has.call1(&features, &feature.into()).ok());
        JsValue::from_bool(answer.is_some_and(|answer| answer.is_truthy()))
    };
    let word = |key: &str| property(&told, key).as_string().unwrap_or_default();
    let (vendor, architecture) = (word("vendor"), word("architecture"));
    let spelt = format!("{vendor} {architecture}");
    let name = [word("description"), spelt.trim().to_owned(), report.name.clone()].into_iter().find(|n| !n.is_empty());
    object(&[
        ("name", name.unwrap_or_default().into()),
        ("vendor", vendor.into()),
        ("architecture", architecture.into()),
        ("software", report.software.into()),
        ("f16", report.f16.into()),
        ("subgroups", has("subgroups")),
        ("timestamps", has("timestamp-query")),
        ("maxBindingBytes", (report.max_binding_bytes as f64).into()),
    ])
}

/// `Detection`s.
pub fn detections(found: &[Detection]) -> JsValue {
    let one = |d: &Detection| {
        let bbox: Array = <[f32; 4]>::from(d.bbox).iter().map(|v| JsValue::from_f64(f64::from(*v))).collect();
        object(&[
            ("class", number(d.class)),
            ("name", d.name.as_str().into()),
            ("score", f64::from(d.score).into()),
            ("box", bbox.into()),
        ])
    };
    found.iter().map(one).collect::<Array>().into()
}

/// The times of a frame's parts, in milliseconds.
pub fn stages(passes: [Duration; 3], draw: Option<f64>) -> JsValue {
    let [convert, network, boxes] = passes.map(|time| JsValue::from_f64(1e3 * time.as_secs_f64()));
    let stages = object(&[("convert", convert), ("network", network), ("boxes", boxes)]);
    if let Some(draw) = draw {
        set(&stages, "draw", &draw.into());
    }
    stages
}

/// A `FrameReport`. Times in milliseconds.
#[cfg(feature = "webgpu")]
pub fn report(outcome: &Outcome, copy: f64, wall: f64, draw: Option<f64>, readbacks: Readbacks) -> JsValue {
    let report = object(&[
        ("number", (outcome.number as f64).into()),
        ("width", number(outcome.size.0)),
        ("height", number(outcome.size.1)),
        ("copyMs", copy.into()),
        ("wallMs", wall.into()),
        (
            "readbacks",
            object(&[
                ("results", (readbacks.results as f64).into()),
                ("telemetry", (readbacks.telemetry as f64).into()),
            ]),
        ),
    ]);
    if let Some(found) = &outcome.detections {
        set(&report, "detections", &detections(found));
    }
    if let Some(passes) = outcome.passes {
        set(&report, "stages", &stages(passes, draw));
    }
    report
}

#[cfg(feature = "webgpu")]
fn property(of: &JsValue, key: &str) -> JsValue {
    Reflect::get(of, &key.into()).unwrap_or_default()
}

fn strings(list: &[String]) -> JsValue {
    list.iter().map(|text| JsValue::from_str(text)).collect::<Array>().into()
}

fn number(n: usize) -> JsValue {
    (n as f64).into()
}
