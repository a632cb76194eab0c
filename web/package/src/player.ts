import type { Detection, EngineInfo, FrameReport, Source } from "./wasm/yolov4.js";

/** Who plays a network: the wasm module's `Engine` on a GPU, or a `ProcessorPlayer`. */
export interface EnginePlayer {
    readonly info: EngineInfo;
    /** None where the processor plays. */
    readonly device: GPUDevice | undefined;
    detect(source: Source): Promise<Detection[]>;
    show(source: Source, boxes: boolean): Promise<FrameReport>;
    again(boxes: boolean): Promise<FrameReport | undefined>;
    time(): Promise<{ wallMs: number }>;
    attach(canvas: HTMLCanvasElement | OffscreenCanvas): void;
    redraw(): void;
    setThresholds(conf: number, nms: number): void;
    setClasses(names: string[]): void;
    setMirror(on: boolean): void;
    screenshot(width: number, height: number): Promise<ImageData>;
    free(): void;
}
