// The benchmark: a table, and the same report as `yolov4 bench` writes.
import type { BenchmarkReport } from "yolov4-wgpu";
import { press, type Banner } from "./banner.js";
import { button, el, input } from "./dom.js";
import { saveJson } from "./save.js";
import type { Show } from "./show.js";

export class Bench {
    #report: BenchmarkReport | undefined;

    constructor(
        readonly show: Show,
        readonly banner: Banner,
    ) {
        press("measure", banner, () => this.#measure());
        button("results").onclick = () => saveJson(this.#report, "yolov4-bench.json");
    }

    async #measure(): Promise<void> {
        const frames = Math.min(1000, Math.max(1, Math.round(Number(input("frames").value) || 1)));
        const was = this.show.paused;
        this.show.pause(true);
        try {
            this.banner.busy("Measuring");
            this.#report = await this.show.link.call("benchmark", [frames]);
        } finally {
            this.banner.busy();
            this.show.pause(was);
        }
        const result = this.#report.results[0];
        if (!result) return;
        const ms = (time: number | null) => (time === null ? "-" : `${time.toFixed(1)} ms`);
        const rows = [
            ["network, median", ms(result.median_ms)],
            ["network, 95 %", ms(result.p95_ms)],
            ["network, best", ms(result.min_ms)],
            ["picture to boxes, median", ms(result.end_to_end_median_ms)],
            ["rate", `${result.gflops.toFixed(1)} GFLOP/s`],
            ["loading", ms(result.load_ms)],
            ["first frame", ms(result.first_frame_ms)],
        ].map(([what, value]) => {
            const [row, head, cell] = [document.createElement("tr"), document.createElement("th"), document.createElement("td")];
            [head.textContent, cell.textContent] = [what ?? "", value ?? ""];
            head.scope = "row";
            row.append(head, cell);
            return row;
        });
        el("table").querySelector("tbody")?.replaceChildren(...rows);
        [el("table").hidden, button("results").hidden] = [false, false];
    }
}
