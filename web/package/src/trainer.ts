// The types name Symbol.dispose, which older libraries of TypeScript do not have.
/// <reference lib="esnext.disposable" preserve="true" />
import { DeviceLostError, UsageError, typed } from "./errors.js";
import { Frames, decode, type Picture } from "./frames.js";
import { Gate } from "./gate.js";
import { modelName, onlyGiven, read, readIf, sides, type Input } from "./inputs.js";
import { loadTraining, type WasmSource } from "./module.js";
import type { Trainer as Engine, TrainerSetup, TrainingStep } from "./wasm/yolov4_train.js";
import type { Source } from "./wasm/yolov4.js";

/** What a trainer is made from. */
export interface TrainerOptions {
    /** The network to begin with: a Darknet .cfg (its text, too), or a .safetensors with the cfg inside. */
    model?: Input;
    /** A network of the family instead, composed by name: `yolov4-tiny`. */
    name?: string;
    /** The Darknet .weights of either. */
    weights?: Input;
    /** What the new network finds. */
    classes: string[];
    /** Columns and rows of the network's input instead of the cfg's, or one number for both. */
    size?: number | [number, number];
    /** Steps in all; 100 if not given. */
    steps?: number;
    /** Looks at pictures that a step learns from; 4 if not given. */
    batch?: number;
    /** Looks at every picture: as it is, and others - nearer, moved, mirrored, in other colours; 4 if not given. */
    looks?: number;
    /** Layers of the cfg, from the first on, that stay as they are; if not given those up to where the picture is halved for the last time. */
    frozen?: number;
    /** The learning rate. */
    rate?: number;
    /** Of what is chosen by chance: equal seeds give equal networks, on the same adapter. */
    seed?: number;
    /** Whether mirrored pictures may be learnt from: not where left and right differ. */
    flip?: boolean;
    /** Where the wasm module is, if not beside this file. */
    wasm?: WasmSource;
}

/** An object in a picture. */
export interface LabelledBox {
    /** One of the classes. */
    name: string;
    /** Left, top, width, height in pixels of the picture. */
    box: [number, number, number, number];
}

/** How often a lost device is asked for again without a step that was not done before, and milliseconds from one question to the next. */
const TRIES = 4;
const PAUSE = 500;

/** A network whose heads learn; everything up to there stays as it is, and plays every look at a picture only once. */
export class Trainer {
    #engine: Engine | undefined;
    readonly #frames = new Frames(["canvas"]);
    readonly #turns = new Gate(1);
    readonly #classes: string[];
    /** Steps that were done, whatever became of the device. */
    #done = 0;
    /** Why the device of now is of no use, and how often one was lost since the last step that was new. */
    #lost: unknown;
    #losses = 0;

    /** Steps in all. */
    readonly steps: number;
    /** Remarks on the network, for people. */
    readonly notes: string[];

    private constructor(engine: Engine, classes: string[]) {
        this.#engine = engine;
        this.#classes = classes;
        this.steps = engine.steps;
        this.notes = engine.notes;
    }

    /**
     * Loads the module for training (once) and a network.
     * @throws NoWebGpuError, NoAdapterError; ModelError for files that cannot be read or do not fit; UsageError for options that cannot be;
     * Yolov4Error with code `wasm` if the wasm module cannot be loaded.
     */
    static async create(options: TrainerOptions): Promise<Trainer> {
        try {
            const [module, given] = await Promise.all([loadTraining(options.wasm), setup(options)]);
            return new Trainer(await module.Trainer.create(given), [...options.classes]);
        } catch (error) {
            throw typed(error);
        }
    }

    /** The device of now: another one once it was lost. */
    get device(): GPUDevice {
        return this.#use().device;
    }

    /** Steps that were done. */
    get done(): number {
        return this.#done;
    }

