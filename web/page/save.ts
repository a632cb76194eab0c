// Files that the page gives to the person.
import type { Detection } from "./protocol.js";

/** Offers a file for download. */
export function save(contents: Blob, name: string): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(contents);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Any value as JSON. */
export function saveJson(value: unknown, name: string): void {
    save(new Blob([`${JSON.stringify(value, null, 2)}\n`], { type: "application/json" }), name);
}

/** What `yolov4 detect --format json` writes, of one picture. */
export function picture(image: string, width: number, height: number, detections: Detection[]) {
    return [{ image, width, height, detections }];
}

/** Pixels as a PNG. */
export async function png(pixels: ImageData): Promise<Blob> {
    if (typeof OffscreenCanvas === "function") {
        const canvas = new OffscreenCanvas(pixels.width, pixels.height);
        canvas.getContext("2d")?.putImageData(pixels, 0, 0);
        return canvas.convertToBlob({ type: "image/png" });
    }
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [pixels.width, pixels.height];
    canvas.getContext("2d")?.putImageData(pixels, 0, 0);
    return new Promise((resolve, reject) =>
        canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture cannot be written"))), "image/png"),
    );
}
