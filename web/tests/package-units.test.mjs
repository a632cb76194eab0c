// The package's parts that need no browser: inputs, errors, ways of frames, loops over videos, the figures of a benchmark.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { WEB } from "./harness.mjs";

/** @param {string} name @returns {Promise<any>} */
const part = (name) => import(pathToFileURL(join(WEB, "package/dist", name)).href);
const { ModelError, PictureError, UsageError, Yolov4Error, typed } = await part("errors.js");
const { read, modelName } = await part("inputs.js");
const { Frames } = await part("frames.js");
const { matrixOf, swapped, planes } = await part("planes.js");
const { Gate } = await part("gate.js");
const { watch, checked } = await part("watch.js");
const { benchmark, quantile } = await part("benchmark.js");
const { support } = await part("support.js");
const { load } = await part("module.js");

/** Whatever else is to be done, done. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

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
        const error = await read(Promise.reject(new DOMException("stop", "AbortError")), "the model").catch((/** @type {any} */ e) => e);
        assert.equal(error.name, "AbortError");
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
            assert.ok(error instanceof Yolov4Error && error instanceof Error);
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

/** A source that calls itself `kind`. @param {string} kind @param {object} [more] */
const source = (kind, more = {}) => ({ [Symbol.toStringTag]: kind, width: 4, height: 2, ...more });

