import type { EngineError } from "./wasm/yolov4.js";

/** What went wrong, for programs; the message is for people. */
export type ErrorCode = EngineError["code"] | "wasm";

/** Every error of this package. */
export class Yolov4Error extends Error {
    override readonly name: string = "Yolov4Error";

    constructor(
        readonly code: ErrorCode,
        message: string,
        options?: ErrorOptions,
    ) {
        super(message, options);
    }
}

/** The browser has no WebGPU, or the page is not a secure context. `support()` tells what to do. */
export class NoWebGpuError extends Yolov4Error {
    override readonly name = "NoWebGpuError";
}

/** There is WebGPU, but no adapter answers. */
export class NoAdapterError extends Yolov4Error {
    override readonly name = "NoAdapterError";
}

/** The network, or a picture, is larger than the adapter allows; the message names the limit. */
export class LimitError extends Yolov4Error {
    override readonly name = "LimitError";
}

/** The device was lost: make another detector. */
export class DeviceLostError extends Yolov4Error {
    override readonly name = "DeviceLostError";
}

/** The device has no memory left: a smaller size may do. */
export class OutOfMemoryError extends Yolov4Error {
    override readonly name = "OutOfMemoryError";
}

/** A model file that cannot be taken as it stands. */
export class ModelError extends Yolov4Error {
    override readonly name = "ModelError";
    /** The file's name, where it is known. */
    readonly file: string | undefined;
    /** Line number from 1, where it is known. */
    readonly line: number | undefined;

    constructor(message: string, at: { file?: string | undefined; line?: number | undefined } = {}, options?: ErrorOptions) {
        super("model", message, options);
        this.file = at.file;
        this.line = at.line;
    }
}

/** A picture or frame without pixels, or one that the browser does not hand over. */
export class PictureError extends Yolov4Error {
    override readonly name = "PictureError";
}

/** Options that contradict each other or the network, or a detector that was disposed of. */
export class UsageError extends Yolov4Error {
    override readonly name = "UsageError";
}

const CLASSES = {
    "no-webgpu": NoWebGpuError,
    "no-adapter": NoAdapterError,
    limit: LimitError,
    "device-lost": DeviceLostError,
    "out-of-memory": OutOfMemoryError,
    picture: PictureError,
    usage: UsageError,
} as const;

/** The typed form of what the wasm module has thrown; anything else as it is. */
export function typed(error: unknown): unknown {
    if (error instanceof Yolov4Error || !isEngineError(error)) return error;
    const { code, message } = error;
    if (code === "model") return new ModelError(message, { file: error.file, line: error.line }, { cause: error });
    if (code === "gpu") return new Yolov4Error(code, message, { cause: error });
    return new CLASSES[code](code, message, { cause: error });
}

function isEngineError(error: unknown): error is EngineError {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return typeof code === "string" && (code in CLASSES || code === "model" || code === "gpu");
}
