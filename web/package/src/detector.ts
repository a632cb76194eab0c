// The types name Symbol.dispose, which older libraries of TypeScript do not have.
/// <reference lib="esnext.disposable" preserve="true" />
import { benchmark, type BenchmarkOptions, type BenchmarkReport } from "./benchmark.js";
import { DeviceLostError, UsageError, typed } from "./errors.js";
import { deviceFor } from "./device.js";
import { Frames, HOST_PATHS, decode, type FramePath, type Picture } from "./frames.js";
import { Gate } from "./gate.js";
import { labelFont } from "./font.js";
import { modelName, onlyGiven, readIf, sides, type Input } from "./inputs.js";
import { load, loadCpu, type WasmSource } from "./module.js";
import type { EnginePlayer } from "./player.js";
import { ProcessorPlayer } from "./processor.js";
import type { Device } from "./support.js";
import { Tuning } from "./tuning.js";
import { checked, watch, type WatchOptions } from "./watch.js";
import type { Detection, EngineInfo, EngineOptions, FrameReport, Source } from "./wasm/yolov4.js";

/** What a detector is made from. Give `model`, or the `name` of a network and its `weights`. */
export interface DetectorOptions {
    /** A Darknet .cfg (its text, too), or a .safetensors with the cfg and the class names inside. */
    model?: Input;
    /** A network of the family instead, composed by name: `yolov4-tiny`, `yolov4-csp`, ... */
    name?: string;
    /** The Darknet .weights of either. */
    weights?: Input;
    /** Seeded random weights instead of a file, to try shapes and speed; this is the seed. */
    randomWeights?: number;
    /** The file of class names, one a line. */
    names?: Input;
    /** Columns and rows of the network's input instead of the cfg's, or one number for both. */
    size?: number | [number, number];
    /**
     * Who plays: a GPU or nothing (`webgpu`), the processor in this thread (`cpu`: better in a worker), or the GPU unless there is none
     * but one in software, or something was asked for that only GPUs have (`auto`).
     */
    device?: "auto" | Device;
    /** Element type on the GPU; `f16` where `info.adapter.f16`. */
    precision?: "f32" | "f16";
    /** Minimum score, 0 to 1; the model's if not given. */
    conf?: number;
    /** Overlap above which the lower-scoring box is removed, 0 to 1; the model's if not given. */
    nms?: number;
    /** Only these classes, by name or index; boxes of others suppress nothing. */
    classes?: string[];
    /** Lets boxes of different classes suppress each other. */
    agnostic?: boolean;
    /** At most this many boxes a picture, at least 1. */
    maxDet?: number;
    /** How pictures are resampled; the model's if not given. */
    resize?: "darknet-file" | "darknet-video" | "pytorch";
    /** Fits pictures (true) or stretches them; the model's if not given. */
    letterbox?: boolean;
    /** Asks for subgroups where the browser has them; true if not given. */
    subgroups?: boolean;
    /**
     * Whether kernels are measured first: `auto` (where nothing is known of a GPU), `off`, `quick` (on a
     * processor that poses as one, too), `full` (everything anew). What was found is kept in IndexedDB, but for `off`.
     */
    tune?: "auto" | "off" | "quick" | "full";
    /** A TrueType font for labels that `show` draws; a Latin one is built in. */
    font?: Input;
    /** Told how far building has come. */
    onProgress?: (done: number, all: number) => void;
    /** Where the wasm module is, if not beside this file. */
    wasm?: WasmSource;
    /** Where the module for the processor is, if not beside this file; it is loaded only where the processor plays. */
    wasmCpu?: WasmSource;
}

/** What `show` brings back. */
export interface ShowOptions {
    /** Reads the boxes back; without, they are drawn and never leave the GPU. */
    boxes?: boolean;
}

/** Frames that may be under way at once. */
const IN_FLIGHT = 2;

/** A network on the GPU, or on the processor. */
export class Detector {
    #engine: EnginePlayer | undefined;
    readonly #frames: Frames;
    readonly #ended = new AbortController();
    /** Who waits for an answer: if none can come any more, they are told. */
    readonly #waiting = new Set<(error: unknown) => void>();
    readonly #turns = new Gate(1);
    readonly #flights = new Gate(IN_FLIGHT);
    readonly #loadMs: number;
    readonly #version: string;
    #firstFrameMs: number | undefined;
    #lost: DeviceLostError | undefined;
    #conf: number;
    #nms: number;
    #classes: string[];
    #mirror = false;

    /** What there is to know of network, adapter and choices. */
    readonly info: EngineInfo;

