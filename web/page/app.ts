// Where the page begins: the first scene is seen already, the network comes, then everything else.
import { support, type EngineInfo } from "yolov4-wgpu";
import { Banner, press } from "./banner.js";
import { Bench } from "./bench.js";
import { BoxControls } from "./boxes.js";
import { el, input, select } from "./dom.js";
import { PageError, codeOf } from "./failures.js";
import { Found } from "./found.js";
import { Hud } from "./hud.js";
import { KEYS, listen, type Key } from "./keys.js";
import { Link } from "./link.js";
import { Network } from "./network.js";
import type { News, Settings } from "./protocol.js";
import { picture, save, saveJson } from "./save.js";
import { See } from "./see.js";
import { Show } from "./show.js";
import { Teach } from "./teach.js";

// `?device=webgpu` takes a GPU in software too, `?device=cpu` the processor whatever there is.
const asked = device();
const settings: Settings = {
    size: undefined,
    precision: "f32",
    device: asked,
    conf: undefined,
    nms: undefined,
    classes: [],
    mirror: false,
    // `?subgroups=off` does without them.
    subgroups: new URLSearchParams(location.search).get("subgroups") !== "off",
};

function device(): Settings["device"] {
    const word = new URLSearchParams(location.search).get("device");
    return word === "webgpu" || word === "cpu" ? word : "auto";
}

const canvas = el<HTMLCanvasElement>("canvas");
const banner = new Banner({
    retry: () => network.reload(),
    demo: () => void network.choose("Road signs (demo)"),
    smaller: () => network.smaller(),
    file: () => see.open(),
    camera: () => void see.camera().catch((error: unknown) => banner.trouble(error)),
    screen: () => void see.screen().catch((error: unknown) => banner.trouble(error)),
    resume: () => {},
    delete: () => el("kept").closest("details")?.setAttribute("open", ""),
    reload: () => location.reload(),
});

function heard(news: News): void {
    if (news.news === "progress") {
        banner.busy(news.what === "load" ? "Building the network's kernels" : "Measuring", news.done, news.all);
    } else if (news.news === "learning") {
        teach.heard(news);
    } else if (news.news === "lost") {
        banner.busy(`The GPU was lost: building everything again (try ${news.tries})`);
        el("stage").dataset.lost = String(news.tries);
    } else if (news.news === "gone") {
        banner.busy();
        banner.trouble(new PageError("device-lost"));
    } else {
        banner.busy();
        el("stage").dataset.rebuilt = "true";
        // A picture that stands has to be shown to the new device.
        show.begin();
    }
}

// A failure that nobody has caught is a bug, and still a person's business.
addEventListener("error", (event) => banner.trouble(event.error ?? event.message));
addEventListener("unhandledrejection", (event) => banner.trouble(event.reason));

const able = await support();
const missing = "sentence" in able ? able : undefined;
/** Why nothing plays: a driver in software will do for who asks for it. */
const refused = asked === "webgpu" ? missing?.code !== "software" : asked === "auto" && !able.ok;
if (missing && refused) {
    banner.busy();
    banner.trouble(new PageError(missing.code, missing.sentence));
    el("advice").textContent = missing.advice;
}

const onGpu = asked === "webgpu" || (asked === "auto" && !missing);
const link = await Link.open(canvas, onGpu, heard);
const hud = new Hud(el("hud"));
hud.where = link.where;
const found = new Found(el("found"), el("summary"));
const show = new Show(link, hud, found, banner);
const boxes = new BoxControls(show, settings, (error) => banner.trouble(error));
const network = new Network(link, banner, settings, changed);
const see = new See(show, network, banner);
const teach = new Teach(link, network, banner);
// Only a GPU learns, if only one in software.
el<HTMLButtonElement>("teach").disabled = missing !== undefined && missing.code !== "software";
el("teach-why").hidden = !el<HTMLButtonElement>("teach").disabled;
el("teach-why").textContent = missing?.sentence ?? "";
new Bench(show, banner);

function changed(info: EngineInfo): void {
    hud.info = info;
    el("software").hidden = !info.adapter.software;
    el("software").textContent = info.device === "cpu" ? `The processor plays. ${why()}` : SOFTWARE;
    boxes.reset(info);
    show.begin();
}

/** What the page itself says of an adapter in software. */
const SOFTWARE = el("software").textContent;

/** Why no GPU plays, and how to get one. */
function why(): string {
    return asked === "cpu" || !missing ? "It was asked for." : `${missing.sentence} ${missing.advice}`;
}

/** The canvas has as many pixels as the screen has for it. */
function fit(): void {
    const { width, height } = el("stage").getBoundingClientRect();
    const scale = devicePixelRatio;
    const size: [number, number] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
    void link.call("resize", size).catch((error: unknown) => {
        if (codeOf(error) !== "device-lost") banner.trouble(error);
    });
}

async function screenshot(): Promise<void> {
    const [width = 0, height = 0] = (el("stage").dataset.size ?? "").split("x").map(Number);
    if (!width || !height) throw new PageError("picture", "There is no picture yet.");
    save(await link.call("screenshot", [width, height]), "yolov4.png");
}

async function detections(): Promise<void> {
    const { title, width, height, detections = [] } = await show.boxes();
    saveJson(picture(title, width, height, detections), "yolov4.json");
}

async function fullScreen(): Promise<void> {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await el("stage").requestFullscreen();
}

function act(key: Key): void {
    const acts: Record<Key, () => void> = {
        " ": () => show.pause(!show.paused),
        ArrowUp: () => boxes.step("conf", 1),
        ArrowDown: () => boxes.step("conf", -1),
        PageUp: () => boxes.step("nms", 1),
        PageDown: () => boxes.step("nms", -1),
        h: () => input("figures").click(),
        n: () => network.next(),
        p: () => {
            const list = select("precision");
            if (list.options[1]?.disabled) return;
            list.selectedIndex = 1 - list.selectedIndex;
            list.dispatchEvent(new Event("change"));
        },
        s: () => el("shot").click(),
        f: () => el("full").click(),
        c: () => see.nextCamera(),
        m: () => input("mirror").click(),
        "?": () => el<HTMLDialogElement>("keys").showModal(),
    };
    acts[key]();
}

press("pause", banner, () => show.pause(!show.paused));
press("shot", banner, screenshot);
press("json", banner, detections);
press("full", banner, fullScreen);
press("help", banner, () => el<HTMLDialogElement>("keys").showModal());
input("figures").onchange = () => (el("hud").hidden = !input("figures").checked);
const rows = KEYS.map(([name, , what]) => {
    const row = document.createElement("tr");
    const [key, does] = [document.createElement("th"), document.createElement("td")];
    [key.textContent, does.textContent] = [name, what];
    key.scope = "row";
    row.append(key, does);
    return row;
});
el("keys").querySelector("tbody")?.append(...rows);
listen(act);
new ResizeObserver(fit).observe(el("stage"));
addEventListener("visibilitychange", () => hud.interrupted());

// Even without a GPU: it may be there when somebody tries again.
await see.first();
if (!missing || !refused) await network.start();
el("stage").dataset.ready = "true";
// Last: the files of an offline page must not be in the way of the first picture.
if ("serviceWorker" in navigator) {
    try {
        await navigator.serviceWorker.register("sw.js", { scope: "./" });
        if (network.info?.device === "cpu") (await navigator.serviceWorker.ready).active?.postMessage("wasm/yolov4_cpu_bg.wasm");
    } catch {
        // Private windows have none; the page only needs the network then.
    }
}
