// What was found, as a list: for eyes, screen readers and files.
import type { Detection } from "./protocol.js";

/** How often the list may change, in milliseconds: a screen reader must come to the end of it. */
const PATIENCE = 1000;

export class Found {
    #newest: Detection[] = [];
    #written = -Infinity;
    #timer: ReturnType<typeof setTimeout> | undefined;

    constructor(
        readonly list: HTMLElement,
        readonly summary: HTMLElement,
    ) {}

    show(detections: Detection[]): void {
        this.#newest = detections;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#write(), Math.max(0, this.#written + PATIENCE - performance.now()));
    }

    /** Nothing is known of what is seen now. */
    clear(): void {
        clearTimeout(this.#timer);
        this.#newest = [];
        // What comes next is about something else: it need not wait.
        this.#written = -Infinity;
        this.list.replaceChildren();
    }

    #write(): void {
        this.#written = performance.now();
        const rows = this.#newest.map(({ name, score, box }) => {
            const row = document.createElement("li");
            const what = document.createElement("span");
            const how = document.createElement("span");
            what.textContent = name;
            how.textContent = `${Math.round(100 * score)} %`;
            row.title = `left ${box[0].toFixed(0)}, top ${box[1].toFixed(0)}, ${box[2].toFixed(0)} x ${box[3].toFixed(0)} pixels`;
            row.append(what, how);
            return row;
        });
        this.list.replaceChildren(...rows);
        const counts = new Map<string, number>();
        for (const { name } of this.#newest) counts.set(name, (counts.get(name) ?? 0) + 1);
        const text = [...counts].map(([name, n]) => `${n} ${name}`).join(", ") || "nothing";
        // Said only when it is another sentence.
        if (this.summary.textContent !== text) this.summary.textContent = text;
    }
}
