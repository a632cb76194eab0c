/** Whether detectors can be made here; if not, why, and what a person can do about it. */
export type Support =
    | {
          ok: true;
          /** Whether a processor does the work of a GPU: correct, and slow. */
          software: boolean;
      }
    | {
          ok: false;
          /** Why not: the page came over plain http, the browser has no WebGPU, or it has no graphics adapter. */
          code: "insecure" | "no-webgpu" | "no-adapter";
          /** What is wrong, for people. */
          sentence: string;
          /** What to do about it, for people. */
          advice: string;
      };

type Refusal = Extract<Support, { ok: false }>;

/** Asks the browser; makes no device, loads nothing, never fails. Works in windows and in workers. */
export async function support(): Promise<Support> {
    const refused = withoutWebGpu();
    if (refused) return refused;
    // Some browsers reject where others answer null.
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
    if (!adapter) return NO_ADAPTER;
    return { ok: true, software: adapter.info?.isFallbackAdapter ?? false };
}

/** Why there is no WebGPU, if there is none. */
export function withoutWebGpu(): Refusal | undefined {
    if (globalThis.isSecureContext === false) return INSECURE;
    return globalThis.navigator?.gpu ? undefined : NO_WEBGPU;
}

const INSECURE: Refusal = {
    ok: false,
    code: "insecure",
    sentence: "WebGPU is only there for pages that came over https or from this machine.",
    advice: "Open the page by its https address, or serve it on localhost.",
};

const NO_WEBGPU: Refusal = {
    ok: false,
    code: "no-webgpu",
    sentence: "This browser has no WebGPU.",
    advice:
        "Chrome and Edge have it from version 113 (on Linux: chrome://flags/#enable-unsafe-webgpu), Safari from 26, " +
        "Firefox from 141 on Windows and from 145 on Apple silicon.",
};

const NO_ADAPTER: Refusal = {
    ok: false,
    code: "no-adapter",
    sentence: "There is WebGPU, but no graphics adapter answers.",
    advice:
        "Turn on hardware acceleration in the browser's settings and update the graphics driver; chrome://gpu tells why an " +
        "adapter was refused. Chrome on Linux may want chrome://flags/#enable-unsafe-webgpu, or to be started with " +
        "--enable-unsafe-webgpu.",
};
