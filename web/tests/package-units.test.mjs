// The package's parts that need no browser: inputs, errors, what is in flight, the figures of a benchmark, support, loading.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, test } from "node:test";
import { WEB } from "./harness.mjs";
import { part, red, turn } from "./package-part.mjs";
import { CFG } from "./smallest.mjs";

const { ModelError, UsageError, Yolov4Error, typed } = await part("errors.js");
const { read, modelName } = await part("inputs.js");
const { Gate } = await part("gate.js");
const { benchmark, quantile } = await part("benchmark.js");
const { support } = await part("support.js");
const { load } = await part("module.js");

/** A response that came from somewhere. @param {BodyInit | null} body @param {string} url @param {ResponseInit} [init] */
function from(body, url, init) {
    return Object.defineProperty(new Response(body, init), "url", { value: url });
}

describe("inputs", () => {
    /** @param {unknown} input @param {string} [what] */
    const text = async (input, what = "the model") => {
        const { bytes, name } = await read(input, what);
        return [new TextDecoder().decode(bytes), name];
    };

    test("text, bytes, views, blobs, files, responses and promises of them", async () => {
        const bytes = new TextEncoder().encode("[net]\n");
        assert.deepEqual(await text("[net]\n"), ["[net]\n", undefined]);
        assert.deepEqual(await text(bytes), ["[net]\n", undefined]);
        assert.deepEqual(await text(bytes.buffer.slice(0, 6)), ["[net]\n", undefined]);
        assert.deepEqual(await text(new DataView(bytes.buffer, 1, 3)), ["net", undefined]);
        assert.deepEqual(await text(new Blob([bytes])), ["[net]\n", undefined]);
        assert.deepEqual(await text(new File([bytes], "tiny.cfg")), ["[net]\n", "tiny.cfg"]);
        assert.deepEqual(await text(from("[net]\n", "http://a/b/my%20net.cfg?v=1")), ["[net]\n", "my net.cfg"]);
        assert.deepEqual(await text(from("[net]\n", "http://a/100%.cfg")), ["[net]\n", "100%.cfg"]);
        assert.deepEqual(await text(Promise.resolve(new Response("[net]\n"))), ["[net]\n", undefined]);
    });

    test("what is no file says what it is", async () => {
        const html = from("<!doctype html>", "http://a/x.cfg", { headers: { "content-type": "text/html; charset=utf-8" } });
        const used = from("x", "http://a/x.cfg");
        await used.text();
        for (const [input, kind, words] of /** @type {[unknown, any, RegExp][]} */ ([
            ["yolov4-tiny.cfg", UsageError, /found an address: fetch\("yolov4-tiny.cfg"\)/],
            [" https://a/b.weights\n", UsageError, /fetch\("https:\/\/a\/b.weights"\)/],
            [`data:text/plain,${"x".repeat(999)}`, UsageError, /found an address: fetch\("data:.{75}\.\.\."\)/],
            [undefined, UsageError, /found Undefined/],
            [null, UsageError, /found null/],
            [{}, UsageError, /the model: expected text, bytes, a Blob or a Response, found Object/],
            [from("", "http://a/x.cfg", { status: 404, statusText: "Not Found" }), ModelError, /^http:\/\/a\/x.cfg: the server answers 404 Not Found$/],
            [html, ModelError, /found a web page/],
            [used, ModelError, /was read before/],
            [Promise.reject(new TypeError("Failed to fetch")), ModelError, /^the model: cannot be read: Failed to fetch$/],
        ])) {
            const error = await read(input, "the model").catch((/** @type {any} */ e) => e);
            assert.ok(error instanceof kind, `${input}: ${error}`);
            assert.match(error.message, words);
        }
        const { file } = await read(from("", "http://a/x.cfg", { status: 500 }), "the model").catch((/** @type {any} */ e) => e);
        assert.equal(file, "x.cfg");
    });

    test("class names and a cfg are text, even short ones", async () => {
        for (const words of ["person", "traffic light\nbus\n", "[net]", "", "www. and co"]) assert.equal((await text(words))[0], words);
    });

    test("an aborted fetch rejects as fetch does", async () => {
        await assert.rejects(read(Promise.reject(new DOMException("stop", "AbortError")), "the model"), { name: "AbortError" });
    });

    test("a model without a name is told by its first bytes", () => {
        const bytes = new Uint8Array([9, 0, 0, 0, 0, 0, 0, 0, 0x7b]);
        assert.equal(modelName({ bytes, name: undefined }), "model.safetensors");
        assert.equal(modelName({ bytes: new Uint8Array(3), name: undefined }), "model.cfg");
        assert.equal(modelName({ bytes, name: "a.cfg" }), "a.cfg");
    });
});

