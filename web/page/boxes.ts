// Which boxes are drawn: thresholds and classes.
import type { EngineInfo } from "yolov4-wgpu";
import { el, input } from "./dom.js";
import type { Show } from "./show.js";
import type { Settings } from "./protocol.js";

/** A step of a key. */
const STEP = 0.05;

export class BoxControls {
    constructor(
        readonly show: Show,
        readonly settings: Settings,
        readonly failed: (error: unknown) => void,
    ) {
        for (const name of ["conf", "nms"] as const) {
            input(name).oninput = () => this.#threshold(name, Number(input(name).value));
        }
        input("mirror").onchange = () => this.#set({ mirror: input("mirror").checked });
        input("listed").onchange = () => {
            el("found").hidden = !input("listed").checked;
            void this.show.refresh().catch(this.failed);
        };
        input("search").oninput = () => {
            const wanted = input("search").value.toLowerCase();
            for (const row of el("classes").children) {
                (row as HTMLElement).hidden = !row.textContent?.toLowerCase().includes(wanted);
            }
        };
    }

    /** One step up or down. */
    step(name: "conf" | "nms", direction: 1 | -1): void {
        const range = input(name);
        range.value = String(Number(range.value) + direction * STEP);
        this.#threshold(name, Number(range.value));
    }

    /** Another network: its thresholds, its classes. */
    reset(info: EngineInfo): void {
        for (const name of ["conf", "nms"] as const) {
            const value = this.settings[name] ?? info[name];
            input(name).value = String(value);
            el(`${name}-value`).textContent = value.toFixed(2);
        }
        const rows = info.classes.map((name) => {
            const [row, box] = [document.createElement("label"), document.createElement("input")];
            [row.className, box.type, box.value] = ["check", "checkbox", name];
            box.checked = this.settings.classes.includes(name);
            box.onchange = () => this.#set({ classes: this.#wanted() });
            row.append(box, ` ${name}`);
            return row;
        });
        el("classes").replaceChildren(...rows);
        input("search").value = "";
    }

    #wanted(): string[] {
        return [...el("classes").querySelectorAll("input")].filter((box) => box.checked).map((box) => box.value);
    }

    #threshold(name: "conf" | "nms", value: number): void {
        el(`${name}-value`).textContent = value.toFixed(2);
        this.#set({ [name]: value });
    }

    #set(settings: Partial<Pick<Settings, "conf" | "nms" | "classes" | "mirror">>): void {
        Object.assign(this.settings, settings);
        void this.show.set(settings).catch(this.failed);
    }
}
