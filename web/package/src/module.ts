import { Yolov4Error } from "./errors.js";
import * as glue from "./wasm/yolov4.js";

/** Where the wasm module comes from: an address, a response, its bytes, or a compiled module. */
export type WasmSource = string | URL | Request | Response | Promise<Response> | BufferSource | WebAssembly.Module;

/** A module that is loaded once; a failure is not kept, so that a later call tries again. */
class Once<T> {
    #loading: Promise<T> | undefined;

    get(start: () => Promise<T>): Promise<T> {
        this.#loading ??= start().catch((error: unknown) => {
            this.#loading = undefined;
            throw error;
        });
        return this.#loading;
    }
}

const gpu = new Once<typeof glue>();
const cpu = new Once<typeof import("./wasm/yolov4_cpu.js")>();
const training = new Once<typeof import("./wasm/yolov4_train.js")>();

/**
 * Loads the module for GPUs, once.
 * @throws Yolov4Error with code `wasm` and a sentence that tells why.
 */
export function load(source?: WasmSource): Promise<typeof glue> {
    return gpu.get(async () => {
        await start(glue.default, source ?? new URL("./wasm/yolov4_bg.wasm", import.meta.url), "wasm");
        return glue;
    });
}

/**
 * Loads the module for processors, once.
 * @throws As `load`.
 */
export function loadCpu(source?: WasmSource): Promise<typeof import("./wasm/yolov4_cpu.js")> {
    return cpu.get(async () => {
        // Nobody with a GPU needs it.
        const module = await import("./wasm/yolov4_cpu.js");
        await start(module.default, source ?? new URL("./wasm/yolov4_cpu_bg.wasm", import.meta.url), "wasmCpu");
        return module;
    });
}

/**
 * Loads the module for training, once.
 * @throws As `load`.
 */
export function loadTraining(source?: WasmSource): Promise<typeof import("./wasm/yolov4_train.js")> {
    return training.get(async () => {
        const module = await import("./wasm/yolov4_train.js");
        await start(module.default, source ?? new URL("./wasm/yolov4_train_bg.wasm", import.meta.url), "wasm");
        return module;
    });
}

type Init = (given: { module_or_path: Response | BufferSource | WebAssembly.Module }) => Promise<unknown>;

async function start(init: Init, source: WasmSource, option: string): Promise<void> {
    const where = address(source);
    if (typeof WebAssembly !== "object") throw failure(where, "this browser has no WebAssembly");
    const given = await fetched(source, where, option);
    try {
        await init({ module_or_path: given });
    } catch (error) {
        throw failure(where, why(error), error);
    }
}

/** What is compiled: a response while it comes if its type allows that, else its bytes. */
async function fetched(source: WasmSource, where: string, option: string): Promise<Response | BufferSource | WebAssembly.Module> {
    let answer: Response | BufferSource | WebAssembly.Module;
    try {
        const asked = typeof source === "string" || source instanceof URL || source instanceof Request;
        answer = await (asked ? fetch(source) : source);
    } catch (error) {
        const file = where.startsWith("file:") ? "; pages that were opened as files cannot fetch: serve them" : "";
        throw failure(where, `${words(error)}; is the network there, and does connect-src allow it?${file}`, error);
    }
    if (!(answer instanceof Response)) return answer;
    if (!answer.ok) {
        const status = `${answer.status} ${answer.statusText}`.trim();
        throw failure(where, `the server answers ${status}; the option \`${option}\` tells where the file is`);
    }
    const type = answer.headers.get("content-type") ?? "";
    if (/^text\/html\b/i.test(type)) {
        throw failure(where, `the server answers with a web page (text/html); the option \`${option}\` tells where the file is`);
    }
    if (/^application\/wasm\b/i.test(type)) return answer;
    try {
        return await answer.arrayBuffer();
    } catch (error) {
        throw failure(where, words(error), error);
    }
}

function address(source: WasmSource): string {
    if (typeof source === "string" || source instanceof URL) return String(source);
    return (source instanceof Request || source instanceof Response) && source.url ? source.url : "the wasm module";
}

function why(error: unknown): string {
    const found = words(error);
    // Chromium and Safari name the directive, Firefox the policy.
    if (/Content Security Policy|unsafe-eval|blocked by CSP/i.test(found)) {
        return "the page's Content-Security-Policy forbids WebAssembly; script-src 'wasm-unsafe-eval' allows it";
    }
    return /magic|empty|BufferSource/i.test(found) ? `it is no wasm file (${found})` : found;
}

function words(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

function failure(where: string, sentence: string, cause?: unknown): Yolov4Error {
    return new Yolov4Error("wasm", `${where}: cannot be loaded: ${sentence}`, { cause });
}
