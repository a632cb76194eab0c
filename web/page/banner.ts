// Troubles, with what can be done about them; and what the page is busy with.
import { button, el } from "./dom.js";
import { trouble, type Trouble, type WayOn } from "./failures.js";

const NAMES: Record<WayOn, string> = {
    retry: "Try again",
    demo: "Use the demo network",
    smaller: "Take a smaller size",
    file: "Open files",
    camera: "Try the camera again",
    screen: "Choose a part of the screen",
    resume: "Go on with the download",
    delete: "Show what is kept",
    reload: "Reload the page",
};

/** What each way on does. */
export type Ways = Record<WayOn, () => void>;

export class Banner {
    /** What the trouble is about that is seen. */
    #about: Trouble["about"];

    constructor(readonly ways: Ways) {}

    /** Says what has gone wrong; `extra` are ways that only the caller knows. */
    trouble(error: unknown, extra: Partial<Ways> = {}): void {
        const { sentence, advice, ways, about } = trouble(error);
        this.#about = about;
        el("sentence").textContent = sentence;
        el("advice").textContent = advice;
        const buttons = ways.map((way) => {
            const made = document.createElement("button");
            made.textContent = NAMES[way];
            made.dataset.way = way;
            made.onclick = () => {
                this.clear();
                (extra[way] ?? this.ways[way])();
            };
            return made;
        });
        const close = document.createElement("button");
        close.textContent = "Close";
        close.onclick = () => this.clear();
        el("ways").replaceChildren(...buttons, close);
        el("trouble").hidden = false;
    }

    /** Takes the sentence away; only if it is `about` that, where given. */
    clear(about?: Trouble["about"]): void {
        if (about === undefined || about === this.#about) el("trouble").hidden = true;
    }

    /** A sentence while something goes on; none ends it. */
    busy(sentence?: string, done?: number, all?: number): void {
        el("busy").hidden = sentence === undefined;
        if (sentence === undefined) return;
        if (el("doing").textContent !== sentence) el("doing").textContent = sentence;
        const bar = el<HTMLProgressElement>("progress");
        if (done !== undefined && all) [bar.max, bar.value] = [all, done];
        else bar.removeAttribute("value");
    }
}

/** A button whose work takes a while: pressed once at a time, its failures told. */
export function press(id: string, banner: Banner, work: () => Promise<void> | void): void {
    const made = button(id);
    made.onclick = async () => {
        if (made.getAttribute("aria-busy") === "true") return;
        made.setAttribute("aria-busy", "true");
        try {
            await work();
        } catch (error) {
            banner.trouble(error);
        } finally {
            made.removeAttribute("aria-busy");
        }
    };
}
