import { Yolov4Error } from "./errors.js";
import init, { type Engine } from "./wasm/yolov4.js";
import * as glue from "./wasm/yolov4.js";

/** Where the wasm module comes from: an address, a response, its bytes, or a compiled module. */
export type WasmSource = string | URL | Request | Response | Promise<Response> | BufferSource | WebAssembly.Module;

let loading: Promise<typeof Engine> | undefined;

/**
 * Loads the wasm module, once; a failure is not kept, so that a later call tries again.
 * @throws Yolov4Error with code `wasm` and a sentence that tells why.
 */
export function load(source?: WasmSource): Promise<typeof Engine> {
    loading ??= fetchAndStart(source ?? new URL("./wasm/yolov4_bg.wasm", import.meta.url)).catch((error: unknown) => {
        loading = undefined;
        throw error;
    });
    return loading;
}

async function fetchAndStart(source: WasmSource): Promise<typeof Engine> {
    if (typeof WebAssembly !== "object") {
        throw new Yolov4Error("wasm", "this browser has no WebAssembly");
    }
    try {
        await init({ module_or_path: source });
        return glue.Engine;
    } catch (error) {
        throw new Yolov4Error("wasm", sentence(error, source), { cause: error });
    }
}

function sentence(error: unknown, source: WasmSource): string {
    const words = error instanceof Error ? error.message : String(error);
    const where = typeof source === "string" || source instanceof URL ? String(source) : "the wasm module";
    if (/Content Security Policy|unsafe-eval/i.test(words)) {
        return `${where}: the page's Content-Security-Policy forbids WebAssembly; allow it with script-src 'wasm-unsafe-eval'`;
    }
    if (/magic (word|number)/i.test(words)) {
        return `${where}: is no wasm file; does the server answer with a page instead? (${words})`;
    }
    return `${where}: cannot be loaded: ${words}`;
}
