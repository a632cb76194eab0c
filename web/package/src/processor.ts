import { UsageError } from "./errors.js";
import { paint, type Style } from "./paint.js";
import type { EnginePlayer } from "./player.js";
import type { PlayedPicture, Processor } from "./wasm/yolov4_cpu.js";
import type { Detection, EngineInfo, FrameReport, Source } from "./wasm/yolov4.js";

/** The newest picture that was shown, as it is drawn. */
interface Shown {
    played: PlayedPicture;
    pixels: OffscreenCanvas;
    detections: Detection[];
}

type Canvas = HTMLCanvasElement | OffscreenCanvas;

/** Of canvases that were asked: Firefox gives that of a transferred canvas once, and throws when it is asked again. */
const contexts = new WeakMap<Canvas, OffscreenCanvasRenderingContext2D>();

function contextOf(canvas: Canvas): OffscreenCanvasRenderingContext2D | undefined {
    const context = contexts.get(canvas) ?? (canvas.getContext("2d") as OffscreenCanvasRenderingContext2D | null) ?? undefined;
    if (context) contexts.set(canvas, context);
    return context;
}

/** A network on the processor: plays in the thread that asks, and draws on a 2D canvas. */
export class ProcessorPlayer implements EnginePlayer {
    readonly info: EngineInfo;
    readonly device = undefined;
    #canvas: Canvas | undefined;
    #shown: Shown | undefined;
    #mirror = false;
    #number = 0;

    constructor(
        readonly processor: Processor,
        readonly style: Style,
    ) {
        this.info = processor.info;
    }

    async detect(source: Source): Promise<Detection[]> {
        const played = this.processor.detect(source);
        const { detections } = played;
        played.free();
        return detections;
    }

    async show(source: Source, boxes: boolean): Promise<FrameReport> {
        const start = performance.now();
        const played = this.processor.detect(source);
        this.#take(played);
        this.#number += 1;
        return this.#report(boxes, start);
    }

    async again(boxes: boolean): Promise<FrameReport | undefined> {
        if (!this.#shown) return undefined;
        const start = performance.now();
        const { played, pixels } = this.#shown;
        this.#take(this.processor.again(played), pixels);
        return this.#report(boxes, start);
    }

    async time(): Promise<{ wallMs: number }> {
        return { wallMs: this.processor.time() };
    }

    attach(canvas: Canvas): void {
        if (!contextOf(canvas)) throw new UsageError("usage", "this canvas has a context of another kind: expected a new one, or a 2d one");
        this.#canvas = canvas;
        this.redraw();
    }

    redraw(): void {
        if (this.#canvas) this.#draw(this.#canvas);
    }

    setThresholds(conf: number, nms: number): void {
        this.processor.setThresholds(conf, nms);
    }

    setClasses(names: string[]): void {
        this.processor.setClasses(names);
    }

    setMirror(on: boolean): void {
        this.#mirror = on;
    }

    async screenshot(width: number, height: number): Promise<ImageData> {
        const canvas = new OffscreenCanvas(width, height);
        this.#draw(canvas);
        const context = contextOf(canvas);
        if (!context) throw new UsageError("usage", `screenshot: a canvas of ${width}x${height} cannot be made`);
        return context.getImageData(0, 0, width, height);
    }

    free(): void {
        this.#shown?.played.free();
        this.#shown = undefined;
        this.processor.free();
        this.style.forget();
    }

    #take(played: PlayedPicture, known?: OffscreenCanvas): void {
        const { width, height, detections } = played;
        let pixels = known;
        if (!pixels) {
            pixels = new OffscreenCanvas(width, height);
            pixels.getContext("2d")?.putImageData(new ImageData(played.rgba() as Uint8ClampedArray<ArrayBuffer>, width), 0, 0);
        }
        this.#shown?.played.free();
        this.#shown = { played, pixels, detections };
    }

    #report(boxes: boolean, start: number): FrameReport {
        const begin = performance.now();
        this.redraw();
        const draw = performance.now() - begin;
        // It was taken just now.
        const { played, detections } = this.#shown as Shown;
        return {
            ...{ number: this.#number - 1, width: played.width, height: played.height },
            ...(boxes ? { detections } : {}),
            ...{ copyMs: 0, wallMs: performance.now() - start, stages: { ...played.stages, draw } },
            readbacks: { results: 0, telemetry: 0 },
        };
    }

    #draw(canvas: Canvas): void {
        const context = contextOf(canvas);
        if (context) paint(context, this.#shown?.pixels, this.#shown?.detections ?? [], this.#mirror, this.style);
    }
}
