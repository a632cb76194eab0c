// The choice of what is seen: camera, screen, files by dialog, drop or paste, the clip, the scenes.
import { press, type Banner } from "./banner.js";
import { el, option, select } from "./dom.js";
import { PageError } from "./failures.js";
import { isModel, own } from "./models.js";
import type { Network } from "./network.js";
import type { Show } from "./show.js";
import { camera, cameras, clip, screen, still, video, type Source } from "./sources.js";

/** Pictures that come with the page. */
const SCENES = ["crossing", "avenue", "night", "rain"];

export class See {
    constructor(
        readonly show: Show,
        readonly network: Network,
        readonly banner: Banner,
    ) {
        press("camera", banner, () => this.camera());
        press("screen", banner, () => this.screen());
        press("clip", banner, async () => this.#take(await clip(await own("clip.mjpeg"), "clip.mjpeg")));
        press("open", banner, () => this.open("image/*,video/*,.mjpeg"));
        press("model-open", banner, () => this.open(".cfg,.weights,.safetensors,.names,.txt"));
        select("cameras").onchange = () => void this.#safely(() => this.camera(select("cameras").value));
        el("scenes").append(...SCENES.map((name) => this.#scene(name)));
        this.#drops();
        document.addEventListener("paste", (event) => {
            const files = [...(event.clipboardData?.files ?? [])];
            if (files.length > 0) void this.#safely(() => this.take(files));
        });
    }

    /** The first scene, which is seen before anything is loaded. */
    async first(): Promise<void> {
        await this.#safely(async () => this.show.take(await scene(SCENES[0] ?? "")));
        this.#mark();
    }

    /** Another source, which settles what was wrong with the last one. */
    #take(source: Source): void {
        this.banner.clear("source");
        this.show.take(source);
        this.#mark();
    }

    /** Which of the scenes is seen. */
    #mark(): void {
        for (const button of el("scenes").querySelectorAll("button")) {
            button.setAttribute("aria-pressed", String(`${button.dataset.scene}.jpg` === this.show.source?.title));
        }
    }

    /** Whatever of the screen the person chooses. */
    async screen(): Promise<void> {
        this.#take(await screen());
    }

    /** A camera by its id, or the first one. */
    async camera(id?: string): Promise<void> {
        this.#take(await camera(id));
        const all = await cameras();
        select("cameras").replaceChildren(...all.map((device, i) => option(device.deviceId, device.label || `Camera ${i + 1}`)));
        // Two of a kind have one name.
        if (this.show.source?.id) select("cameras").value = this.show.source.id;
        el("cameras-row").hidden = all.length < 2;
    }

    /** The camera, or the one after it. */
    nextCamera(): void {
        const list = select("cameras");
        if (list.length > 1) list.selectedIndex = (list.selectedIndex + 1) % list.length;
        void this.#safely(() => this.camera(list.value || undefined));
    }

    /** Asks for files. */
    open(accept = ""): void {
        const picker = document.createElement("input");
        Object.assign(picker, { type: "file", multiple: true, accept });
        picker.onchange = () => void this.#safely(() => this.take([...(picker.files ?? [])]));
        picker.click();
    }

    /** Whatever the files are: a network, a video, a picture. */
    async take(files: File[]): Promise<void> {
        if (isModel(files)) return this.network.open(files);
        const first = files[0];
        if (!first) throw new PageError("picture", "There was no file: a picture of another page has to be saved first.");
        if (first.type.startsWith("video/")) this.#take(await video(first, first.name));
        else if (/\.mjpe?g$/i.test(first.name)) this.#take(await clip(first, first.name));
        else if (first.type.startsWith("image/")) this.#take(still(first, first.name));
        else throw new PageError("picture", `${first.name}: is neither a picture, nor a video, nor part of a network.`);
    }

    async #safely(work: () => Promise<void>): Promise<void> {
        try {
            await work();
        } catch (error) {
            this.banner.trouble(error);
        }
    }

    #scene(name: string): HTMLButtonElement {
        const [made, picture] = [document.createElement("button"), document.createElement("img")];
        Object.assign(picture, { src: `images/${name}.jpg`, alt: "", loading: "lazy", width: 96, height: 72 });
        made.dataset.scene = name;
        made.setAttribute("aria-label", `Scene ${name}`);
        made.onclick = () => void this.#safely(async () => this.#take(await scene(name)));
        made.append(picture);
        return made;
    }

    #drops(): void {
        const over = (on: boolean) => (event: DragEvent) => {
            event.preventDefault();
            el("drop").hidden = !on;
        };
        document.addEventListener("dragover", over(true));
        document.addEventListener("dragleave", over(false));
        document.addEventListener("drop", (event) => {
            over(false)(event);
            void this.#safely(() => this.take([...(event.dataTransfer?.files ?? [])]));
        });
    }
}

/** A picture that comes with the page. */
async function scene(name: string): Promise<Source> {
    return still(await own(`images/${name}.jpg`), `${name}.jpg`);
}
