// A picture on which objects are marked: a box is drawn from one corner to the other.
import type { LabelledBox } from "./protocol.js";

/** Sides of a box that was meant, in pixels of the screen. */
const LEAST = 4;

export class Easel {
    #picture: ImageBitmap | undefined;
    #boxes: LabelledBox[] = [];
    /** Where a box was begun, in pixels of the picture. */
    #from: [number, number] | undefined;
    #to: [number, number] = [0, 0];

    /** `drawn` is told a box; `undone` that the last one is to go. */
    constructor(
        readonly canvas: HTMLCanvasElement,
        drawn: (box: LabelledBox["box"]) => void,
        undone: () => void,
    ) {
        canvas.addEventListener("pointerdown", (event) => {
            if (!this.#picture || event.button !== 0) return;
            canvas.setPointerCapture(event.pointerId);
            this.#from = this.#to = this.#at(event);
        });
        canvas.addEventListener("pointermove", (event) => {
            if (!this.#from) return;
            this.#to = this.#at(event);
            this.#draw();
        });
        canvas.addEventListener("pointerup", (event) => {
            if (!this.#from) return;
            this.#to = this.#at(event);
            const box = this.#box();
            this.#from = undefined;
            const scale = canvas.getBoundingClientRect().width / canvas.width;
            if (box && Math.min(box[2], box[3]) * scale >= LEAST) drawn(box);
            this.#draw();
        });
        canvas.addEventListener("pointercancel", () => {
            this.#from = undefined;
            this.#draw();
        });
        canvas.addEventListener("keydown", (event) => {
            if (event.key !== "Delete" && event.key !== "Backspace") return;
            event.preventDefault();
            undone();
        });
    }

    /** The boxes of the picture that is there are others. */
    change(boxes: LabelledBox[]): void {
        this.#boxes = boxes;
        this.#draw();
    }

    /** A picture with its boxes; none takes it away. */
    show(picture: ImageBitmap | undefined, boxes: LabelledBox[]): void {
        if (this.#picture !== picture) {
            this.#picture?.close();
            this.#picture = picture;
            this.#from = undefined;
        }
        this.#boxes = boxes;
        [this.canvas.width, this.canvas.height] = [picture?.width ?? 1, picture?.height ?? 1];
        this.#draw();
    }

    #at(event: PointerEvent): [number, number] {
        const { left, top, width, height } = this.canvas.getBoundingClientRect();
        const within = (part: number, of: number) => Math.min(Math.max(part, 0), 1) * of;
        return [
            within((event.clientX - left) / width, this.canvas.width),
            within((event.clientY - top) / height, this.canvas.height),
        ];
    }

    #box(): LabelledBox["box"] | undefined {
        if (!this.#from) return undefined;
        const [[x0, y0], [x1, y1]] = [this.#from, this.#to];
        return [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)];
    }

    #draw(): void {
        const context = this.canvas.getContext("2d");
        if (!context || !this.#picture) return;
        context.drawImage(this.#picture, 0, 0);
        const short = Math.min(this.canvas.width, this.canvas.height);
        const line = Math.max(1, short / 200);
        context.lineWidth = line;
        context.font = `${Math.max(10, short / 28)}px system-ui, sans-serif`;
        context.textBaseline = "bottom";
        for (const { name, box } of this.#boxes) {
            context.strokeStyle = "#ffb000";
            context.strokeRect(...box);
            // Readable on whatever is behind it.
            [context.strokeStyle, context.fillStyle, context.lineWidth] = ["#000", "#ffb000", 3 * line];
            const y = Math.max(box[1] - line, short / 28);
            context.strokeText(name, box[0], y);
            context.fillText(name, box[0], y);
            context.lineWidth = line;
        }
        const box = this.#box();
        if (!box) return;
        context.setLineDash([4 * line, 4 * line]);
        context.strokeStyle = "#fff";
        context.strokeRect(...box);
        context.setLineDash([]);
    }
}