describe("errors", () => {
    test("a code is a class, and what it was made from is its cause", () => {
        const names = {
            "no-webgpu": "NoWebGpuError",
            "no-adapter": "NoAdapterError",
            limit: "LimitError",
            "device-lost": "DeviceLostError",
            "out-of-memory": "OutOfMemoryError",
            picture: "PictureError",
            usage: "UsageError",
            gpu: "Yolov4Error",
        };
        for (const [code, name] of Object.entries(names)) {
            const cause = Object.assign(new Error("words"), { code });
            const error = typed(cause);
            assert.ok([Yolov4Error, Error].every((kind) => error instanceof kind));
            assert.deepEqual([error.name, error.code, error.message, error.cause], [name, code, "words", cause]);
            assert.equal(typed(error), error);
        }
        const error = typed(Object.assign(new Error("a.cfg:3: no"), { code: "model", file: "a.cfg", line: 3 }));
        assert.deepEqual([error.name, error.code, error.file, error.line], ["ModelError", "model", "a.cfg", 3]);
    });

    test("errors of others stay theirs", () => {
        for (const error of [new TypeError("x"), Object.assign(new Error("x"), { code: "ENOENT" }), "x", undefined]) {
            assert.equal(typed(error), error);
        }
    });
});

describe("the gate", () => {
    test("so many at once, the others in their order; who needs all places runs alone", async () => {
        const gate = new Gate(2);
        /** @type {string[]} */
        const log = [];
        /** @type {Record<string, (value?: unknown) => void>} */
        const end = {};
        const enter = (/** @type {string} */ name, places = 1) =>
            gate.pass(() => (log.push(name), new Promise((resolve) => (end[name] = resolve))), places);
        const all = [enter("a"), enter("b"), enter("c"), enter("alone", 2), enter("d")];
        assert.deepEqual(log, ["a", "b"], "at once where there is room");
        end.b?.();
        await turn();
        assert.deepEqual(log, ["a", "b", "c"]);
        end.a?.();
        await turn();
        assert.deepEqual(log, ["a", "b", "c"], "it waits for both places, and nobody passes it");
        end.c?.();
        await turn();
        assert.deepEqual(log, ["a", "b", "c", "alone"]);
        end.alone?.();
        await turn();
        assert.equal(log[4], "d");
        end.d?.();
        await Promise.all(all);
        await assert.rejects(gate.pass(() => Promise.reject(new Error("x"))));
        assert.equal(await gate.pass(async () => "free again", 2), "free again");
    });
});

describe("the benchmark", () => {
    const globals = /** @type {any} */ (globalThis);
    globals.ImageData = class {
        /** @param {number} width @param {number} height */
        constructor(width, height) {
            this.data = new Uint8ClampedArray(4 * width * height);
        }
    };
    const info = {
        ...{ model: "demo", size: [416, 224], classes: [], precision: "f32", conf: 0.25, nms: 0.45, dispatches: 40 },
        ...{ adapter: { name: "google swiftshader", software: true }, peakBytes: 123, gflop: 2, notes: [], choices: [] },
    };
    /** @param {number[]} times @param {any} [more] */
    const measured = (times, more = {}) => {
        let first = /** @type {number | undefined} */ (undefined);
        const detect = async () => void (first ??= 7);
        return { info, time: async () => times.shift(), detect, loaded: () => ({ version: "0.1.0", loadMs: 5, firstFrameMs: first }), ...more };
    };

    test("quantiles lie between neighbours", () => {
        assert.equal(quantile([3], 0.95), 3);
        assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5);
        assert.equal(quantile([5, 1, 3, 2, 4], 0.5), 3);
        assert.ok(Math.abs(quantile(Array.from({ length: 21 }, (_, i) => i), 0.95) - 19) < 1e-9);
    });

    test("one row in the fields of `yolov4 bench`, warm frames only", async () => {
        /** @type {[number, number][]} */
        const told = [];
        const report = await benchmark(measured([900, 800, 30, 10, 20, 40]), { frames: 4, warmup: 2, onFrame: (/** @type {[number, number]} */ ...now) => told.push(now) });
        assert.deepEqual(Object.keys(report), ["results"]);
        const [row] = report.results;
        assert.deepEqual(Object.keys(row), [
            ...["model", "size", "batch", "precision", "backend", "adapter", "driver", "software", "version", "median_ms", "p95_ms"],
            ...["min_ms", "gflops", "roof_pct", "peak_bytes", "dispatches", "load_ms", "first_frame_ms", "end_to_end_median_ms"],
        ]);
        assert.deepEqual([row.size, row.batch, row.median_ms, row.min_ms, row.gflops], ["416x224", 1, 25, 10, 80]);
        assert.ok(Math.abs(row.p95_ms - 38.5) < 1e-9);
        assert.deepEqual([row.driver, row.roof_pct, row.software, row.load_ms, row.first_frame_ms], [null, null, true, 5, 7]);
        assert.deepEqual([told.length, told[0], told.at(-1)], [12, [1, 12], [12, 12]]);
        assert.deepEqual(JSON.parse(JSON.stringify(report)), report, "nothing that JSON does not know");
    });

    test("numbers of frames that cannot be", async () => {
        for (const options of [{ frames: 0 }, { frames: 1.5 }, { warmup: -1 }, { frames: Number.NaN }]) {
            await assert.rejects(benchmark(measured([]), options), { name: "UsageError" });
        }
    });
});