describe("ways of frames", () => {
    /** Takes what `good` says and refuses the rest. @param {(source: any) => boolean} good */
    const taker = (good) => async (/** @type {any} */ source) => {
        if (good(source)) return "done";
        throw Object.assign(new Error("refused"), { code: "picture" });
    };
    const globals = /** @type {any} */ (globalThis);

    test("a way is found by trying, for each kind of source, and kept", async () => {
        let made = 0;
        globals.createImageBitmap = async () => source("ImageBitmap", { made: (made += 1), close() {} });
        const frames = new Frames();
        assert.equal(frames.path, undefined);
        const tried = [];
        const use = async (/** @type {any} */ one) => {
            tried.push(one);
            return taker(({ made }) => made)(one);
        };
        const canvas = source("OffscreenCanvas");
        await frames.feed(canvas, use);
        assert.equal(frames.path, "bitmap");
        await frames.feed(canvas, use);
        assert.equal(tried.length, 3, "the second time it begins where the first has ended");
        await frames.feed(source("ImageBitmap"), taker(() => true));
        assert.equal(frames.path, "copy", "another kind begins at the top");
    });

    test("two frames at once learn the same", async () => {
        globals.createImageBitmap = async () => source("ImageBitmap", { made: true, close() {} });
        const frames = new Frames();
        const canvas = source("OffscreenCanvas");
        const use = taker(({ made }) => made);
        await Promise.all([frames.feed(canvas, use), frames.feed(canvas, use)]);
        assert.equal(frames.path, "bitmap");
    });

    test("a source that no way takes spoils nothing, and its first refusal is told", async () => {
        globals.createImageBitmap = async () => {
            throw new Error("second words");
        };
        const frames = new Frames();
        const image = source("HTMLImageElement", { naturalWidth: 4, naturalHeight: 2 });
        const foreign = async () => {
            throw Object.assign(new Error("the source is not origin-clean"), { code: "picture" });
        };
        await assert.rejects(frames.feed(image, foreign), (/** @type {any} */ error) => {
            assert.ok(error instanceof PictureError);
            assert.match(error.message, /not origin-clean: .*CORS.*crossorigin/);
            return true;
        });
        await frames.feed(image, taker(() => true));
        assert.equal(frames.path, "copy");
    });

    test("other failures are no refusals", async () => {
        const lost = Object.assign(new Error("gone"), { code: "device-lost" });
        const fail = new Frames().feed(source("OffscreenCanvas"), () => Promise.reject(lost));
        await assert.rejects(fail, { name: "DeviceLostError" });
    });

    test("what has no pixels says so before anything is tried", async () => {
        const never = () => assert.fail("tried");
        for (const [one, words] of /** @type {[object, RegExp][]} */ ([
            [source("HTMLVideoElement", { videoWidth: 0, videoHeight: 0, readyState: 0 }), /the video: has no frame yet/],
            [source("HTMLVideoElement", { videoWidth: 4, videoHeight: 2, readyState: 1 }), /the video: has no frame yet/],
            [source("HTMLImageElement", { naturalWidth: 0, naturalHeight: 0 }), /the image: is not loaded/],
            [source("VideoFrame", { displayWidth: 0, displayHeight: 0 }), /the frame: was closed/],
            [source("ImageBitmap", { width: 0, height: 0 }), /the bitmap: was closed/],
            [source("OffscreenCanvas", { width: 7, height: 0 }), /the canvas: has no pixels, it is 7x0/],
        ])) {
            await assert.rejects(new Frames().feed(one, never), (/** @type {any} */ e) => e instanceof PictureError && words.test(e.message));
        }
        for (const strange of ["street.jpg", undefined, null, 7, {}, source("HTMLDivElement")]) {
            await assert.rejects(new Frames().feed(strange, never), { name: "UsageError" });
        }
    });

    test("samples and pixels go as they are", async () => {
        const samples = { format: "RGBA", width: 1, height: 1, data: new Uint8Array(4) };
        const frames = new Frames();
        assert.equal(await frames.feed(samples, async (/** @type {unknown} */ given) => given), samples);
        assert.equal(frames.path, undefined);
    });

    test("matrices: what is told, else what is usual at that height", () => {
        assert.deepEqual(["bt709", "bt470bg", "smpte170m"].map((matrix) => matrixOf(matrix, 100)), ["bt709", "bt601", "bt601"]);
        assert.deepEqual([480, 719, 720, 1080].map((height) => matrixOf(null, height)), ["bt601", "bt601", "bt709", "bt709"]);
        assert.deepEqual(["rgb", "bt2020-ncl"].map((matrix) => matrixOf(matrix, 720)), [undefined, undefined]);
    });

    test("planes: native where the kernel knows them, swapped, converted, or refused", async () => {
        /** A browser's frame. @param {object} own @param {boolean} converts */
        globals.VideoFrame = class {
            constructor(/** @type {any} */ own, /** @type {boolean} */ converts) {
                Object.assign(this, { visibleRect: { width: 2, height: 2 }, colorSpace: { matrix: null, fullRange: null } }, own);
                this.converts = converts;
            }
            /** @param {any} [options] */
            allocationSize(options) {
                return this.converts && options?.format ? 16 : /** @type {any} */ (this).bytes;
            }
            /** @param {Uint8Array} data */
            async copyTo(data) {
                data.forEach((_, i) => (data[i] = i));
            }
        };
        const { VideoFrame } = globals;
        const seen = { width: 2, height: 2 };
        const nv12 = await planes(new VideoFrame({ format: "NV12", bytes: 6, colorSpace: { matrix: "bt709", fullRange: true } }), seen);
        assert.deepEqual({ ...nv12, data: nv12.data.length }, { format: "NV12", ...seen, data: 6, matrix: "bt709", fullRange: true });
        const i420 = await planes(new VideoFrame({ format: "I420", bytes: 6 }), seen);
        assert.deepEqual([i420.format, i420.matrix, i420.fullRange], ["I420", "bt601", false]);
        const bgra = await planes(new VideoFrame({ format: "BGRX", bytes: 16 }), seen);
        assert.deepEqual([bgra.format, [...bgra.data.slice(0, 5)]], ["RGBA", [2, 1, 0, 3, 6]]);
        const wide = { format: "NV12", bytes: 6, colorSpace: { matrix: "bt2020-ncl", fullRange: false } };
        assert.equal((await planes(new VideoFrame(wide, true), seen)).format, "RGBA");
        for (const [frame, words] of [
            [new VideoFrame(wide, false), /NV12, which this browser does not convert/],
            [new VideoFrame({ format: null, bytes: 16 }, false), /of no known layout/],
            [new VideoFrame({ format: "I420", bytes: 6, rotation: 180 }), /not upright/],
            [new VideoFrame({ format: "I420", bytes: 6, visibleRect: { width: 4, height: 2 } }), /4x2, not upright or not square/],
        ]) {
            await assert.rejects(planes(frame, seen), (/** @type {any} */ error) => words.test(error.message));
        }
        delete globals.VideoFrame;
        delete globals.createImageBitmap;
        assert.deepEqual([...swapped(new Uint8Array([1, 2, 3, 4, 5]))], [3, 2, 1, 4, 5]);
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

/** A video that shows a frame when it is told to. */
class Video extends EventTarget {
    videoWidth = 4;
    videoHeight = 2;
    readyState = 4;
    currentTime = 0;
    ended = false;
    /** @type {{ message: string } | null} */
    error = null;
    /** @type {Map<number, () => void>} */
    asked = new Map();
    #last = 0;
    listeners = 0;

    /** @param {() => void} call */
    requestVideoFrameCallback = (call) => (this.asked.set((this.#last += 1), call), this.#last);
    /** @param {number} handle */
    cancelVideoFrameCallback = (handle) => void this.asked.delete(handle);

    show() {
        this.currentTime += 1;
        const calls = [...this.asked.values()];
        this.asked.clear();
        calls.forEach((call) => call());
    }

    end() {
        this.ended = true;
        this.dispatchEvent(new Event("ended"));
    }

    /** @param {[string, any]} args */
    addEventListener(...args) {
        this.listeners += 1;
        super.addEventListener(...args);
    }

    /** @param {[string, any]} args */
    removeEventListener(...args) {
        this.listeners -= 1;
        super.removeEventListener(...args);
    }
}

describe("watch", () => {
    const detect = async (/** @type {any} */ video) => [{ at: video.currentTime }];
    /** @param {any} video @param {any} [how] @param {AbortSignal[]} [signals] @returns {AsyncGenerator<any>} */
    const looking = (video, how = detect, signals = []) => watch(how, video, signals);

    test("every frame once, until the video ends", async () => {
        const video = new Video();
        const loop = looking(video);
        assert.deepEqual((await loop.next()).value, [{ at: 0 }], "the frame that is there");
        const second = loop.next();
        await turn();
        video.show();
        assert.deepEqual((await second).value, [{ at: 1 }]);
        const third = loop.next();
        await turn();
        video.end();
        assert.ok((await third).done);
        assert.deepEqual([video.asked.size, video.listeners], [0, 0], "nothing stays behind");
    });

    test("frames that come meanwhile are dropped but for the newest, and the last one counts", async () => {
        const video = new Video();
        const loop = looking(video);
        await loop.next();
        for (let i = 0; i < 5; i += 1) video.show();
        video.end();
        assert.deepEqual((await loop.next()).value, [{ at: 5 }]);
        assert.ok((await loop.next()).done);
    });

    test("a video without frames yet is waited for", async () => {
        const video = new Video();
        video.readyState = 0;
        const loop = looking(video);
        const first = loop.next();
        await turn();
        video.readyState = 4;
        video.show();
        assert.deepEqual((await first).value, [{ at: 1 }]);
        await loop.return(undefined);
        assert.deepEqual([video.asked.size, video.listeners], [0, 0]);
    });

    test("a signal ends it, whatever it waits for", async () => {
        for (const how of [detect, () => new Promise(() => {})]) {
            const video = new Video();
            const stop = new AbortController();
            const loop = looking(video, how, [new AbortController().signal, stop.signal]);
            if (how === detect) await loop.next();
            const next = loop.next();
            await turn();
            stop.abort();
            assert.ok((await next).done);
            assert.deepEqual([video.asked.size, video.listeners], [0, 0]);
        }
        assert.ok((await looking(new Video(), detect, [AbortSignal.abort()]).next()).done);
    });

    test("failures are told, and end it", async () => {
        const video = new Video();
        await assert.rejects(looking(video, () => Promise.reject(new Error("lost"))).next(), /lost/);
        assert.equal(video.listeners, 0);
        const broken = new Video();
        const loop = looking(broken);
        await loop.next();
        const next = loop.next();
        await turn();
        broken.error = { message: "no decoder" };
        broken.dispatchEvent(new Event("error"));
        await assert.rejects(next, /the video cannot be played: no decoder/);
    });

    test("browsers that do not tell of frames are asked at every drawing of the screen", async () => {
        const globals = /** @type {any} */ (globalThis);
        globals.requestAnimationFrame = (/** @type {() => void} */ call) => setTimeout(call, 1);
        globals.cancelAnimationFrame = clearTimeout;
        const video = Object.assign(new Video(), { requestVideoFrameCallback: undefined });
        const loop = looking(video);
        await loop.next();
        let settled = false;
        const next = loop.next().finally(() => (settled = true));
        await new Promise((resolve) => setTimeout(resolve, 20));
        assert.equal(settled, false, "the same frame is not a new one");
        video.currentTime = 7;
        assert.deepEqual((await next).value, [{ at: 7 }]);
        await loop.return(undefined);
        delete globals.requestAnimationFrame;
        delete globals.cancelAnimationFrame;
    });

    test("tracks by their processor: frames are closed, and the reader let go", async () => {
        const globals = /** @type {any} */ (globalThis);
        assert.throws(() => checked({ [Symbol.toStringTag]: "MediaStream" }), /found MediaStream: take one of its getVideoTracks/);
        assert.throws(() => checked("video"), { name: "UsageError" });
        globals.MediaStreamTrack = class {};
        const track = new globals.MediaStreamTrack();
        checked(track);
        await assert.rejects(looking(track).next(), /gives no frames of a track/);
        let closed = 0;
        let cancelled = false;
        let left = 2;
        globals.MediaStreamTrackProcessor = class {
            readable = new ReadableStream({
                pull(controller) {
                    if ((left -= 1) < 0) return controller.close();
                    controller.enqueue({ currentTime: left, close: () => (closed += 1) });
                },
                cancel: () => void (cancelled = true),
            }, { highWaterMark: 0 });
        };
        const seen = [];
        for await (const boxes of looking(track)) seen.push(boxes);
        assert.deepEqual([seen.length, closed, cancelled], [2, 2, false]);
        left = 9;
        for await (const _ of looking(track)) break;
        await turn();
        assert.deepEqual([closed, cancelled], [3, true]);
        delete globals.MediaStreamTrack;
        delete globals.MediaStreamTrackProcessor;
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
        const report = await benchmark(measured([900, 800, 30, 10, 20, 40]), { frames: 4, warmup: 2, onFrame: (...now) => told.push(now) });
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
        await assert.rejects(Detector.create({ name: "yolov4-tiny" }), { name: "NoWebGpuError", code: "no-webgpu" });
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
        assert.deepEqual(await support(), { ok: true, software: true });
        if (navigator) Object.defineProperty(globals, "navigator", navigator);
        else delete globals.navigator;
        delete globals.isSecureContext;
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
