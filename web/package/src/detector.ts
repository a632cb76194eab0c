import { benchmark, type BenchmarkOptions, type BenchmarkReport } from "./benchmark.js";
import { UsageError, typed } from "./errors.js";
import { Frames, type FramePath } from "./frames.js";
import { modelName, read, type Input } from "./inputs.js";
import { load, type WasmSource } from "./module.js";
import { watch, type WatchOptions } from "./watch.js";
import { version } from "./wasm/yolov4.js";
import type { Detection, Engine, EngineInfo, EngineOptions, FrameReport, Source } from "./wasm/yolov4.js";

/** What a detector is made from. Give `model`, or the `name` of a network and its `weights`. */
export interface DetectorOptions {
    /** A Darknet .cfg (its text, too), or a .safetensors with the cfg and the class names inside. */
    model?: Input;
    /** A network of the family instead, composed by name: `yolov4-tiny`, `yolov4-csp`, ... */
    name?: string;
    /** The Darknet .weights of either. */
    weights?: Input;
    /** A seed: random weights, to try shapes and speed. */
    randomWeights?: number;
    /** Class names, one a line. */
    names?: Input;
    /** Columns and rows of the network's input, or one number for both; the network's own if not given. */
    size?: number | [number, number];
    /** Element type on the GPU; `f16` where `info.adapter.f16`. */
    precision?: "f32" | "f16";
    /** Least score, 0 to 1; the model's if not given. */
    conf?: number;
    /** Overlap above which the lesser box goes, 0 to 1; the model's if not given. */
    nms?: number;
    /** Only boxes of these classes, by name or number. */
    classes?: string[];
    /** Lets boxes of different classes silence each other. */
    agnostic?: boolean;
    /** Most boxes a picture. */
    maxDet?: number;
    /** How pictures are resampled; the model's if not given. */
    resize?: "darknet-file" | "darknet-video" | "pytorch";
    /** Fits (true) or stretches pictures; the model's if not given. */
    letterbox?: boolean;
    /** Asks for subgroups where the browser has them; true if not given. */
    subgroups?: boolean;
    /** A TrueType font for labels that `show` draws; a Latin one is built in. */
    font?: Input;
    /** Told how far building has come. */
    onProgress?: (done: number, all: number) => void;
    /** Where the wasm module is, if not beside this file. */
    wasm?: WasmSource;
}

/** A picture: whatever has pixels in a browser, a file of one included. */
export type Picture = Source | Blob;

/** What `show` brings back. */
export interface ShowOptions {
    /** Reads the boxes back; without, they are drawn and never leave the GPU. */
    boxes?: boolean;
}

/** Frames that may be under way at once. */
const IN_FLIGHT = 2;

/** A network on the GPU. */
export class Detector {
    #engine: Engine | undefined;
    readonly #frames = new Frames();
    readonly #ended = new AbortController();
    readonly #flying: Promise<unknown>[] = [];
    readonly #loadMs: number;
    #firstFrameMs: number | undefined;
    #turn: Promise<unknown> = Promise.resolve();
    #conf: number;
    #nms: number;
    #classes: string[];
    #mirror = false;

    /** What there is to know of network, adapter and choices. */
    readonly info: EngineInfo;

    private constructor(engine: Engine, options: DetectorOptions, loadMs: number) {
        this.#engine = engine;
        this.#loadMs = loadMs;
        this.info = engine.info;
        this.#conf = this.info.conf;
        this.#nms = this.info.nms;
        this.#classes = options.classes ?? [];
    }

    /**
     * Loads a network onto the GPU.
     * @throws NoWebGpuError, NoAdapterError, LimitError, OutOfMemoryError; ModelError for files that do not fit; UsageError
     * for options that cannot be; Yolov4Error with code `wasm` if the wasm module cannot be loaded.
     */
    static async create(options: DetectorOptions): Promise<Detector> {
        const start = performance.now();
        try {
            const [engine, given] = await Promise.all([load(options.wasm), engineOptions(options)]);
            return new Detector(await engine.create(given), options, performance.now() - start);
        } catch (error) {
            throw typed(error);
        }
    }

    /** The device, for drawing or computing beside the network. */
    get device(): GPUDevice {
        return this.#use().device;
    }

    /** How video frames get to the GPU; undefined before the first one. */
    get framePath(): FramePath | undefined {
        return this.#frames.path;
    }

    /**
     * The objects in a picture, best first; boxes are left, top, width, height in its pixels. Calls wait for each other.
     * @throws PictureError for what has no pixels; LimitError for a picture larger than a texture may be; DeviceLostError.
     */
    detect(picture: Picture): Promise<Detection[]> {
        return this.#inTurn(() => this.#decoded(picture, (source) => this.#use().detect(source)));
    }

