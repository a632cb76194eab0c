import { PictureError, typed } from "./errors.js";
import type { Samples, Source } from "./wasm/yolov4.js";

/**
 * How a frame gets to the GPU: the browser copies it as it is; its planes are uploaded and a kernel makes colours of them;
 * through an ImageBitmap; through a 2D canvas.
 */
export type FramePath = "copy" | "planes" | "bitmap" | "canvas";

const LADDER: FramePath[] = ["copy", "planes", "bitmap", "canvas"];

/** Sources that a browser can refuse to copy. */
type Drawable = Exclude<Source, Samples | ImageData>;

/** Tries one path after the other at the first frame and stays with the one that works. */
export class Frames {
    #rung = 0;
    #chosen = false;

    /** The path in use; undefined before the first frame. */
    get path(): FramePath | undefined {
        return this.#chosen ? LADDER[this.#rung] : undefined;
    }

    /**
     * Hands the frame to `use` in a form that it takes.
     * @throws PictureError if no path works, with the words of the last one.
     */
    async feed<T>(source: Source, use: (source: Source) => Promise<T>): Promise<T> {
        if (!isDrawable(source)) return use(source);
        for (;;) {
            try {
                const done = await along(LADDER[this.#rung] ?? "copy", source, use);
                this.#chosen = true;
                return done;
            } catch (error) {
                const refused = typed(error);
                if (!(refused instanceof PictureError) || this.#rung === LADDER.length - 1) throw refused;
                this.#rung += 1;
            }
        }
    }
}

function isDrawable(source: Source): source is Drawable {
    return !(source instanceof ImageData) && !("data" in source);
}

async function along<T>(path: FramePath, source: Drawable, use: (source: Source) => Promise<T>): Promise<T> {
    switch (path) {
        case "copy":
            return use(source);
        case "planes":
            return use(await planes(source));
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

/** The samples of a frame as the decoder left them, or as RGBA where their layout is another. */
async function planes(source: Drawable): Promise<Samples> {
    if (typeof VideoFrame !== "function") throw new PictureError("picture", "this browser has no VideoFrame");
    return refusing(async () => {
        const own = source instanceof VideoFrame ? undefined : new VideoFrame(source, { timestamp: 0 });
        const frame = own ?? (source as VideoFrame);
        try {
            const { width, height } = frame.visibleRect ?? { width: frame.codedWidth, height: frame.codedHeight };
            const plain = frame.format === "I420" || frame.format === "NV12" ? frame.format : undefined;
            const options = plain ? {} : { format: "RGBA" as const };
            const data = new Uint8Array(frame.allocationSize(options));
            await frame.copyTo(data, options);
            const { matrix, fullRange } = frame.colorSpace;
            return {
                format: plain ?? "RGBA",
                width,
                height,
                data,
                matrix: matrix === "bt709" ? "bt709" : "bt601",
                fullRange: fullRange ?? false,
            };
        } finally {
            own?.close();
        }
    });
}

function pixels(source: Drawable): ImageData {
    const { width, height } = extent(source);
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("there is no 2D canvas");
    context.drawImage(source, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
}

/** Columns and rows of what is seen of a source. */
export function extent(source: Source): { width: number; height: number } {
    if ("displayWidth" in source) return { width: source.displayWidth, height: source.displayHeight };
    if ("videoWidth" in source) return { width: source.videoWidth, height: source.videoHeight };
    if ("naturalWidth" in source) return { width: source.naturalWidth, height: source.naturalHeight };
    return { width: source.width, height: source.height };
}

async function refusing<T>(make: () => T | Promise<T>): Promise<T> {
    try {
        return await make();
    } catch (error) {
        throw new PictureError("picture", `the browser does not hand over the frame: ${String(error)}`, { cause: error });
    }
}
