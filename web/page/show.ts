// From a source to the network: the newest frame only, two under way at most.
import type { Banner } from "./banner.js";
import { el, input } from "./dom.js";
import { PageError, codeOf } from "./failures.js";
import type { Found } from "./found.js";
import type { Hud } from "./hud.js";
import type { Link } from "./link.js";
import type { Settings, Shown } from "./protocol.js";
import type { Frame, Source } from "./sources.js";

/** A frame that was drawn, and of what. */
export interface Seen extends Shown {
    title: string;
}

/** Frames under way at once, as in the viewer. */
const IN_FLIGHT = 2;

export class Show {
    #source: Source | undefined;
    #flying = 0;
    #paused = false;
    /** Whether a failure has paused it. */
    #halted = false;
    /** The newest picture of a source that stands: it is shown again when something has changed. */
    #still: Blob | undefined;
    #again: Promise<void> | undefined;
    #wanted = false;
    /** The newest frame of this source that was drawn. */
    #seen: Seen | undefined;
    /** How many wait for boxes, and what tells them that a frame has come. */
    #readers = 0;
    #landing: (() => void)[] = [];
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
        [this.#still, this.#seen] = [undefined, undefined];
        this.found.clear();
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
        if (this.#halted) this.pause(false);
        if (this.#still && this.#source) void this.#show(this.#source, this.#still);
    }

    get paused(): boolean {
        return this.#paused;
    }

    pause(on: boolean): void {
        [this.#paused, this.#halted] = [on, false];
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
            const source = this.#source;
            this.#landed(source, await this.link.call("again", [this.#reads()]));
        }
    }

    /** The frame that is seen, with its boxes, whether they are listed or not. */
    async boxes(): Promise<Seen> {
        this.#readers += 1;
        try {
            while (this.#seen && !this.#seen.detections) {
                const source = this.#source;
                const report = await this.link.call("again", [true]);
                this.#landed(source, report);
                // It is under way, or the one after it: that one brings its boxes.
                if (!report && this.#flying > 0) await new Promise<void>((resolve) => this.#landing.push(resolve));
            }
        } finally {
            this.#readers -= 1;
        }
        if (!this.#seen) throw new PageError("picture", "There is no picture yet.");
        return this.#seen;
    }

    #push(source: Source, frame: Frame): boolean {
        if (source !== this.#source) return false;
        if (frame instanceof Blob && !source.live) {
            this.#still = frame;
            if (this.ready) void this.#show(source, frame);
            return true;
        }
        if (!this.ready || this.#paused || this.#flying >= IN_FLIGHT) {
            this.hud.drop();
            return false;
        }
        void this.#show(source, frame);
        return true;
    }

    async #show(source: Source, frame: Frame): Promise<void> {
        this.#flying += 1;
        try {
            const transfer = frame instanceof Blob || this.link.where === "window" ? [] : [frame];
            this.#landed(source, await this.link.call("show", [frame, this.#reads()], transfer));
        } catch (error) {
            // A lost device is made again, or its end is told, by the one who plays.
            if (codeOf(error) !== "device-lost") {
                if (this.#source === source) {
                    this.pause(true);
                    this.#halted = true;
                }
                this.banner.trouble(error);
            }
        } finally {
            this.#flying -= 1;
            this.#landing.splice(0).forEach((tell) => tell());
        }
    }

    /** Boxes come back from the GPU only for the list, and for whoever saves them. */
    #reads(): boolean {
        return input("listed").checked || this.#readers > 0;
    }

    #landed(source: Source | undefined, report: Shown | undefined): void {
        // The last frames of a source that was left are nobody's business.
        if (!report || source !== this.#source) return;
        this.#seen = { ...report, title: source?.title ?? "" };
        el("first").hidden = true;
        this.hud.frame(report);
        this.hud.write(this.#source?.live ?? false);
        if (report.detections) this.found.show(report.detections);
        const stage = el("stage");
        stage.dataset.frames = String(Number(stage.dataset.frames ?? 0) + 1);
        stage.dataset.size = `${report.width}x${report.height}`;
    }
}
