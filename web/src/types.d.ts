/** An object: what `yolov4 detect --format json` writes. `box` is left, top, width, height in pixels of the picture. */
export interface Detection {
    class: number;
    name: string;
    score: number;
    box: [number, number, number, number];
}

/** What an engine is built from and with. */
export interface EngineOptions {
    /** A Darknet .cfg, or a .safetensors with the cfg inside. */
    model?: Uint8Array;
    /** Its file name: for messages, and its ending says what it is. */
    modelName?: string;
    /** Instead of `model`: a network of the zoo, `yolov4-tiny`. */
    name?: string;
    weights?: Uint8Array;
    weightsName?: string;
    /** A seed, instead of weights. */
    randomWeights?: number;
    /** Class names, one a line. */
    names?: Uint8Array;
    namesName?: string;
    /** Columns and rows of the network's input. */
    size?: [number, number];
    precision?: "f32" | "f16";
    /** Minimum score, 0 to 1. */
    conf?: number;
    /** Overlap above which the lower-scoring box is removed, 0 to 1. */
    nms?: number;
    classes?: string[];
    agnostic?: boolean;
    maxDet?: number;
    resize?: "darknet-file" | "darknet-video" | "pytorch";
    letterbox?: boolean;
    /** Asks for the feature `subgroups` where the browser has it; true if not given. */
    subgroups?: boolean;
    /** Which kernels are the fastest is measured: on GPUs (auto), never, where it is not known, or everything. */
    tune?: "auto" | "off" | "quick" | "full";
    /** What `Engine.tuned` said before. */
    tuned?: string;
    /** A TrueType font for labels; a Latin one is built in. */
    font?: Uint8Array;
    progress?: (done: number, all: number) => void;
}

export interface AdapterInfo {
    name: string;
    vendor: string;
    architecture: string;
    /** Whether a processor does the work: correct, and slow. */
    software: boolean;
    f16: boolean;
    subgroups: boolean;
    timestamps: boolean;
    maxBindingBytes: number;
}

export interface EngineInfo {
    model: string;
    size: [number, number];
    classes: string[];
    precision: "f32" | "f16";
    conf: number;
    nms: number;
    /** Who plays. */
    device: "webgpu" | "cpu";
    adapter: AdapterInfo;
    /** Kernels a frame, letterbox and boxes apart. */
    dispatches: number;
    /** Bytes of values at their most. */
    peakBytes: number;
    /** Floating-point operations a frame in billions, two a multiply-add. */
    gflop: number;
    notes: string[];
    choices: string[];
}

/** Samples on the host; planes lie one behind the other, rows without padding. */
export interface Samples {
    format: "RGBA" | "RGBX" | "I420" | "NV12";
    width: number;
    height: number;
    data: Uint8Array;
    matrix?: "bt601" | "bt709";
    fullRange?: boolean;
}

export type Source =
    | Samples
    | ImageData
    | VideoFrame
    | ImageBitmap
    | HTMLVideoElement
    | HTMLImageElement
    | HTMLCanvasElement
    | OffscreenCanvas;

export interface FrameReport {
    /** From 0. */
    number: number;
    width: number;
    height: number;
    /** Best first; only if asked for. */
    detections?: Detection[];
    /** Host time of the copy to the GPU. */
    copyMs: number;
    /** From the submit to its end. */
    wallMs: number;
    /** Milliseconds on the GPU, only where timestamps were granted. */
    stages?: { convert: number; network: number; boxes: number; draw?: number };
    /** Since the start. */
    readbacks: { results: number; telemetry: number };
}

/** What a trainer is made from. */
export interface TrainerSetup {
    /** A Darknet .cfg, or a .safetensors with the cfg inside. */
    model?: Uint8Array;
    modelName?: string;
    /** Instead of `model`: a network of the zoo, `yolov4-tiny`. */
    name?: string;
    weights?: Uint8Array;
    weightsName?: string;
    /** What is to be found. */
    classes: string[];
    /** Columns and rows of the network's input. */
    size?: [number, number];
    /** Steps in all, looks of a step, looks at every picture. */
    steps?: number;
    batch?: number;
    looks?: number;
    /** Layers of the cfg, from the first on, that stay as they are; the backbone if not given. */
    frozen?: number;
    /** The learning rate. */
    rate?: number;
    /** Of what is chosen by chance. */
    seed?: number;
    /** Whether a mirrored picture may be learnt from; true if not given. */
    flip?: boolean;
}

/** What a step has met. */
export interface TrainingStep {
    /** From 1. */
    step: number;
    /** For one look; the sum of the next three. */
    loss: number;
    boxes: number;
    objectness: number;
    classes: number;
    /** The learning rate. */
    rate: number;
}

/** What every failure is: `message` is the sentence of the command line. */
export interface EngineError extends Error {
    code:
        | "no-webgpu"
        | "no-adapter"
        | "limit"
        | "device-lost"
        | "out-of-memory"
        | "model"
        | "picture"
        | "usage"
        | "gpu";
    file?: string;
    line?: number;
}