    /**
     * Adds a picture with its objects: all looks at it are played through the layers that stay. One without objects is learnt from, too.
     * @throws UsageError for a class that there is not, or a box with nothing of the picture in it; PictureError for what has no pixels.
     */
    async add(picture: Picture, boxes: LabelledBox[]): Promise<void> {
        const objects = boxes.flatMap(({ name, box }) => {
            const number = this.#classes.indexOf(name);
            if (box.length !== 4) throw new UsageError("usage", `a box: expected left, top, width and height, found ${box.length} numbers`);
            if (number < 0) throw new UsageError("usage", `there is no class \`${name}\` among ${this.#classes.join(", ")}`);
            return [number, ...box];
        });
        return this.#turns.pass(async () => {
            const bitmap = picture instanceof Blob ? await decode(picture) : undefined;
            try {
                await this.#frames.feed(bitmap ?? (picture as Source), (source) =>
                    this.#lasting((engine) => engine.add(source, new Float64Array(objects))),
                );
            } finally {
                bitmap?.close();
            }
        });
    }

    /**
     * The steps that are left, as they are done. If the device is lost another one is asked for, and what was done since the last state that
     * was kept is done once more, without being told again. Ends after the last one, or by the signal; another `run` goes on.
     * @throws UsageError without a picture; DeviceLostError if no device is to be had any more.
     */
    async *run({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<TrainingStep, void, void> {
        while (!signal?.aborted) {
            const step = await this.#turns.pass(() => this.#next());
            if (!step) return;
            yield step;
        }
    }

    async #next(): Promise<TrainingStep | undefined> {
        if (this.#done >= this.steps) return undefined;
        const step = await this.#lasting((engine) => engine.step());
        this.#done = step.step;
        this.#losses = 0;
        return step;
    }

    /** The network as it is now, with everything inside: a .safetensors, for `Detector.create({ model })`. */
    save(): Promise<Uint8Array<ArrayBuffer>> {
        return this.#turns.pass(() => this.#lasting((engine) => engine.save() as Promise<Uint8Array<ArrayBuffer>>));
    }

    /** Gives the GPU's memory back; every later call throws a UsageError. */
    dispose(): void {
        this.#engine?.free();
        this.#engine = undefined;
    }

    /** For `using`: the same as `dispose`. */
    [Symbol.dispose](): void {
        this.dispose();
    }

    #use(): Engine {
        if (!this.#engine) throw new UsageError("usage", "this trainer was disposed of: make another one");
        return this.#engine;
    }

    /** The engine's answer; if the device is lost, that of another one, which has done the same steps. */
    async #lasting<T>(run: (engine: Engine) => Promise<T>): Promise<T> {
        for (;;) {
            const engine = this.#use();
            try {
                if (this.#lost !== undefined) {
                    await engine.renew();
                    while ((engine.done ?? 0) < this.#done) await engine.step();
                    this.#lost = undefined;
                }
                return await run(engine);
            } catch (error) {
                const known = typed(error);
                // While a driver begins anew there may be no adapter at all.
                if (!(known instanceof DeviceLostError) && this.#lost === undefined) throw known;
                this.#lost = known;
                this.#losses += 1;
                if (this.#losses >= TRIES) {
                    const words = known instanceof Error ? known.message : String(known);
                    throw new DeviceLostError("device-lost", `the device was lost, and none was to be had again: ${words}`, { cause: known });
                }
                await new Promise((resolve) => setTimeout(resolve, PAUSE * this.#losses));
            }
        }
    }
}

/**
 * The objects of a text of labels as Darknet and YOLO have them, an object a line: class, centre x and y, width, height as fractions of a picture of
 * this size.
 * @throws ModelError with the first line that is none.
 */
export async function labels(
    text: Input,
    { classes, width, height, wasm }: { classes: string[]; width: number; height: number; wasm?: WasmSource },
): Promise<LabelledBox[]> {
    const [module, { bytes, name }] = await Promise.all([loadTraining(wasm), read(text, "the labels")]);
    let found: Float64Array;
    try {
        found = module.labels(bytes, name ?? "the labels", classes);
    } catch (error) {
        throw typed(error);
    }
    const boxes: LabelledBox[] = [];
    for (let at = 0; at + 4 < found.length; at += 5) {
        const [number = 0, x = 0, y = 0, w = 0, h = 0] = found.subarray(at, at + 5);
        boxes.push({ name: classes[number] ?? "", box: [(x - w / 2) * width, (y - h / 2) * height, w * width, h * height] });
    }
    return boxes;
}

async function setup(options: TrainerOptions): Promise<TrainerSetup> {
    const [model, weights] = await Promise.all([readIf(options.model, "the model"), readIf(options.weights, "the weights")]);
    const { name, classes, steps, batch, looks, frozen, rate, seed, flip } = options;
    return onlyGiven({
        ...{ model: model?.bytes, modelName: model && modelName(model), name, weights: weights?.bytes, weightsName: weights?.name },
        ...{ classes, size: sides(options.size), steps, batch, looks, frozen, rate, seed, flip },
    }) as unknown as TrainerSetup;
}
