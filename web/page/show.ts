// From a source to the network: the newest frame only, two under way at most.
import type { Banner } from "./banner.js";
import { el, input } from "./dom.js";
import { codeOf } from "./failures.js";
import type { Found } from "./found.js";
import type { Hud } from "./hud.js";
import type { Link } from "./link.js";
import type { Settings, Shown } from "./protocol.js";
import type { Frame, Source } from "./sources.js";

/** Frames under way at once, as in the viewer. */
const IN_FLIGHT = 2;

export class Show {
    #source: Source | undefined;
    #flying = 0;
    #paused = false;
    /** The newest picture of a source that stands: it is shown again when something has changed. */
    #still: Blob | undefined;
    #again: Promise<void> | undefined;
    #wanted = false;
    /** Whether a network is there. */
    ready = false;

    constructor(
        readonly link: Link,
        readonly hud: Hud,
        readonly found: Found,
        readonly banner: Banner,
    ) {}

    get source(): Source | undefined {
        return this.#source;
    }

    /** Another source in place of this one. */
    take(source: Source): void {
        this.#source?.stop();
        this.#source = source;
        this.#still = undefined;
        this.hud.reset();
        this.hud.source = source.title;
        this.pause(false);
        source.start(
            (frame) => this.#push(source, frame),
            (error) => {
                if (this.#source === source && error) this.banner.trouble(error);
            },
        );
    }

    /** A network is there, or another one. */
    begin(): void {
        this.ready = true;
        this.hud.reset();
        if (this.#still) void this.#show(this.#still);
    }

    get paused(): boolean {
        return this.#paused;
    }

    pause(on: boolean): void {
        this.#paused = on;
        this.#source?.pause(on);
        this.hud.interrupted();
        el("pause").setAttribute("aria-pressed", String(on));
        el("pause").textContent = on ? "Go on" : "Pause";
    }

    /** Thresholds, classes, mirror: from the next frame on, and at once for the one that is seen. */
    async set(settings: Partial<Pick<Settings, "conf" | "nms" | "classes" | "mirror">>): Promise<void> {
        await this.link.call("set", [settings]);
        if (!this.#source?.live || this.#paused) await this.refresh();
    }

    /** The frame that is seen once more; many wishes at once are one. */
    async refresh(): Promise<void> {
        this.#wanted = true;
        this.#again ??= this.#refresh().finally(() => (this.#again = undefined));
        await this.#again;
    }

    async #refresh(): Promise<void> {
        while (this.#wanted && this.ready) {
            this.#wanted = false;
            this.#landed(await this.link.call("again", [this.#reads()]));
        }
    }

    #push(source: Source, frame: Frame): boolean {
        if (source !== this.#source) return false;
        if (frame instanceof Blob && !source.live) {
            this.#still = frame;
            if (this.ready) void this.#show(frame);
            return true;
        }
        if (!this.ready || this.#paused || this.#flying >= IN_FLIGHT) {
            this.hud.drop();
            return false;
        }
        void this.#show(frame);
        return true;
    }

    async #show(frame: Frame): Promise<void> {
        this.#flying += 1;
        try {
            const transfer = frame instanceof Blob || this.link.where === "window" ? [] : [frame];
            this.#landed(await this.link.call("show", [frame, this.#reads()], transfer));
        } catch (error) {
            // A lost device is made again, or its end is told, by the one who plays.
            if (codeOf(error) !== "device-lost") {
                this.#source?.pause(true);
                this.banner.trouble(error);
            }
        } finally {
            this.#flying -= 1;
        }
    }

    /** Boxes come back from the GPU only for the list. */
    #reads(): boolean {
        return input("listed").checked;
    }

    #landed(report: Shown | undefined): void {
        if (!report) return;
        el("first").hidden = true;
        this.hud.frame(report);
        this.hud.write(this.#source?.live ?? false);
        if (report.detections) this.found.show(report.detections);
        const stage = el("stage");
        stage.dataset.frames = String(Number(stage.dataset.frames ?? 0) + 1);
        stage.dataset.size = `${report.width}x${report.height}`;
    }
}
