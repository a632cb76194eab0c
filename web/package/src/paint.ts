// A picture and its boxes on a 2D canvas, as the GPU's scene draws them.
import type { Detection } from "./wasm/yolov4.js";

/** What the wasm module knows of the look of boxes. */
export interface Style {
    /** Width of an edge on a picture whose short side is so long. */
    lineWidth(short: number): number;
    /** Height of a label's text. */
    textSize(short: number): number;
    /** Red, green, blue, 0 to 255, by class. */
    colour(classIndex: number): Uint8Array;
    /** Whether text on boxes of this class is white. */
    whiteInk(classIndex: number): boolean;
    /** A CSS font family. */
    family: string;
    /** Lets go of what was loaded for it. */
    forget(): void;
}

/** Space between a label's text and the edges of its plate, across and down. */
const PAD = [2, 1] as const;

/** Draws over everything that was there. */
export function paint(
    context: OffscreenCanvasRenderingContext2D,
    pixels: OffscreenCanvas | undefined,
    detections: Detection[],
    mirror: boolean,
    style: Style,
): void {
    const { width, height } = context.canvas;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "black";
    context.fillRect(0, 0, width, height);
    if (!pixels) return;
    // As large as it fits, in the middle, on whole pixels.
    const scale = Math.min(width / pixels.width, height / pixels.height);
    const [w, h] = [Math.max(1, Math.round(pixels.width * scale)), Math.max(1, Math.round(pixels.height * scale))];
    const [left, top] = [Math.floor((width - w) / 2), Math.floor((height - h) / 2)];
    if (mirror) context.setTransform(-1, 0, 0, 1, 2 * left + w, 0);
    context.drawImage(pixels, left, top, w, h);
    context.setTransform(1, 0, 0, 1, 0, 0);
    const short = Math.min(w, h);
    const [line, text] = [style.lineWidth(short), Math.round(style.textSize(short))];
    context.font = `${text}px ${style.family}`;
    context.textBaseline = "middle";
    // The best on top.
    for (const found of [...detections].reverse()) {
        let [x, y, bw, bh] = found.box;
        if (mirror) x = pixels.width - x - bw;
        const across = (value: number) => left + Math.round((value * w) / pixels.width);
        const down = (value: number) => top + Math.round((value * h) / pixels.height);
        const [a, b, c, d] = [across(x), down(y), across(x + bw), down(y + bh)];
        const [lx, ly] = [Math.min(line, Math.max(c - a, 1)), Math.min(line, Math.max(d - b, 1))];
        context.fillStyle = `rgb(${[...style.colour(found.class)].join()})`;
        context.fillRect(a, b, c - a, ly);
        context.fillRect(a, d - ly, c - a, ly);
        context.fillRect(a, b, lx, d - b);
        context.fillRect(c - lx, b, lx, d - b);
        const label = `${found.name} ${Math.round(found.score * 100)}%`;
        const [plate, tall] = [Math.ceil(context.measureText(label).width) + 2 * PAD[0], Math.ceil(text * 1.2) + 2 * PAD[1]];
        const px = Math.max(Math.min(a, left + w - plate), left);
        const py = b - tall >= top ? b - tall : Math.max(b, top);
        context.fillRect(px, py, plate, tall);
        context.fillStyle = style.whiteInk(found.class) ? "white" : "black";
        context.fillText(label, px + PAD[0], py + tall / 2);
    }
}
