import type { Drawable } from "./frames.js";
import type { Samples } from "./wasm/yolov4.js";

/** How tall a picture is that nobody has told the matrix of, and that is BT.709 nevertheless. */
const HIGH_DEFINITION = 720;

/**
 * The samples of a frame as the decoder left them where a kernel knows their layout and colours, else as RGBA.
 * @throws Error if the browser gives none, or others than are seen.
 */
export async function planes(source: Drawable, seen: { width: number; height: number }): Promise<Samples> {
    if (typeof VideoFrame !== "function") throw new Error("there is no VideoFrame");
    const own = source instanceof VideoFrame ? undefined : new VideoFrame(source, { timestamp: 0 });
    const frame = own ?? (source as VideoFrame);
    try {
        const { width, height } = frame.visibleRect ?? { width: frame.codedWidth, height: frame.codedHeight };
        // Boxes are in pixels of what is seen: other paths turn and stretch, samples are as they are.
        const turned = frame as { rotation?: number; flip?: boolean };
        if (width !== seen.width || height !== seen.height || turned.rotation || turned.flip) {
            throw new Error(`its samples are ${width}x${height}, not upright or not square`);
        }
        return { width, height, ...(await samples(frame, height)) };
    } finally {
        own?.close();
    }
}

async function samples(frame: VideoFrame, height: number): Promise<Omit<Samples, "width" | "height">> {
    switch (frame.format) {
        case "I420":
        case "NV12": {
            const matrix = matrixOf(frame.colorSpace.matrix, height);
            if (!matrix) return { format: "RGBA", data: await converted(frame) };
            return { format: frame.format, data: await plain(frame), matrix, fullRange: frame.colorSpace.fullRange ?? false };
        }
        case "RGBA":
        case "RGBX":
            return { format: "RGBA", data: await plain(frame) };
        case "BGRA":
        case "BGRX":
            return { format: "RGBA", data: swapped(await plain(frame)) };
        default:
            return { format: "RGBA", data: await converted(frame) };
    }
}

/** By what luma was weighed; undefined for a matrix that the kernel does not know. */
export function matrixOf(matrix: VideoMatrixCoefficients | null, height: number): "bt601" | "bt709" | undefined {
    switch (matrix) {
        case "bt709":
            return "bt709";
        case "bt470bg":
        case "smpte170m":
            return "bt601";
        case null:
            return height >= HIGH_DEFINITION ? "bt709" : "bt601";
        default:
            return undefined;
    }
}

/** What is seen of the frame, plane behind plane, rows without padding: what copyTo does unless told otherwise. */
async function plain(frame: VideoFrame): Promise<Uint8Array> {
    const data = new Uint8Array(frame.allocationSize());
    await frame.copyTo(data);
    return data;
}

/** RGBA as the browser makes it. Browsers that cannot do not say so: they do not even look at the format. */
async function converted(frame: VideoFrame): Promise<Uint8Array> {
    let asked = false;
    const options = {
        get format(): "RGBA" {
            asked = true;
            return "RGBA";
        },
    };
    const data = new Uint8Array(frame.allocationSize(options));
    if (!asked) throw new Error(`its samples are ${frame.format ?? "of no known layout"}, which this browser does not convert`);
    await frame.copyTo(data, options);
    return data;
}

/** Red and blue exchanged, in place. */
export function swapped(data: Uint8Array): Uint8Array {
    for (let i = 0; i + 3 < data.length; i += 4) [data[i], data[i + 2]] = [data[i + 2] ?? 0, data[i] ?? 0];
    return data;
}