describe("without a browser", () => {
    test("the package can be imported, as servers do that render pages", async () => {
        const { Detector } = await part("index.js");
        await assert.rejects(Detector.create({ name: "yolov4-tiny", device: "webgpu" }), { name: "NoWebGpuError", code: "no-webgpu" });
    });

    test("support tells what is missing", async () => {
        const globals = /** @type {any} */ (globalThis);
        assert.equal((await support()).code, "no-webgpu");
        globals.isSecureContext = false;
        assert.equal((await support()).code, "insecure");
        globals.isSecureContext = true;
        const navigator = Object.getOwnPropertyDescriptor(globals, "navigator");
        /** @param {() => Promise<unknown>} requestAdapter */
        const having = (requestAdapter) =>
            Object.defineProperty(globals, "navigator", { configurable: true, value: { gpu: { requestAdapter } } });
        having(async () => null);
        assert.match((await support()).advice, /hardware acceleration.*enable-unsafe-webgpu/);
        having(() => Promise.reject(new Error("crashed")));
        assert.equal((await support()).code, "no-adapter");
        having(async () => ({ info: { isFallbackAdapter: true } }));
        const { ok, device, code } = await support();
        assert.deepEqual({ ok, device, code }, { ok: true, device: "cpu", code: "software" });
        having(async () => ({ info: { isFallbackAdapter: false } }));
        assert.deepEqual(await support(), { ok: true, device: "webgpu" });
        having(async () => null);
        const { WebAssembly } = globals;
        delete globals.WebAssembly;
        assert.deepEqual([(await support()).ok, (await support()).code], [false, "no-adapter"], "without vectors nothing plays");
        globals.WebAssembly = WebAssembly;
        if (navigator) Object.defineProperty(globals, "navigator", navigator);
        else delete globals.navigator;
        delete globals.isSecureContext;
    });

    test("a server's processor plays too", async () => {
        const { Detector } = await part("index.js");
        const wasmCpu = readFileSync(join(WEB, "wasm/yolov4_cpu_bg.wasm"));
        const network = { model: CFG, weights: red(), wasmCpu };
        const detector = await Detector.create(network);
        assert.deepEqual([detector.info.device, detector.device], ["cpu", undefined]);
        const data = new Uint8Array(32 * 32 * 4).map((_, i) => (i % 4 === 0 || i % 4 === 3 ? 255 : 0));
        const found = await detector.detect({ format: "RGBA", width: 32, height: 32, data });
        assert.ok(found.length > 0 && found[0].score > 0.9, JSON.stringify(found));
        for (const more of [{ precision: "f16" }, { tune: "full" }]) {
            await assert.rejects(Detector.create({ ...network, ...more, device: "cpu" }), /the processor plays in f32/);
            await assert.rejects(Detector.create({ ...network, ...more }), { name: "NoWebGpuError" });
        }
        await assert.rejects(Detector.create({ ...network, device: "gpu" }), /device: expected one of auto, webgpu, cpu/);
    });

    test("a wasm module that does not come says why", async () => {
        const server = createServer(({ url }, response) => {
            if (url === "/page.wasm") response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>");
            else if (url === "/odd.wasm") response.writeHead(200, { "content-type": "text/plain" }).end("hello there");
            else response.writeHead(404, "Not Found").end();
        });
        await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
        const at = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
        try {
            for (const [source, words] of /** @type {[any, RegExp][]} */ ([
                [`${at}/gone.wasm`, /gone.wasm: cannot be loaded: the server answers 404 Not Found; the option `wasm`/],
                [fetch(`${at}/gone.wasm`), /the wasm module: cannot be loaded: the server answers 404/],
                [new URL(`${at}/page.wasm`), /page.wasm: cannot be loaded: the server answers with a web page/],
                [`${at}/odd.wasm`, /odd.wasm: cannot be loaded: it is no wasm file/],
                [new URL("file:///yolov4_bg.wasm"), /pages that were opened as files cannot fetch/],
            ])) {
                await assert.rejects(load(source), (/** @type {any} */ error) => error.code === "wasm" && words.test(error.message));
            }
        } finally {
            server.close();
            server.closeAllConnections();
        }
        const globals = /** @type {any} */ (globalThis);
        const { WebAssembly } = globals;
        delete globals.WebAssembly;
        await assert.rejects(load(`${at}/x.wasm`), /this browser has no WebAssembly/);
        globals.WebAssembly = WebAssembly;
    });
});
