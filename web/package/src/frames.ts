import { PictureError, UsageError, typed } from "./errors.js";
import { planes } from "./planes.js";
import type { Samples, Source } from "./wasm/yolov4.js";

/**
 * How a frame gets to the GPU: the browser copies it as it is; its planes are uploaded and a kernel makes colours of them;
 * through an ImageBitmap; through a 2D canvas.
 */
export type FramePath = "copy" | "planes" | "bitmap" | "canvas";

const GPU_PATHS: readonly FramePath[] = ["copy", "planes", "bitmap", "canvas"];
/** Those that end on the host. */
export const HOST_PATHS: readonly FramePath[] = ["planes", "canvas"];

/** A picture: whatever has pixels in a browser, a file of one included. */
export type Picture = Source | Blob;

/** Sources that a browser can refuse to copy. */
export type Drawable = Exclude<Source, Samples | ImageData>;

/** What they call themselves; those of another window too. */
const DRAWABLE = ["HTMLVideoElement", "VideoFrame", "ImageBitmap", "HTMLImageElement", "HTMLCanvasElement", "OffscreenCanvas"];

/**
 * Tries one path after the other at the first frame of a kind of source, and stays with the one that works: a browser
 * that refuses videos may copy canvases. Should that one fail later, those after it are tried.
 */
export class Frames {
    readonly #rungs = new Map<string, number>();
    #path: FramePath | undefined;

    /** `ladder`: the paths that there are. */
    constructor(readonly ladder: readonly FramePath[] = GPU_PATHS) {}

    /** The path of the newest frame; undefined before the first one. */
    get path(): FramePath | undefined {
        return this.#path;
    }

    /**
     * Hands the frame to `use` in a form that it takes.
     * @throws PictureError for what has no pixels yet, or if no path works, then with the words of the first one; UsageError
     * for what is no picture.
     */
    async feed<T>(source: Source, use: (source: Source) => Promise<T>): Promise<T> {
        const kind = kindOf(source);
        if (!isDrawable(source, kind)) return use(source);
        loaded(source, kind);
        let first: PictureError | undefined;
        for (let rung = this.#rungs.get(kind) ?? 0; ; rung += 1) {
            const path = this.ladder[rung];
            // Nothing is learnt from a source that no path takes: the next one may be better.
            if (!path) throw first ?? new PictureError("picture", "the frame: the browser does not hand it over");
            try {
                const done = await along(path, source, use);
                this.#rungs.set(kind, rung);
                this.#path = path;
                return done;
            } catch (error) {
                const refused = typed(error);
                if (!(refused instanceof PictureError)) throw refused;
                first ??= explained(refused);
            }
        }
    }
}

/**
 * The pixels as they are in the file: colours that are converted, or dimmed by opacity, are not what the network has learnt.
 * @throws PictureError
 */
export async function decode(file: Blob): Promise<ImageBitmap> {
    try {
        return await createImageBitmap(file, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
    } catch (error) {
        const name = file instanceof File ? file.name : "the picture";
        const message = `${name}: this browser cannot decode it (${file.type || "of no known type"}, ${file.size} bytes)`;
        throw new PictureError("picture", message, { cause: error });
    }
}

function kindOf(source: unknown): string {
    return Object.prototype.toString.call(source).slice(8, -1);
}

function isDrawable(source: Source, kind: string): source is Drawable {
    if (DRAWABLE.includes(kind)) return true;
    if (kind === "ImageData" || (typeof source === "object" && source !== null && "data" in source && "format" in source)) return false;
    throw new UsageError("usage", `the picture: expected an image, a video, a canvas, a frame, pixels or a Blob, found ${kind}`);
}

/** @throws PictureError for what has no pixels yet, or none any more. */
function loaded(source: Drawable, kind: string): void {
    const { width, height } = extent(source);
    const video = "videoWidth" in source && source.readyState < 2;
    if (width > 0 && height > 0 && !video) return;
    const words: Record<string, string> = {
        HTMLVideoElement: "the video: has no frame yet; wait for its event `loadeddata`",
        HTMLImageElement: "the image: is not loaded; wait for its decode()",
        VideoFrame: "the frame: was closed",
        ImageBitmap: "the bitmap: was closed",
    };
    throw new PictureError("picture", words[kind] ?? `the canvas: has no pixels, it is ${width}x${height}`);
}

/** Where a picture comes from is the one refusal that its page can do something about. */
function explained(refused: PictureError): PictureError {
    if (!/origin|taint|insecure/i.test(refused.message)) return refused;
    const advice = "it comes from another server, which must allow it (CORS), and the element needs crossorigin=\"anonymous\"";
    return new PictureError("picture", `${refused.message}: ${advice}`, { cause: refused });
}

async function along<T>(path: FramePath, source: Drawable, use: (source: Source) => Promise<T>): Promise<T> {
    switch (path) {
        case "copy":
            return use(source);
        case "planes":
            return use(await refusing(() => planes(source, extent(source))));
        case "bitmap": {
            const bitmap = await refusing(() => createImageBitmap(source));
            try {
                return await use(bitmap);
            } finally {
                bitmap.close();
            }
        }
        case "canvas":
            return use(await refusing(() => pixels(source)));
    }
}

function pixels(source: Drawable): ImageData {
    const { width, height } = extent(source);
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("there is no 2D canvas");
    context.drawImage(source, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
}

/** Columns and rows of what is seen of a source. */
function extent(source: Drawable): { width: number; height: number } {
    if ("displayWidth" in source) return { width: source.displayWidth, height: source.displayHeight };
    if ("videoWidth" in source) return { width: source.videoWidth, height: source.videoHeight };
    if ("naturalWidth" in source) return { width: source.naturalWidth, height: source.naturalHeight };
    return { width: source.width, height: source.height };
}

async function refusing<T>(make: () => T | Promise<T>): Promise<T> {
    try {
        return await make();
    } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        throw new PictureError("picture", `the frame: the browser does not hand it over: ${words}`, { cause: error });
    }
}
