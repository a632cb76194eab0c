// Which network plays: the demo, those that are kept, files, addresses.
import type { EngineInfo } from "yolov4-wgpu";
import type { Banner } from "./banner.js";
import { el, option, select } from "./dom.js";
import { Download } from "./download.js";
import type { Link } from "./link.js";
import { DEMO, demo, fromFiles } from "./models.js";
import type { ModelFiles, Settings } from "./protocol.js";
import { shelf, type Kept } from "./store.js";

/** Sizes that are offered besides the network's own. */
const SIZES = [160, 224, 256, 320, 416, 512, 608, 640, 896];

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

export class Network {
    /** The files of the network that plays. */
    #files: ModelFiles | undefined;
    /** Those that were asked for last, whether they play or not. */
    #wanted: ModelFiles | undefined;
    #loading: Promise<void> = Promise.resolve();
    /** What is known of the network that plays. */
    info: EngineInfo | undefined;

    constructor(
        readonly link: Link,
        readonly banner: Banner,
        readonly settings: Settings,
        readonly changed: (info: EngineInfo) => void,
    ) {
        select("size").append(option("", "its own"), ...SIZES.map((size) => option(String(size), `${size} x ${size}`)));
        select("size").onchange = () => {
            this.settings.size = Number(select("size").value) || undefined;
            this.reload();
        };
        select("precision").onchange = () => {
            this.settings.precision = select("precision").value === "f16" ? "f16" : "f32";
            this.reload();
        };
        select("models").onchange = () => this.choose(select("models").value);
        el<HTMLFormElement>("address").onsubmit = (event) => {
            event.preventDefault();
            const form = new FormData(event.currentTarget as HTMLFormElement);
            const urls = ["model", "weights", "names"].map((name) => String(form.get(name) ?? "")).filter((url) => url !== "");
            this.fetch(urls.map((url) => new Download(url)));
        };
    }

    /** Its files. */
    get files(): ModelFiles | undefined {
        return this.#files;
    }

    /** The demo network, and what is kept. */
    async start(): Promise<void> {
        void this.list();
        await this.choose(DEMO);
    }

    /** A network by its title. */
    choose(title: string): Promise<void> {
        return this.#do(async () => this.#load(title === DEMO ? await demo() : await (await shelf()).get(title), true));
    }

    /** The next one of those that are at hand. */
    next(): void {
        const list = select("models");
        list.selectedIndex = (list.selectedIndex + 1) % list.length;
        void this.choose(list.value);
    }

    /** Files that were dropped or opened: they are kept. */
    open(files: File[]): Promise<void> {
        return this.#do(async () => this.#keep(fromFiles(files)));
    }

    /** Files from addresses: one after the other, each from where it was cut. */
    fetch(downloads: Download[]): Promise<void> {
        return this.#do(
            async () => {
                const files: File[] = [];
                for (const download of downloads) {
                    const told = (have: number, all: number) =>
                        this.banner.busy(`Fetching ${download.name}: ${megabytes(have)}${all ? ` of ${megabytes(all)}` : ""}`, have, all);
                    told(0, 0);
                    files.push(await download.fetch(told));
                }
                await this.#keep(fromFiles(files));
            },
            { resume: () => void this.fetch(downloads) },
        );
    }

    /** The same network with the settings of now. */
    reload(): void {
        const files = this.#wanted;
        if (files) void this.#do(() => this.#load(files, false));
        else void this.choose(DEMO);
    }

    /** The next smaller size, or the largest below one that is known to fit. */
    smaller(fits?: number): void {
        const now = this.settings.size ?? this.info?.size[0] ?? SIZES.at(-1) ?? 0;
        const small = SIZES.filter((size) => (fits ? size <= fits : size < now));
        this.settings.size = small.at(-1) ?? SIZES[0];
        select("size").value = String(this.settings.size);
        this.reload();
    }

    /** What is kept, in the list and in the choice. */
    async list(): Promise<void> {
        const kept = await (await shelf()).list().catch((): Kept[] => []);
        el("kept").replaceChildren(...kept.map((one) => this.#row(one)));
        el("kept-none").hidden = kept.length > 0;
        const titles = [DEMO, ...kept.map(({ title }) => title)];
        if (this.#files && !titles.includes(this.#files.title)) titles.push(this.#files.title);
        select("models").replaceChildren(...titles.map((title) => option(title)));
        select("models").value = this.#files?.title ?? DEMO;
    }

    #row({ title, bytes }: Kept): HTMLLIElement {
        const row = document.createElement("li");
        const [what, remove] = [document.createElement("span"), document.createElement("button")];
        what.textContent = `${title}, ${megabytes(bytes)}`;
        remove.textContent = "Delete";
        remove.setAttribute("aria-label", `Delete ${title}`);
        remove.onclick = async () => {
            await (await shelf()).remove(title).catch((error: unknown) => this.banner.trouble(error));
            await this.list();
        };
        row.append(what, remove);
        return row;
    }

    /** One after the other, failures told. */
    #do(work: () => Promise<void>, ways: { resume?: () => void } = {}): Promise<void> {
        this.#loading = this.#loading.then(async () => {
            this.banner.clear();
            this.banner.busy("Loading the network");
            try {
                await work();
            } catch (error) {
                select("models").value = this.#files?.title ?? DEMO;
                // The engine computes the largest size that fits.
                const fits = Number(/size (\d+)/.exec(String(error))?.[1]) || undefined;
                this.banner.trouble(error, { ...ways, smaller: () => this.smaller(fits) });
            } finally {
                this.banner.busy();
            }
        });
        return this.#loading;
    }

    async #load(files: ModelFiles, fresh: boolean): Promise<void> {
        this.#wanted = files;
        // Another network has other classes, and thresholds of its own.
        if (fresh) Object.assign(this.settings, { conf: undefined, nms: undefined, classes: [] });
        const info = await this.link.call("load", [files, { ...this.settings }]);
        [this.#files, this.info] = [files, info];
        // A canvas has one kind of context for ever: whoever plays first goes on.
        this.settings.device = info.device;
        const f16 = select("precision").options[1];
        if (f16) f16.disabled = !info.adapter.f16;
        el("precision-why").hidden = info.adapter.f16;
        el("precision-why").textContent = "This adapter has no f16.";
        await this.list();
        this.changed(info);
    }

    async #keep(files: ModelFiles): Promise<void> {
        await this.#load(files, true);
        try {
            await (await shelf()).put(files);
        } catch (error) {
            this.banner.trouble(error);
        }
        await this.list();
    }
}
