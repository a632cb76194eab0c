// Holds the network and the canvas: in a worker where that can be, else in the window. Makes them again if the device is lost.
import { Detector, DeviceLostError, type DetectorOptions } from "yolov4-wgpu";
import { Learner } from "./learner.js";
import { png } from "./save.js";
import type { Calls, LabelledPicture, Lesson, ModelFiles, News, Settings, Shown } from "./protocol.js";

/** How often a lost device is made again before somebody is asked. */
const TRIES = 3;
/** A device that has lived this long, in milliseconds, was no failure to make. */
const LIVED = 10_000;

/** See above; `tell` is told news. */
export class Player implements Calls {
    #detector: Detector | undefined;
    #canvas: OffscreenCanvas | HTMLCanvasElement | undefined;
    #wanted: { files: ModelFiles; settings: Settings } | undefined;
    #rebuilding: Promise<void> | undefined;
    #tries = 0;
    readonly #learner: Learner;

    constructor(readonly tell: (news: News) => void) {
        this.#learner = new Learner(tell);
    }

    open(canvas: OffscreenCanvas | HTMLCanvasElement): void {
        this.#canvas = canvas;
    }

    async load(files: ModelFiles, settings: Settings) {
        const made = await this.#make(files, settings);
        this.#take(made);
        this.#wanted = { files, settings: { ...settings, device: made.info.device } };
        this.#tries = 0;
        return made.info;
    }

    async show(picture: VideoFrame | ImageBitmap | Blob, boxes: boolean): Promise<Shown> {
        try {
            return await this.#lasting(async (detector) => {
                const report = await detector.show(picture, { boxes });
                return { ...report, path: detector.framePath };
            });
        } finally {
            // Cameras stop when too many of their frames are held, by a network that is not there, too.
            if (!(picture instanceof Blob)) picture.close();
        }
    }

    again(boxes: boolean): Promise<Shown | undefined> {
        return this.#lasting(async (detector) => {
            const report = await detector.again({ boxes });
            return report && { ...report, path: detector.framePath };
        });
    }

    resize(width: number, height: number): void {
        if (!this.#canvas) return;
        this.#canvas.width = width;
        this.#canvas.height = height;
        this.#detector?.redraw();
    }

    set(settings: Partial<Pick<Settings, "conf" | "nms" | "classes" | "mirror">>): void {
        if (this.#wanted) this.#wanted.settings = { ...this.#wanted.settings, ...settings };
        if (this.#detector) apply(this.#detector, settings);
    }

    screenshot(width: number, height: number): Promise<Blob> {
        // Written here: a large picture would hold the window.
        return this.#lasting(async (detector) => png(await detector.screenshot(width, height)));
    }

    benchmark(frames: number) {
        const onFrame = (done: number, all: number) => this.tell({ news: "progress", what: "benchmark", done, all });
        return this.#lasting((detector) => detector.benchmark({ frames, onFrame }));
    }

    train(files: ModelFiles, lesson: Lesson, pictures: LabelledPicture[]): Promise<Blob> {
        return this.#learner.train(files, lesson, pictures);
    }

    stop(): void {
        this.#learner.stop();
    }

    labels(text: File, classes: string[], width: number, height: number) {
        return this.#learner.labels(text, classes, width, height);
    }

    /** Runs with the detector of now; if the device is lost meanwhile, it is made again for the next call. */
    async #lasting<T>(run: (detector: Detector) => Promise<T>): Promise<T> {
        // What became of it was told: whoever waited for it finds a detector, or none.
        await this.#rebuilding?.catch(() => {});
        if (!this.#detector) {
            const lost = this.#wanted !== undefined;
            throw Object.assign(new Error("no network is loaded"), { code: lost ? "device-lost" : "usage" });
        }
        try {
            return await run(this.#detector);
        } catch (error) {
            // If that fails it was told; this call has failed because the device was lost, and says so.
            if (error instanceof DeviceLostError) await this.#rebuild().catch(() => {});
            throw error;
        }
    }

    async #make({ title: _, ...files }: ModelFiles, settings: Settings): Promise<Detector> {
        const named = (blob: Blob | undefined, name: string | undefined) => blob && new File([blob], name ?? "");
        const given: Record<string, unknown> = {
            ...{ model: named(files.model, files.modelName), weights: named(files.weights, files.weightsName) },
            ...{ names: named(files.names, files.namesName), name: files.name },
            ...{ size: settings.size, precision: settings.precision, device: settings.device, subgroups: settings.subgroups },
        };
        const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as DetectorOptions;
        options.onProgress = (done, all) => this.tell({ news: "progress", what: "load", done, all });
        const detector = await Detector.create(options);
        apply(detector, settings);
        return detector;
    }

    #take(detector: Detector): void {
        try {
            if (this.#canvas) detector.attach(this.#canvas);
        } catch (error) {
            detector.dispose();
            throw error;
        }
        this.#detector?.dispose();
        this.#detector = detector;
        const born = performance.now();
        void detector.device?.lost.then(() => {
            if (this.#detector !== detector) return;
            if (performance.now() - born > LIVED) this.#tries = 0;
            // That it failed was told.
            this.#rebuild().catch(() => {});
        });
    }

    #rebuild(): Promise<void> {
        this.#rebuilding ??= this.#again().finally(() => (this.#rebuilding = undefined));
        return this.#rebuilding;
    }

    async #again(): Promise<void> {
        if (!this.#wanted) return;
        this.#detector?.dispose();
        this.#detector = undefined;
        for (;;) {
            this.#tries += 1;
            this.tell({ news: "lost", tries: this.#tries });
            try {
                this.#take(await this.#make(this.#wanted.files, this.#wanted.settings));
                this.tell({ news: "rebuilt" });
                return;
            } catch (error) {
                if (this.#tries >= TRIES) {
                    this.tell({ news: "gone" });
                    throw error;
                }
                await new Promise((resolve) => setTimeout(resolve, 500 * this.#tries));
            }
        }
    }
}

function apply(detector: Detector, { conf, nms, classes, mirror }: Partial<Settings>): void {
    if (conf !== undefined) detector.conf = conf;
    if (nms !== undefined) detector.nms = nms;
    if (classes !== undefined) detector.classes = classes;
    if (mirror !== undefined) detector.mirror = mirror;
}
