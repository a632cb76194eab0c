// What the window and the one who holds the network say to each other: calls with an answer, and news.
import type { LabelledBox } from "yolov4-wgpu/train";
import type { BenchmarkReport, Detection, EngineInfo, ErrorCode, FramePath, FrameReport } from "yolov4-wgpu";

/** A network's files, as they lie in the store or came by drop. Blobs: they need not be in memory. */
export interface ModelFiles {
    /** For people, and the key in the store. */
    title: string;
    model?: Blob;
    modelName?: string;
    /** A network of the family by name, where there is no file of it. */
    name?: string;
    weights?: Blob;
    weightsName?: string;
    names?: Blob;
    namesName?: string;
}

/** How it is to run. */
export interface Settings {
    size: number | undefined;
    precision: "f32" | "f16";
    device: "auto" | "webgpu" | "cpu";
    conf: number | undefined;
    nms: number | undefined;
    classes: string[];
    mirror: boolean;
    subgroups: boolean;
}

/** What is to be learnt, and how long. */
export interface Lesson {
    classes: string[];
    size: [number, number];
    steps: number;
    /** Whether an object is still the same in a mirror. */
    flip: boolean;
}

/** A picture in which somebody has marked objects. */
export interface LabelledPicture {
    picture: Blob;
    boxes: LabelledBox[];
}

/** A frame that was drawn. */
export interface Shown extends FrameReport {
    path: FramePath | undefined;
}

/** What can be called. */
export interface Calls {
    open(canvas: OffscreenCanvas | HTMLCanvasElement): void;
    load(files: ModelFiles, settings: Settings): Promise<EngineInfo>;
    show(picture: VideoFrame | ImageBitmap | Blob, boxes: boolean): Promise<Shown>;
    again(boxes: boolean): Promise<Shown | undefined>;
    resize(width: number, height: number): void;
    set(settings: Partial<Pick<Settings, "conf" | "nms" | "classes" | "mirror">>): void;
    /** A PNG. */
    screenshot(width: number, height: number): Promise<Blob>;
    benchmark(frames: number): Promise<BenchmarkReport>;
    /** A network whose heads have learnt from these pictures: a .safetensors. */
    train(files: ModelFiles, lesson: Lesson, pictures: LabelledPicture[]): Promise<Blob>;
    /** Ends the training; what was learnt so far is its result. */
    stop(): void;
    /** The boxes that a text of labels marks in a picture of this size. */
    labels(text: File, classes: string[], width: number, height: number): Promise<LabelledBox[]>;
}

/** What is told without being asked. */
export type News =
    | { news: "progress"; what: "load" | "benchmark"; done: number; all: number }
    | { news: "learning"; what: "pictures" | "steps"; done: number; all: number; loss?: number }
    | { news: "lost"; tries: number }
    | { news: "rebuilt" }
    | { news: "gone" };

/** A failure that has crossed from a worker: the class is gone, what it says is not. */
export interface Failure {
    code: ErrorCode | "unknown";
    message: string;
}

export type Request = { id: number; call: keyof Calls; args: unknown[] };
export type Reply = { id: number; value: unknown } | { id: number; failure: Failure } | News;
export type { Detection, LabelledBox };

/** Any error as it crosses. */
export function failure(error: unknown): Failure {
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
    return { code: code as Failure["code"], message };
}

/** A failure as an error again. */
export class Failed extends Error {
    constructor(readonly failure: Failure) {
        super(failure.message);
    }
}
