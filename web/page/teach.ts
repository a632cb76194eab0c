// The lesson: objects are marked in pictures, and the network's heads learn them.
import { Album, type Leaf } from "./album.js";
import type { Banner } from "./banner.js";
import { Curve } from "./curve.js";
import { button, el, input, option, select } from "./dom.js";
import { Easel } from "./easel.js";
import { PageError, trouble } from "./failures.js";
import type { Link } from "./link.js";
import type { Network } from "./network.js";
import type { News } from "./protocol.js";
import { save } from "./save.js";

/** A training tells of a batch of pictures, then of steps. */
type Learning = Extract<News, { news: "learning" }>;

export class Teach {
    readonly #dialog = el<HTMLDialogElement>("lesson");
    readonly #album: Album;
    readonly #easel: Easel;
    readonly #curve = new Curve(document.querySelector("#curve") as SVGSVGElement, "Loss");
    /** The picture that is seen, and the one that is to be. */
    #leaf: Leaf | undefined;
    #turning: Leaf | undefined;
    #learning = false;
    #taught: File | undefined;

    constructor(
        readonly link: Link,
        readonly network: Network,
        readonly banner: Banner,
    ) {
        this.#album = new Album(link);
        this.#easel = new Easel(
            el<HTMLCanvasElement>("easel"),
            (box) => this.#mark(box),
            () => this.#unmark(-1),
        );
        button("teach").onclick = () => this.#dialog.showModal();
        button("lesson-close").onclick = () => this.#dialog.close();
        button("lesson-open").onclick = () => this.#open();
        button("lesson-remove").onclick = () => void this.#safely(async () => this.#leaf && (await this.#remove(this.#leaf)));
        // Marks are nowhere but here.
        addEventListener("beforeunload", (event) => {
            if (this.#learning || (this.#album.classes.length > 0 && !this.#taught)) event.preventDefault();
        });
        button("learn").onclick = () => void this.#safely(() => (this.#learning ? this.link.call("stop", []) : this.#learn()));
        button("taught-save").onclick = () => this.#taught && save(this.#taught, this.#taught.name);
        // Not for the page, which would show them.
        this.#dialog.addEventListener("paste", (event) => {
            event.stopPropagation();
            const files = [...(event.clipboardData?.files ?? [])];
            if (files.length > 0) void this.add(files);
        });
        this.#dialog.addEventListener("dragover", (event) => {
            event.preventDefault();
            event.stopPropagation();
        });
        this.#dialog.addEventListener("drop", (event) => {
            event.preventDefault();
            event.stopPropagation();
            void this.add([...(event.dataTransfer?.files ?? [])]);
        });
        this.#show();
    }

    /** Pictures and labels. */
    add(files: File[]): Promise<void> {
        return this.#safely(async () => {
            try {
                await this.#album.add(files);
            } finally {
                const leaf = this.#leaf ?? this.#album.leaves[0];
                if (leaf === this.#leaf) this.#marked();
                else await this.#turn(leaf);
            }
        });
    }

    /** How far a training is. */
    heard({ what, done, all, loss }: Learning): void {
        if (what === "pictures") this.#say(`The backbone looks at picture ${done + 1} of ${all}.`);
        if (what !== "steps" || loss === undefined) return;
        this.#curve.add(done, all, loss);
        this.#dialog.dataset.step = String(done);
        // Not aloud: there are many.
        el("lesson-step").textContent = `Step ${done} of ${all}: loss ${loss.toFixed(3)}.`;
    }

    #open(): void {
        const picker = document.createElement("input");
        Object.assign(picker, { type: "file", multiple: true, accept: "image/*,.txt,.names" });
        picker.onchange = () => void this.add([...(picker.files ?? [])]);
        picker.click();
    }

    /** Another picture on the easel. */
    async #turn(leaf: Leaf | undefined): Promise<void> {
        this.#turning = leaf;
        const bitmap = leaf && (await createImageBitmap(leaf.picture));
        // Somebody may have turned on meanwhile.
        if (this.#turning !== leaf) return bitmap?.close();
        // What is drawn belongs to the picture that is seen.
        this.#leaf = leaf;
        this.#easel.show(bitmap, leaf?.boxes ?? []);
        this.#show();
    }

    #mark(box: [number, number, number, number]): void {
        const name = input("mark-name").value.trim() || "object";
        this.#leaf?.boxes.push({ name, box });
        this.#marked();
    }

    #unmark(at: number): void {
        this.#leaf?.boxes.splice(at, 1);
        this.#marked();
    }

    #marked(): void {
        this.#easel.change(this.#leaf?.boxes ?? []);
        this.#show();
    }

    async #remove(leaf: Leaf): Promise<void> {
        this.#album.remove(leaf);
        await this.#turn(this.#leaf === leaf ? this.#album.leaves[0] : this.#leaf);
    }

    /** Everything but the easel. */
    #show(): void {
        const { leaves, known, classes } = this.#album;
        el("easel").hidden = el("marks-of").hidden = leaves.length === 0;
        el("easel-empty").hidden = leaves.length > 0;
        // The keys go on where they were.
        const focused = document.activeElement?.getAttribute("aria-label");
        const within = el("album").contains(document.activeElement);
        el("album").replaceChildren(...leaves.map((leaf) => this.#small(leaf)));
        if (within) el("album").querySelector<HTMLElement>(focused ? `[aria-label="${CSS.escape(focused)}"]` : "button")?.focus();
        el("mark-names").replaceChildren(...known.map((name) => option(name)));
        const marks = (this.#leaf?.boxes ?? []).map(({ name, box }, n) => {
            const [row, what, remove] = [document.createElement("li"), document.createElement("span"), document.createElement("button")];
            what.textContent = `${name}, ${Math.round(box[2])} x ${Math.round(box[3])}`;
            remove.textContent = "Delete";
            remove.setAttribute("aria-label", `Delete ${name} ${n + 1}`);
            remove.onclick = () => {
                this.#unmark(n);
                el("easel").focus();
            };
            row.append(what, remove);
            return row;
        });
        el("marks").replaceChildren(...marks);
        const marked = leaves.reduce((sum, { boxes }) => sum + boxes.length, 0);
        const empty = leaves.filter(({ boxes }) => boxes.length === 0).length;
        const objects = `${leaves.length} pictures, ${marked} objects${classes.length > 0 ? `: ${classes.join(", ")}` : ""}`;
        el("counts").textContent = empty > 0 ? `${objects}. Nothing is marked in ${empty}: they teach what is none of these.` : objects;
    }

    #small(leaf: Leaf): HTMLButtonElement {
        const [made, picture, count] = [document.createElement("button"), document.createElement("img"), document.createElement("span")];
        Object.assign(picture, { src: leaf.url, alt: "", loading: "lazy" });
        count.textContent = String(leaf.boxes.length);
        made.setAttribute("aria-label", `${leaf.picture.name}, ${leaf.boxes.length} objects`);
        made.setAttribute("aria-pressed", String(leaf === this.#leaf));
        made.onclick = () => void this.#safely(() => this.#turn(leaf));
        made.onkeydown = (event) => {
            if (event.key === "Delete") void this.#safely(() => this.#remove(leaf));
        };
        made.append(picture, count);
        return made;
    }

    async #learn(): Promise<void> {
        const { leaves, classes } = this.#album;
        const { files, info } = this.network;
        if (!files || !info) throw new PageError("lesson", "There is no network yet.");
        if (classes.length === 0) throw new PageError("lesson", "Nothing is marked yet: draw a box around an object in each picture.");
        const steps = input("lesson-steps");
        if (!steps.reportValidity()) return;
        this.#busy(true);
        this.#curve.clear();
        this.#say("The module for training is loaded.");
        try {
            const lesson = { classes, size: info.size, steps: steps.valueAsNumber, flip: input("lesson-flip").checked };
            const pictures = leaves.map(({ picture, boxes }) => ({ picture, boxes }));
            const learnt = await this.link.call("train", [files, lesson, pictures]);
            const name = `${this.#title(classes)}.safetensors`;
            this.#taught = new File([learnt], name);
            const [first, last] = this.#curve.ends;
            el("taught").hidden = false;
            el("taught-what").textContent = `${name}: ${pictures.length} pictures, loss ${first.toFixed(2)} to ${last.toFixed(2)}.`;
            this.#say("");
            el("lesson-step").textContent = "";
            this.#dialog.close();
            await this.network.open([this.#taught]);
        } finally {
            this.#busy(false);
        }
    }

    /** What was taught before stays. */
    #title(classes: string[]): string {
        const title = classes.slice(0, 3).join("-").replace(/[^\p{L}\p{N} _-]/gu, "_");
        const taken = [...select("models").options].map(({ value }) => value);
        for (let n = 1; ; n += 1) {
            const numbered = n === 1 ? title : `${title} ${n}`;
            if (!taken.includes(numbered)) return numbered;
        }
    }

    #busy(on: boolean): void {
        this.#learning = on;
        button("learn").textContent = on ? "Stop" : "Learn";
        this.#dialog.dataset.learning = String(on);
    }

    #say(sentence: string): void {
        el("lesson-says").textContent = sentence;
    }

    /** A failure is told where the person looks. */
    async #safely(work: () => Promise<void>): Promise<void> {
        try {
            await work();
        } catch (error) {
            // What else the page could do is not what is asked here.
            if (this.#dialog.open) this.#say(trouble(error).sentence);
            else this.banner.trouble(error);
        }
    }
}
