/** Who plays: a GPU, or the processor in this thread, by a wasm module of its own. */
export type Device = "webgpu" | "cpu";

/** Why no GPU plays, and what a person can do about it. */
export interface NoGpu {
    /** The page came over plain http, the browser has no WebGPU, it has no graphics adapter, or only one in software. */
    code: "insecure" | "no-webgpu" | "no-adapter" | "software";
    /** What is wrong, for people. */
    sentence: string;
    /** What to do about it, for people. */
    advice: string;
}

/** What plays if a detector is made here and `device` is not given; if it is not a GPU, why. */
export type Support = { ok: true; device: "webgpu" } | ({ ok: true; device: "cpu" } & NoGpu) | ({ ok: false } & NoGpu);

/** Asks the browser; makes no device, loads nothing, never fails. Works in windows and in workers. */
export async function support(): Promise<Support> {
    const refused = await withoutGpu();
    if (!refused) return { ok: true, device: "webgpu" };
    return simd() ? { ok: true, device: "cpu", ...refused } : { ok: false, ...refused };
}

/** Why no GPU is to play, if none is; one in software is no GPU. */
export async function withoutGpu(): Promise<NoGpu | undefined> {
    const refused = withoutWebGpu();
    if (refused) return refused;
    // Some browsers reject where others answer null.
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
    if (!adapter) return NO_ADAPTER;
    return adapter.info?.isFallbackAdapter ? SOFTWARE : undefined;
}

/** Why there is no WebGPU, if there is none. */
function withoutWebGpu(): NoGpu | undefined {
    if (globalThis.isSecureContext === false) return INSECURE;
    return globalThis.navigator?.gpu ? undefined : NO_WEBGPU;
}

/** Whether WebAssembly has vectors: a function that returns one is valid. */
function simd(): boolean {
    const words = "0061736d010000000105016000017b030201000a0a0108004100fd0ffd620b";
    const bytes = Uint8Array.from(words.match(/../g) ?? [], (word) => Number.parseInt(word, 16));
    return typeof WebAssembly === "object" && WebAssembly.validate(bytes);
}

const INSECURE: NoGpu = {
    code: "insecure",
    sentence: "WebGPU is only there for pages that came over https or from this machine.",
    advice: "Open the page by its https address, or serve it on localhost.",
};

const NO_WEBGPU: NoGpu = {
    code: "no-webgpu",
    sentence: "This browser has no WebGPU.",
    advice:
        "Chrome and Edge have it from version 113 (on Linux: chrome://flags/#enable-unsafe-webgpu), Safari from 26, " +
        "Firefox from 141 on Windows and from 145 on Apple silicon.",
};

const NO_ADAPTER: NoGpu = {
    code: "no-adapter",
    sentence: "There is WebGPU, but no graphics adapter answers.",
    advice:
        "Turn on hardware acceleration in the browser's settings and update the graphics driver; chrome://gpu tells why an " +
        "adapter was refused. Chrome on Linux may want chrome://flags/#enable-unsafe-webgpu, or to be started with " +
        "--enable-unsafe-webgpu.",
};

const SOFTWARE: NoGpu = {
    code: "software",
    sentence: "The only graphics adapter is a processor that poses as one.",
    advice: NO_ADAPTER.advice,
};
