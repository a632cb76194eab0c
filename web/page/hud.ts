// The figures over the picture.
import type { EngineInfo } from "yolov4-wgpu";
import type { Shown } from "./protocol.js";

/** A tenth of the new, nine tenths of the old. */
class Meter {
    #value: number | undefined;
    add(value: number): void {
        this.#value = this.#value === undefined ? value : this.#value + 0.1 * (value - this.#value);
    }
    get value(): number | undefined {
        return this.#value;
    }
}

const STAGES = ["copy", "convert", "network", "boxes", "draw", "wall"] as const;

/** Counts frames and writes what is known of them. */
export class Hud {
    #period = new Meter();
    #stages = new Map<(typeof STAGES)[number], Meter>();
    #last: number | undefined;
    #shown = 0;
    #dropped = 0;
    #report: Shown | undefined;
    info: EngineInfo | undefined;
    where = "";
    source = "";

    constructor(readonly box: HTMLElement) {}

    /** Begins anew: another source, another network. */
    reset(): void {
        [this.#period, this.#last, this.#stages] = [new Meter(), undefined, new Map()];
        [this.#shown, this.#dropped, this.#report] = [0, 0, undefined];
    }

    /** Stands still: the time until the next frame is no period. */
    interrupted(): void {
        this.#last = undefined;
    }

    drop(): void {
        this.#dropped += 1;
    }

    frame(report: Shown): void {
        const now = performance.now();
        if (this.#last !== undefined) this.#period.add(now - this.#last);
        this.#last = now;
        this.#shown += 1;
        this.#report = report;
        const times = { copy: report.copyMs, wall: report.wallMs, ...report.stages };
        for (const stage of STAGES) {
            const time = times[stage];
            if (time === undefined) continue;
            if (!this.#stages.has(stage)) this.#stages.set(stage, new Meter());
            this.#stages.get(stage)?.add(time);
        }
    }

    /** Writes; cheap enough for every frame. */
    write(live: boolean): void {
        const lines = [...this.#lines(live)];
        while (this.box.childElementCount < lines.length) this.box.append(document.createElement("div"));
        while (this.box.childElementCount > lines.length) this.box.lastElementChild?.remove();
        lines.forEach((line, i) => {
            const row = this.box.children[i];
            if (row && row.textContent !== line) row.textContent = line;
        });
    }

    *#lines(live: boolean): Generator<string> {
        const [report, info] = [this.#report, this.info];
        const period = this.#period.value;
        if (live && period) yield `${(1000 / period).toFixed(1)} fps   ${this.#shown} shown, ${this.#dropped} dropped`;
        if (report) {
            const labelled = !report.stages ? "wall time" : info?.device === "cpu" ? "on the processor" : "on the GPU";
            const parts = STAGES.filter((stage) => this.#stages.has(stage) && (report.stages ? stage !== "wall" : true));
            const times = parts.map((stage) => `${stage} ${this.#stages.get(stage)?.value?.toFixed(1)}`);
            yield `${times.join("  ")} ms (${labelled})`;
            yield `${this.source} ${report.width}x${report.height} by ${report.path ?? "copy"}, in the ${this.where}`;
        }
        if (info) {
            yield `${info.model} ${info.size.join("x")} ${info.precision}   ${info.adapter.name}`;
        }
        if (report) yield `${report.readbacks.results} read-backs, ${report.readbacks.telemetry} of telemetry`;
    }
}
