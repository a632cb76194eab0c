/** Scaled-YOLOv4 object detection on WebGPU, or on the processor. `Detector.create` is where to begin. */
export { Detector } from "./detector.js";
export type { DetectorOptions, ShowOptions } from "./detector.js";
export {
    DeviceLostError,
    LimitError,
    ModelError,
    NoAdapterError,
    NoWebGpuError,
    OutOfMemoryError,
    PictureError,
    UsageError,
    Yolov4Error,
} from "./errors.js";
export type { ErrorCode } from "./errors.js";
export type { Input } from "./inputs.js";
export type { FramePath, Picture } from "./frames.js";
export type { WatchOptions } from "./watch.js";
export type { BenchmarkOptions, BenchmarkReport, BenchmarkResult } from "./benchmark.js";
export type { WasmSource } from "./module.js";
export { support } from "./support.js";
export type { Device, NoGpu, Support } from "./support.js";
export type { AdapterInfo, Detection, EngineInfo, FrameReport, Samples, Source } from "./wasm/yolov4.js";
