// Every failure: a sentence for people, and a way on.
import { Failed } from "./protocol.js";

/** What a person can do; each is a button. */
export type WayOn = "retry" | "demo" | "smaller" | "file" | "camera" | "screen" | "resume" | "delete" | "reload";

export interface Trouble {
    sentence: string;
    advice: string;
    ways: WayOn[];
    /** What another source settles. */
    about: "source" | undefined;
}

/** Troubles of cameras, screens and pictures. */
const SOURCES = ["picture", "ended", "capture", "screen", "screen-refused"];

type Row = { advice: string; ways: WayOn[]; sentence?: string };

/** By the code of the failure; where there is no sentence, the failure's own is shown. */
const TABLE: Record<string, Row> = {
    limit: { advice: "Take a smaller size, f16, or a smaller network.", ways: ["smaller", "demo"] },
    "device-lost": {
        sentence: "The GPU was lost, and could not be had again.",
        advice: "Close what else uses it, then try again.",
        ways: ["retry", "reload"],
    },
    "out-of-memory": { advice: "Take a smaller size, or close what else uses the GPU.", ways: ["smaller", "demo"] },
    model: { advice: "Choose other files, or go on with the demo network.", ways: ["file", "demo"] },
    usage: { advice: "Choose other files or settings, or go on with the demo network.", ways: ["file", "demo"] },
    picture: { advice: "Choose another picture or video.", ways: ["file"] },
    gpu: { advice: "Try again, with the demo network if that does not help.", ways: ["retry", "demo"] },
    wasm: { advice: "Reload the page; behind a proxy or a strict policy, ask whoever runs it.", ways: ["reload"] },
    "no-adapter": {
        advice: "Turn on hardware acceleration in the browser's settings, and update the graphics driver.",
        ways: ["retry", "reload"],
    },
    "no-webgpu": { advice: "Open the page in a current Chrome, Edge, Safari or Firefox.", ways: ["reload"] },
    NotAllowedError: {
        sentence: "The camera was not allowed.",
        advice: "Allow it by the sign in the address bar, then try again; or open a file.",
        ways: ["camera", "file"],
    },
    NotFoundError: {
        sentence: "There is no camera.",
        advice: "Plug one in and try again, or open a picture or a video.",
        ways: ["camera", "file"],
    },
    NotReadableError: {
        sentence: "The camera is busy: another program has it.",
        advice: "Close that program and try again, or choose another camera.",
        ways: ["camera", "file"],
    },
    OverconstrainedError: {
        sentence: "That camera is not there any more.",
        advice: "Choose another one.",
        ways: ["camera", "file"],
    },
    ended: { sentence: "The camera, or the screen, has stopped.", advice: "Plug it in again, or choose something else.", ways: ["camera", "file"] },
    insecure: {
        sentence: "Cameras and WebGPU are only there for pages that came over https or from this machine.",
        advice: "Open the page by its https address, or serve it on localhost.",
        ways: [],
    },
    "screen-refused": {
        sentence: "No part of the screen was chosen, or the browser does not allow it.",
        advice: "Try again and choose one; on some systems the browser itself needs leave to record the screen.",
        ways: ["screen", "file"],
    },
    screen: { advice: "Try again, or use a camera or a file.", ways: ["screen", "camera", "file"] },
    capture: { sentence: "This browser cannot give the screen's picture.", advice: "Use a camera or a file.", ways: ["camera", "file"] },
    cut: { advice: "What has come so far is kept: the download goes on from there.", ways: ["resume", "demo"] },
    own: { advice: "Try again; after one whole visit the page needs no network.", ways: ["reload"] },
    offline: {
        sentence: "There is no network just now.",
        advice: "The demo network and those that are kept work without one.",
        ways: ["resume", "demo"],
    },
    plain: { advice: "Look for an https address of the file, or download it and drop it here.", ways: ["file", "demo"] },
    address: { advice: "Look at the address; the server must also allow other pages to read (CORS).", ways: ["resume", "demo"] },
    lesson: { advice: "", ways: [] },
    stopped: { sentence: "It was stopped before the first step.", advice: "", ways: [] },
    QuotaExceededError: {
        sentence: "There is no room left to keep this network.",
        advice: "Delete a stored one. The network runs all the same until the page is closed.",
        ways: ["delete"],
    },
};

/** A failure of the page's own, by a code of the table. */
export class PageError extends Error {
    constructor(
        readonly code: string,
        message = TABLE[code]?.sentence ?? code,
    ) {
        super(message);
    }
}

/** What to say of any error. */
export function trouble(error: unknown): Trouble {
    const code = codeOf(error);
    const row = TABLE[code];
    const own = error instanceof Error ? error.message : String(error);
    return {
        sentence: row?.sentence ?? own,
        advice: row?.advice ?? "Reload the page; if it happens again, it is a bug worth reporting.",
        ways: row?.ways ?? ["reload"],
        about: SOURCES.includes(code) || row?.ways.includes("camera") ? "source" : undefined,
    };
}

/** The key into the table. */
export function codeOf(error: unknown): string {
    if (error instanceof Failed) return error.failure.code;
    if (error instanceof PageError) return error.code;
    return error instanceof Error ? error.name : "unknown";
}