    private constructor(engine: EnginePlayer, options: DetectorOptions, version: string, loadMs: number) {
        this.#engine = engine;
        this.#loadMs = loadMs;
        this.#version = version;
        this.info = engine.info;
        this.#frames = new Frames(this.info.device === "cpu" ? HOST_PATHS : undefined);
        this.#conf = this.info.conf;
        this.#nms = this.info.nms;
        this.#classes = [...(options.classes ?? [])];
        // What was under way when the device was lost may never be heard of again.
        void engine.device?.lost.then(({ message }) => {
            this.#lost = new DeviceLostError("device-lost", `the device was lost: ${message || "no reason was given"}`);
            for (const reject of this.#waiting) reject(this.#lost);
        });
    }

    /**
     * Loads a network.
     * @throws NoWebGpuError, NoAdapterError, LimitError, OutOfMemoryError; ModelError for files that cannot be read or do
     * not fit; UsageError for options that cannot be; Yolov4Error with code `wasm` if the wasm module cannot be loaded.
     */
    static async create(options: DetectorOptions): Promise<Detector> {
        const start = performance.now();
        if ((await deviceFor(options)) === "cpu") {
            try {
                const [module, given] = await Promise.all([loadCpu(options.wasmCpu), engineOptions(options)]);
                const processor = await module.Processor.create(given);
                const { lineWidth, textSize, colour, whiteInk } = module;
                const style = { lineWidth, textSize, colour, whiteInk, ...(await labelFont(given.font)) };
                const player = new ProcessorPlayer(processor, style);
                return new Detector(player, options, module.version(), performance.now() - start);
            } catch (error) {
                throw typed(error);
            }
        }
        try {
            const [module, given, tuning] = await Promise.all([load(options.wasm), engineOptions(options), recall(options)]);
            const engine = await module.Engine.create(tuning?.known === undefined ? given : { ...given, tuned: tuning.known });
            // Nobody waits for it.
            void tuning?.keep(engine.tuned);
            return new Detector(engine, options, module.version(), performance.now() - start);
        } catch (error) {
            throw typed(error);
        }
    }

    /** The device, for drawing or computing beside the network; none where the processor plays. */
    get device(): GPUDevice | undefined {
        return this.#use().device;
    }

    /** How video frames get to the GPU; undefined before the first one. */
    get framePath(): FramePath | undefined {
        return this.#frames.path;
    }

    /**
     * The objects in a picture, best first; boxes are left, top, width, height in its pixels. Calls wait for each other.
     * A VideoFrame, an ImageBitmap and what an element shows must stay until the promise settles.
     * @throws PictureError for what has no pixels; LimitError for a picture larger than a texture may be; UsageError for what
     * is no picture; DeviceLostError.
     */
    detect(picture: Picture): Promise<Detection[]> {
        return this.#turns.pass(() => this.#frame(picture, (engine, source) => engine.detect(source)));
    }

    /**
     * Boxes of the newest frame of a video or a camera's track, again and again; frames that come meanwhile are dropped.
     * Ends with the video, by the signal, or when the detector is disposed of. A track is watched where the browser has
     * MediaStreamTrackProcessor.
     * @throws UsageError for what is neither; while it goes on, what `detect` throws, and PictureError for a video that
     * cannot be played.
     */
    watch(video: HTMLVideoElement | MediaStreamTrack, options: WatchOptions = {}): AsyncGenerator<Detection[], void, void> {
        this.#use();
        checked(video);
        const signals = options.signal ? [options.signal, this.#ended.signal] : [this.#ended.signal];
        return watch((source) => this.detect(source), video, signals);
    }

    /** Draws into this canvas from now on, whatever its size is then. */
    attach(canvas: HTMLCanvasElement | OffscreenCanvas): void {
        this.#call((engine) => engine.attach(canvas));
    }

    /**
     * Network and drawing of one frame. Settles when the GPU is done; two at most overlap, more wait in their order. The
     * picture must stay until then, as for `detect`.
     * @throws As `detect`.
     */
    show(picture: Picture, { boxes = false }: ShowOptions = {}): Promise<FrameReport> {
        return this.#frame(picture, (engine, source) => engine.show(source, boxes));
    }

    /** Draws the newest frame again, after a change of the canvas. */
    redraw(): void {
        this.#call((engine) => engine.redraw());
    }

    /**
     * Runs the newest frame again with the thresholds and classes of now, after those that are under way; undefined if
     * there was none.
     * @throws DeviceLostError.
     */
    again({ boxes = false }: ShowOptions = {}): Promise<FrameReport | undefined> {
        // Alone: the engine would put off a frame that is under way, and run it when nobody has a place for it.
        return this.#flights.pass(() => this.#ask((engine) => engine.again(boxes)), IN_FLIGHT);
    }

    /**
     * The newest frame with its boxes, drawn at this size, in pixels.
     * @throws LimitError if a texture cannot be that large; DeviceLostError.
     */
    screenshot(width: number, height: number): Promise<ImageData> {
        return this.#ask((engine) => engine.screenshot(width, height));
    }

    /**
     * Times the network alone and the way from pixels to boxes; nothing else should run meanwhile.
     * @throws UsageError for numbers of frames that cannot be; DeviceLostError.
     */
    async benchmark(options: BenchmarkOptions = {}): Promise<BenchmarkReport> {
        const { info } = this.#use();
        const time = async () => (await this.#ask((engine) => engine.time())).wallMs;
        const detect = (source: Source) => this.detect(source);
        const loaded = () => ({ version: this.#version, loadMs: this.#loadMs, firstFrameMs: this.#firstFrameMs });
        return benchmark({ info, time, detect, loaded }, options);
    }

    /** Least score of a box, 0 to 1, from the next frame on. Throws a UsageError for other numbers. */
    get conf(): number {
        return this.#conf;
    }

    set conf(value: number) {
        this.#use().setThresholds(fraction("conf", value), this.#nms);
        this.#conf = value;
    }

    /** Overlap above which the lesser box goes, 0 to 1, from the next frame on. Throws a UsageError for other numbers. */
    get nms(): number {
        return this.#nms;
    }

    set nms(value: number) {
        this.#use().setThresholds(this.#conf, fraction("nms", value));
        this.#nms = value;
    }

    /** Only boxes of these classes, by name or number, from the next frame on; all if empty. Throws a UsageError for others. */
    get classes(): string[] {
        return [...this.#classes];
    }

    set classes(names: string[]) {
        this.#use().setClasses(known(names, this.info.classes));
        this.#classes = [...names];
    }

    /** Left and right exchanged when drawing, but for text. */
    get mirror(): boolean {
        return this.#mirror;
    }

    set mirror(on: boolean) {
        this.#use().setMirror(on);
        this.#mirror = on;
    }

    /** Gives the GPU's memory back. What is under way fails, loops over `watch` end, and every later call throws a UsageError. */
    dispose(): void {
        if (!this.#engine) return;
        const engine = this.#engine;
        this.#engine = undefined;
        this.#ended.abort();
        for (const reject of this.#waiting) reject(gone());
        engine.free();
    }

    /** For `using`: the same as `dispose`. */
    [Symbol.dispose](): void {
        this.dispose();
    }

    #use(): EnginePlayer {
        if (!this.#engine) throw gone();
        return this.#engine;
    }

    #call(run: (engine: EnginePlayer) => void): void {
        try {
            run(this.#use());
        } catch (error) {
            throw typed(error);
        }
    }

    /** The engine's answer, its failures typed; a failure as soon as the device is lost or the detector is disposed of. */
    #ask<T>(run: (engine: EnginePlayer) => Promise<T>): Promise<T> {
        return new Promise((resolve, reject) => {
            const engine = this.#use();
            if (this.#lost) throw this.#lost;
            const answer = run(engine);
            this.#waiting.add(reject);
            answer.then(resolve, (error: unknown) => reject(typed(error))).finally(() => this.#waiting.delete(reject));
        });
    }

    /** One frame's way; there are places for so many. */
    #frame<T>(picture: Picture, run: (engine: EnginePlayer, source: Source) => Promise<T>): Promise<T> {
        return this.#flights.pass(async () => {
            this.#use();
            const start = performance.now();
            const bitmap = picture instanceof Blob ? await decode(picture) : undefined;
            try {
                const use = (source: Source) => this.#ask((engine) => run(engine, source));
                const done = await this.#frames.feed(bitmap ?? (picture as Source), use);
                this.#firstFrameMs ??= performance.now() - start;
                return done;
            } finally {
                bitmap?.close();
            }
        });
    }
}

function gone(): UsageError {
    return new UsageError("usage", "this detector was disposed of: make another one");
}

function fraction(what: string, value: number): number {
    if (value >= 0 && value <= 1) return value;
    throw new UsageError("usage", `${what}: expected 0 to 1, found ${value}`);
}

/** The engine would say so at the next frame, to somebody else. */
function known(names: string[], classes: string[]): string[] {
    const there = (name: string) => classes.includes(name) || (/^\d+$/.test(name) && Number(name) < classes.length);
    const strange = names.find((name) => !there(name));
    if (strange === undefined) return names;
    throw new UsageError("usage", `there is no class \`${strange}\` among the ${classes.length}`);
}

/** What is known of the adapter, unless nobody is to look. */
async function recall({ tune }: DetectorOptions): Promise<Tuning | undefined> {
    return tune === "off" ? undefined : Tuning.recall();
}

async function engineOptions(options: DetectorOptions): Promise<EngineOptions> {
    const [model, weights, names, font] = await Promise.all([
        readIf(options.model, "the model"),
        readIf(options.weights, "the weights"),
        readIf(options.names, "the class names"),
        readIf(options.font, "the font"),
    ]);
    const { name, randomWeights, precision, conf, nms, classes, agnostic, maxDet, resize, letterbox, subgroups, tune } = options;
    return onlyGiven({
        ...{ model: model?.bytes, modelName: model && modelName(model), name, randomWeights },
        ...{ weights: weights?.bytes, weightsName: weights?.name, names: names?.bytes, namesName: names?.name },
        ...{ size: sides(options.size), precision, conf, nms, classes, agnostic, maxDet, resize, letterbox, subgroups, tune },
        ...{ font: font?.bytes, progress: options.onProgress },
    }) as EngineOptions;
}
