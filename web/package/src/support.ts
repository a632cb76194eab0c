/** Whether detectors can be made here; if not, why, and what a person can do about it. */
export type Support =
    | { ok: true; software: boolean }
    | { ok: false; code: "insecure" | "no-webgpu" | "no-adapter"; sentence: string; advice: string };

/** Asks the browser; makes no device. Works in windows and in workers. */
export async function support(): Promise<Support> {
    if (!globalThis.isSecureContext) {
        return {
            ok: false,
            code: "insecure",
            sentence: "WebGPU is only there for pages that came over https or from this machine.",
            advice: "Open the page by its https address, or serve it on localhost.",
        };
    }
    if (!navigator.gpu) {
        return {
            ok: false,
            code: "no-webgpu",
            sentence: "This browser has no WebGPU.",
            advice:
                "Chrome and Edge have it from version 113 (on Linux: chrome://flags/#enable-unsafe-webgpu), Safari from 26, " +
                "Firefox from 141 on Windows and from 145 on Apple silicon.",
        };
    }
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) {
        return {
            ok: false,
            code: "no-adapter",
            sentence: "There is WebGPU, but no graphics adapter answers.",
            advice:
                "Turn on hardware acceleration in the browser's settings and update the graphics driver; " +
                "chrome://gpu tells why an adapter was refused.",
        };
    }
    return { ok: true, software: adapter.info?.isFallbackAdapter ?? false };
}