    /**
     * Boxes of the newest frame of a video or a camera's track, again and again.
     * Ends with the video, by the signal, or when the detector is disposed of.
     */
    watch(video: HTMLVideoElement | MediaStreamTrack, options: WatchOptions = {}): AsyncGenerator<Detection[], void, void> {
        this.#use();
        const signals = options.signal ? [options.signal, this.#ended.signal] : [this.#ended.signal];
        return watch((source) => this.detect(source), video, AbortSignal.any(signals));
    }

    /** Draws into this canvas from now on, whatever its size is then. */
    attach(canvas: HTMLCanvasElement | OffscreenCanvas): void {
        this.#call((engine) => engine.attach(canvas));
    }

    /** Network and drawing of one frame. Settles when the GPU is done; two at most overlap, more wait. */
    async show(picture: Picture, { boxes = false }: ShowOptions = {}): Promise<FrameReport> {
        while (this.#flying.length >= IN_FLIGHT) await Promise.race(this.#flying);
        const shown = this.#decoded(picture, (source) => this.#use().show(source, boxes));
        const settled = shown.catch(() => {}).then(() => void this.#flying.splice(this.#flying.indexOf(settled), 1));
        this.#flying.push(settled);
        return shown;
    }

    /** Draws the newest frame again, after a change of the canvas. */
    redraw(): void {
        this.#call((engine) => engine.redraw());
    }

    /** Runs the newest frame again with the thresholds and classes of now; undefined if there is none, or it is under way. */
    async again({ boxes = false }: ShowOptions = {}): Promise<FrameReport | undefined> {
        return this.#use().again(boxes).catch(rethrow);
    }

    /** The newest frame with its boxes, drawn at this size. */
    async screenshot(width: number, height: number): Promise<ImageData> {
        return this.#use().screenshot(width, height).catch(rethrow);
    }

    /** Times the network alone and the way from pixels to boxes; nothing else should run meanwhile. */
    benchmark(options: BenchmarkOptions = {}): Promise<BenchmarkReport> {
        const loaded = { version: version(), loadMs: this.#loadMs, firstFrameMs: this.#firstFrameMs };
        return benchmark(this.#use(), (source) => this.detect(source), loaded, options).catch(rethrow);
    }

    /** Least score of a box, 0 to 1, from the next frame on. */
    get conf(): number {
        return this.#conf;
    }

    set conf(value: number) {
        this.#conf = value;
        this.#use().setThresholds(this.#conf, this.#nms);
    }

    /** Overlap above which the lesser box goes, 0 to 1, from the next frame on. */
    get nms(): number {
        return this.#nms;
    }

    set nms(value: number) {
        this.#nms = value;
        this.#use().setThresholds(this.#conf, this.#nms);
    }

    /** Only boxes of these classes, by name or number, from the next frame on; all if empty. */
    get classes(): string[] {
        return this.#classes;
    }

    set classes(names: string[]) {
        this.#classes = names;
        this.#use().setClasses(names);
    }

    /** Left and right exchanged when drawing, but for text. */
    get mirror(): boolean {
        return this.#mirror;
    }

    set mirror(on: boolean) {
        this.#mirror = on;
        this.#use().setMirror(on);
    }

    /** Gives the GPU's memory back. What is under way fails, loops over `watch` end, and every later call throws. */
    dispose(): void {
        this.#ended.abort();
        this.#engine?.free();
        this.#engine = undefined;
    }

    [Symbol.dispose](): void {
        this.dispose();
    }

    #use(): Engine {
        if (!this.#engine) throw new UsageError("usage", "this detector was disposed of: make another one");
        return this.#engine;
    }

    #call(run: (engine: Engine) => void): void {
        try {
            run(this.#use());
        } catch (error) {
            throw typed(error);
        }
    }

    #inTurn<T>(run: () => Promise<T>): Promise<T> {
        const mine = this.#turn.then(run);
        this.#turn = mine.catch(() => {});
        return mine;
    }

    async #decoded<T>(picture: Picture, use: (source: Source) => Promise<T>): Promise<T> {
        const start = performance.now();
        const bitmap = picture instanceof Blob ? await decode(picture) : undefined;
        try {
            const done = await this.#frames.feed(bitmap ?? (picture as Source), use);
            this.#firstFrameMs ??= performance.now() - start;
            return done;
        } catch (error) {
            throw typed(error);
        } finally {
            bitmap?.close();
        }
    }
}

function rethrow(error: unknown): never {
    throw typed(error);
}

/** The pixels as they are in the file: colours that are converted, or dimmed by opacity, are not what the network has learnt. */
async function decode(file: Blob): Promise<ImageBitmap> {
    try {
        return await createImageBitmap(file, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
    } catch (error) {
        const name = file instanceof File ? file.name : "the picture";
        const message = `${name}: this browser cannot decode it (${file.type || "of no known type"}, ${file.size} bytes)`;
        throw typed(Object.assign(new Error(message, { cause: error }), { code: "picture" }));
    }
}

async function engineOptions(options: DetectorOptions): Promise<EngineOptions> {
    const file = (input: Input | undefined, what: string) => (input === undefined ? undefined : read(input, what));
    const [model, weights, names, font] = await Promise.all([
        file(options.model, "the model"),
        file(options.weights, "the weights"),
        file(options.names, "the class names"),
        file(options.font, "the font"),
    ]);
    const { name, randomWeights, precision, conf, nms, classes, agnostic, maxDet, resize, letterbox, subgroups } = options;
    const size = typeof options.size === "number" ? [options.size, options.size] : options.size;
    const all = {
        ...{ model: model?.bytes, modelName: model && modelName(model), name, randomWeights },
        ...{ weights: weights?.bytes, weightsName: weights?.name, names: names?.bytes, namesName: names?.name },
        ...{ size, precision, conf, nms, classes, agnostic, maxDet, resize, letterbox, subgroups },
        ...{ font: font?.bytes, progress: options.onProgress },
    };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as EngineOptions;
}
