// What the npm package promises, in a page: ways of frames, what is in flight, ends, typed failures, memory.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT, WEB, launch, open, serve } from "./harness.mjs";
import { red } from "./package-part.mjs";
import { CFG } from "./smallest.mjs";

/** @type {Awaited<ReturnType<typeof launch>>} */
let session;
/** A folder that is served: the package as it is, and pages of the tests. */
const folder = mkdtempSync(join(tmpdir(), "yolov4-package-"));
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** One page, with one detector: building takes longer than what it is asked. @type {Awaited<ReturnType<typeof open>>} */
let shared;

before(async () => {
    cpSync(join(WEB, "package/dist"), join(folder, "dist"), { recursive: true });
    cpSync(join(ROOT, "assets/images/crossing.jpg"), join(folder, "picture.jpg"));
    writeFileSync(join(folder, "tiny.cfg"), CFG.replace("stride=32", "stride=1"));
    writeFileSync(join(folder, "tiny.weights"), red());
    const page = (/** @type {string} */ head) => `<!doctype html><title>test</title>${head}<link rel="icon" href="data:,">`;
    writeFileSync(join(folder, "index.html"), page(""));
    const policy = "script-src 'self' 'unsafe-inline'";
    writeFileSync(join(folder, "strict.html"), page(`<meta http-equiv="Content-Security-Policy" content="${policy}">`));
    server = await serve(folder);
    session = await launch({ flags: ["--enable-precise-memory-info"] });
    shared = await open(session.browser);
    await shared.page.goto(server.url);
    await shared.page.evaluate(async () => {
        const at = (/** @type {string} */ path) => new URL(path, location.href).href;
        const yolov4 = await import(at("dist/index.js"));
        const tiny = (/** @type {object} */ more) =>
            yolov4.Detector.create({ model: fetch(at("tiny.cfg")), weights: fetch(at("tiny.weights")), device: "webgpu", ...more });
        const end = (/** @type {Promise<unknown>} */ work) => {
            const late = new Promise((resolve) => setTimeout(resolve, 60_000, "hangs"));
            return Promise.race([work.then(() => "done", (error) => error.name), late]);
        };
        const demo = await (await fetch(at("dist/demo.safetensors"))).arrayBuffer();
        const picture = await (await fetch(at("picture.jpg"))).blob();
        Object.assign(globalThis, { given: { yolov4, demo, picture, tiny, end, detector: await tiny({}) } });
    });
});

after(async () => {
    await session?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
});

/**
 * @typedef {object} Given
 * @property {typeof import("../package/src/index.js")} yolov4 The package.
 * @property {ArrayBuffer} demo The demo network.
 * @property {Blob} picture A scene.
 * @property {(more?: object) => Promise<import("../package/src/index.js").Detector>} tiny Makes a detector of the smallest network there is.
 * @property {import("../package/src/index.js").Detector} detector Such a one, for every test.
 * @property {(work: Promise<unknown>) => Promise<string>} end How something ends, or that it hangs.
 */

/**
 * Runs a function in the page of all tests.
 * @template T
 * @param {(given: Given) => Promise<T>} run
 * @param {boolean} [mutter] Whether complaints on the console belong to it.
 * @returns {Promise<T>}
 */
async function inside(run, mutter) {
    const { page, complaints } = shared;
    complaints.length = 0;
    const value = await page.evaluate(async (text) => new Function(`return (${text})`)()(/** @type {any} */ (globalThis).given), String(run));
    if (!mutter) assert.deepEqual(complaints, []);
    return value;
}

describe("the package in a page", { concurrency: false }, () => {
    test("watches a video until it is told to stop", async () => {
        const seen = await inside(async ({ detector, picture }) => {
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [160, 120];
            const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
            const bitmap = await createImageBitmap(picture);
            const timer = setInterval(() => context.drawImage(bitmap, 0, 0, 160, 120), 30);
            const video = document.createElement("video");
            video.srcObject = canvas.captureStream();
            video.muted = true;
            const early = await detector.detect(video).catch((/** @type {Error} */ error) => `${error.name}: ${error.message}`);
            await video.play();
            /** @type {number[]} */
            const counts = [];
            for await (const boxes of detector.watch(video)) if (counts.push(boxes.length) === 3) break;
            const stop = new AbortController();
            let aborted = 0;
            for await (const _ of detector.watch(video, { signal: stop.signal })) if ((aborted += 1) === 2) stop.abort();
            let track = 0;
            const [first] = canvas.captureStream().getVideoTracks();
            for await (const _ of detector.watch(/** @type {MediaStreamTrack} */ (first))) if ((track += 1) === 2) break;
            clearInterval(timer);
            return { early, counts, aborted, track, path: detector.framePath };
        });
        assert.equal(seen.early, "PictureError: the video: has no frame yet; wait for its event `loadeddata`");
        assert.ok(seen.counts.every((/** @type {number} */ count) => count > 0), String(seen.counts));
        assert.deepEqual([seen.aborted, seen.track, seen.path], [2, 2, "copy"]);
    });

    test("measures which kernels are the fastest once, and keeps it", async () => {
        const seen = await inside(async ({ tiny }) => {
            const plain = await (await fetch("tiny.cfg")).text();
            // One convolution that several kernels can do.
            const model = plain.replace("size=1", "size=3").replace("pad=0", "pad=1");
            /** Whether a table of measurements is in the browser's own store. */
            const kept = async () => {
                if (!(await indexedDB.databases()).some(({ name }) => name === "yolov4-wgpu")) return false;
                const request = indexedDB.open("yolov4-wgpu");
                await new Promise((resolve) => (request.onsuccess = resolve));
                const count = request.result.transaction("tuned").objectStore("tuned").count();
                await new Promise((resolve) => (count.onsuccess = resolve));
                request.result.close();
                return count.result > 0;
            };
            /** @type {number[]} */
            const steps = [];
            for (const tune of ["off", "quick", "quick", "auto"]) {
                let all = 0;
                const onProgress = (/** @type {number} */ _, /** @type {number} */ of) => (all = of);
                const detector = await tiny({ model, weights: undefined, randomWeights: 1, tune, onProgress });
                detector.dispose();
                steps.push(all);
                // It is kept beside what the detector does.
                while (tune === "quick" && !(await kept())) await new Promise((resolve) => setTimeout(resolve, 20));
            }
            const wrong = await tiny({ tune: "fast" }).catch((/** @type {Error} */ error) => `${error.name}: ${error.message}`);
            return { steps, wrong };
        });
        assert.deepEqual(seen.steps, [1, 2, 1, 1], "kernels to build, and shapes to measure");
        assert.equal(seen.wrong, "UsageError: tune: expected one of auto, off, quick, full, found `fast`");
    });

    test("finds the same boxes by every way of a frame", async () => {
        const seen = await inside(async ({ yolov4, demo, picture }) => {
            const detector = await yolov4.Detector.create({ model: demo, size: 160, device: "webgpu" });
            const bitmap = await createImageBitmap(picture);
            const { copyExternalImageToTexture: copy } = GPUQueue.prototype;
            const { VideoFrame } = globalThis;
            /** @type {Record<string, { name: string, box: number[] }[]>} */
            const found = {};
            /** @param {string} as @param {any} source @param {(kind: string) => boolean} refuses */
            const look = async (as, source, refuses) => {
                GPUQueue.prototype.copyExternalImageToTexture = function (/** @type {GPUCopyExternalImageSourceInfo} */ from, /** @type {any} */ to, /** @type {any} */ extent) {
                    if (refuses(Object.prototype.toString.call(from.source))) throw new TypeError("not this one");
                    return copy.call(this, from, to, extent);
                };
                const boxes = await detector.detect(source);
                found[`${as} by ${detector.framePath}`] = boxes.map(({ name, box }) => ({ name, box }));
            };
            const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
            canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
            const frame = new VideoFrame(canvas, { timestamp: 0 });
            const { width, height } = canvas;
            // I420 of the standard's own formulas, full range.
            const rgba = /** @type {ImageData} */ (canvas.getContext("2d")?.getImageData(0, 0, width, height)).data;
            const yuv = new Uint8Array((width * height * 3) / 2);
            for (let y = 0; y < height; y += 1) {
                for (let x = 0; x < width; x += 1) {
                    const [r = 0, g = 0, b = 0] = rgba.subarray(4 * (y * width + x));
                    const luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
                    yuv[y * width + x] = luma;
                    const at = (y >> 1) * (width / 2) + (x >> 1);
                    yuv[width * height + at] = 128 + (b - luma) / 1.8556;
                    yuv[(width * height * 5) / 4 + at] = 128 + (r - luma) / 1.5748;
                }
            }
            const colorSpace = { matrix: "bt709", primaries: "bt709", transfer: "iec61966-2-1", fullRange: true };
            const shape = { format: "I420", codedWidth: width, codedHeight: height, timestamp: 0, colorSpace };
            const decoded = new VideoFrame(yuv, /** @type {VideoFrameBufferInit} */ (shape));
            await look("pixels", canvas.getContext("2d")?.getImageData(0, 0, width, height), () => false);
            await look("frame", frame, () => false);
            await look("frame", frame, (kind) => kind === "[object VideoFrame]");
            await look("decoded", decoded, (kind) => kind === "[object VideoFrame]");
            delete (/** @type {any} */ (globalThis).VideoFrame);
            await look("canvas", canvas, (kind) => kind === "[object OffscreenCanvas]");
            await look("bitmap", bitmap, () => true);
            await look("canvas", canvas, () => true);
            Object.assign(globalThis, { VideoFrame });
            GPUQueue.prototype.copyExternalImageToTexture = copy;
            [frame, decoded].forEach((one) => one.close());
            detector.dispose();
            return found;
        });
        const ways = Object.keys(seen);
        const usual = ["frame by copy", "frame by planes", "decoded by planes", "canvas by bitmap", "bitmap by canvas", "canvas by canvas"];
        assert.deepEqual(ways.slice(1), usual);
        /** @type {{ name: string, box: number[] }[][]} */
        const [pixels = [], ...others] = Object.values(seen);
        assert.ok(pixels.some(({ name }) => name === "stop"), JSON.stringify(pixels));
        for (const [i, other] of others.entries()) {
            assert.deepEqual(other.map(({ name }) => name), pixels.map(({ name }) => name), ways[i + 1]);
            const apart = Math.max(...other.flatMap(({ box }, k) => box.map((side, j) => Math.abs(side - (pixels[k]?.box[j] ?? 0)))));
            assert.ok(apart < 4, `${ways[i + 1]}: ${apart} pixels apart`);
        }
    });

    test("takes whatever is asked for at once", async () => {
        const ends = await inside(async ({ detector, picture, end }) => {
            detector.attach(new OffscreenCanvas(80, 60));
            const frame = await createImageBitmap(picture, { resizeWidth: 80, resizeHeight: 60 });
            const jobs = [];
            for (let i = 0; i < 8; i += 1) {
                jobs.push(detector.detect(frame), detector.show(frame), detector.show(frame, { boxes: true }), detector.again());
            }
            const ends = await Promise.all(jobs.map(end));
            const report = await detector.again({ boxes: true });
            const boxes = await detector.detect(frame);
            const same = JSON.stringify(structuredClone(boxes)) === JSON.stringify(boxes);
            structuredClone(detector.info);
            const more = await end(detector.detect(new Blob(["no picture"], { type: "image/png" })));
            return { ends: [...new Set(ends)], again: report?.detections?.length === boxes.length, boxes: boxes.length, same, more };
        });
        assert.deepEqual(ends, { ends: ["done"], again: true, boxes: ends.boxes, same: true, more: "PictureError" });
        assert.ok(ends.boxes > 0);
    });

    test("has typed errors with located sentences", async () => {
        const errors = await inside(async ({ yolov4, demo, detector }) => {
            const about = (/** @type {any} */ error) => {
                const { name, code, message, file, line } = error;
                return { name, code, message, file, line, ours: error instanceof yolov4.Yolov4Error };
            };
            const of = async (/** @type {any} */ options) => about(await yolov4.Detector.create({ device: "webgpu", ...options }).catch((/** @type {any} */ error) => error));
            const set = (/** @type {any} */ values) => {
                try {
                    return about(Object.assign(detector, values));
                } catch (error) {
                    return about(error);
                }
            };
            const short = { format: /** @type {const} */ ("RGBA"), width: 9, height: 9, data: new Uint8Array(9) };
            return [
                await of({ model: new File(["[net]\nwidth=32\nheight=32\nchannels=3\n[convolutional]\nsise=3\n"], "odd.cfg"), weights: "" }),
                await of({ model: demo, size: 100 }),
                await of({ name: "yolov9" }),
                await of({ model: demo, conf: 2 }),
                await of({}),
                await of({ model: fetch("nothing.cfg") }),
                await of({ model: "tiny.cfg" }),
                set({ conf: 2 }),
                set({ nms: Number.NaN }),
                set({ classes: ["0", "unicorn"] }),
                about(await detector.detect(short).catch((error) => error)),
                about(await detector.detect(/** @type {any} */ ("picture.jpg")).catch((error) => error)),
            ];
        }, true);
        assert.ok(errors.every((/** @type {{ ours: boolean }} */ { ours }) => ours), JSON.stringify(errors));
        assert.deepEqual([errors[0]?.name, errors[0]?.file, errors[0]?.line], ["ModelError", "odd.cfg", 6]);
        const words = [/./, /100/, /yolov9/, /conf: expected 0 to 1, found 2/, /no model/, /nothing.cfg: the server answers 404/, /found an address/];
        words.push(/conf: expected 0 to 1, found 2/, /nms: expected 0 to 1, found NaN/, /there is no class `unicorn` among the 1/, /expected 324 bytes .* found 9/, /found String/);
        words.forEach((pattern, i) => assert.match(errors[i]?.message ?? "", pattern));
    });

    test("says which policy forbids its wasm file", async () => {
        const { page } = await open(session.browser);
        await page.goto(`${server.url}strict.html`);
        const message = await page.evaluate(async () => {
            const { Detector } = await import(new URL("dist/index.js", location.href).href);
            return Detector.create({ name: "yolov4-tiny", device: "webgpu" }).catch((/** @type {any} */ error) => `${error.code}: ${error.message}`);
        });
        assert.match(message, /^wasm: .*yolov4_bg.wasm: cannot be loaded: the page's Content-Security-Policy forbids .*'wasm-unsafe-eval'/);
        await page.close();
    });

    test("measures itself", async () => {
        const { results } = await inside(async ({ detector }) => detector.benchmark({ frames: 3, warmup: 1 }));
        const [row] = results;
        assert.ok(row && row.median_ms > 0 && row.min_ms <= row.median_ms && row.median_ms <= row.p95_ms);
        assert.ok(row.end_to_end_median_ms > 0 && row.load_ms > 0 && (row.first_frame_ms ?? 0) > 0);
        assert.deepEqual([row.size, row.batch, row.precision, row.software], ["32x32", 1, "f32", true]);
        // What `yolov4 bench` writes, but for the times that only it can take.
        const { items } = JSON.parse(readFileSync(join(ROOT, "assets/bench.schema.json"), "utf8")).properties.results;
        assert.deepEqual(Object.keys(row).sort(), [...items.required].sort());
    });

    test("asks for subgroups where the browser has them, unless told not to", async () => {
        const { asked, not, sum } = await inside(async ({ tiny, detector }) => {
            const plain = await tiny({ subgroups: false });
            const not = plain.info.adapter.subgroups;
            plain.dispose();
            const { info } = detector;
            const device = /** @type {GPUDevice} */ (detector.device);
            const code = `enable subgroups;
                @group(0) @binding(0) var<storage, read_write> dst: array<u32>;
                @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) { dst[i] = subgroupAdd(1u); }`;
            const module = device.createShaderModule({ code });
            const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
            const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
            const buffer = device.createBuffer({ size: 16, usage });
            const staging = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
            const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] });
            const encoder = device.createCommandEncoder();
            const pass = encoder.beginComputePass();
            pass.setPipeline(pipeline);
            pass.setBindGroup(0, group);
            pass.dispatchWorkgroups(1);
            pass.end();
            encoder.copyBufferToBuffer(buffer, 0, staging, 0, 16);
            device.queue.submit([encoder.finish()]);
            await staging.mapAsync(GPUMapMode.READ);
            const [sum] = new Uint32Array(staging.getMappedRange());
            return { asked: info.adapter.subgroups, not, sum };
        });
        assert.deepEqual([asked, not], [true, false]);
        // SwiftShader's subgroups have four lanes.
        assert.equal(sum, 4);
    });

    test("runs a thousand frames without growing, and overlaps two", { timeout: 300_000 }, async () => {
        const { page, complaints } = shared;
        const debug = await session.browser.newCDPSession(page);
        await page.evaluate(async () => {
            const { detector, picture } = /** @type {Given} */ (/** @type {any} */ (globalThis).given);
            detector.attach(new OffscreenCanvas(160, 120));
            const frame = await createImageBitmap(picture, { resizeWidth: 160, resizeHeight: 120 });
            Object.assign(globalThis, {
                run: async (/** @type {number} */ count) => {
                    let done = 0;
                    const one = async () => {
                        while (done < count) await detector.show(frame, { boxes: (done += 1) % 10 === 0 });
                    };
                    await Promise.all([one(), one()]);
                    return (await detector.detect(frame)).length;
                },
    });
        });
        /** @param {number} count */
        const run = (count) => page.evaluate((count) => /** @type {any} */ (globalThis).run(count), count);
        const memory = async () => {
            await debug.send("HeapProfiler.collectGarbage");
            const { metrics } = await debug.send("Performance.getMetrics");
            const heap = metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? 0;
            return { heap, resident: resident() };
        };
        await debug.send("Performance.enable");
        await run(100);
        const before = await memory();
        assert.ok((await run(1000)) > 0, "frames without boxes prove less");
        const after = await memory();
        const growth = { heap: (after.heap - before.heap) / 1e6, resident: (after.resident - before.resident) / 1e6 };
        console.log(`growth over 1000 frames in MB: ${JSON.stringify(growth)}`);
        assert.ok(growth.heap < 2, `the heap has grown by ${growth.heap} MB`);
        // Of every process of the browser together; a frame's textures alone would be 77 MB if they were kept.
        assert.ok(growth.resident < 25, `the browser has grown by ${growth.resident} MB`);
        assert.deepEqual(complaints, []);
    });

    test("tells that the device is lost, and another detector works", async () => {
        const seen = await inside(
            async ({ tiny, detector, picture, end }) => {
                const frame = await createImageBitmap(picture);
                await detector.detect(frame);
                const under = [detector.detect(frame), detector.show(frame)].map(end);
                detector.device?.destroy();
                const first = await Promise.all(under);
                const later = await Promise.all([detector.detect(frame), detector.show(frame), detector.again()].map(end));
                detector.dispose();
                const another = await tiny();
                Object.assign(/** @type {any} */ (globalThis).given, { detector: another });
                return { first, later, another: (await another.detect(frame)).length };
            },
            true,
        );
        assert.ok(seen.first.every((/** @type {string} */ end) => end === "DeviceLostError" || end === "done"), String(seen.first));
        assert.deepEqual([...new Set(seen.later)], ["DeviceLostError"]);
        assert.ok(seen.another > 0);
    });

    test("ends at once when it is disposed of, and says so ever after", async () => {
        const seen = await inside(async ({ detector, picture, end, yolov4 }) => {
            const canvas = new OffscreenCanvas(80, 60);
            detector.attach(canvas);
            const frame = await createImageBitmap(picture);
            await detector.detect(frame);
            const video = document.createElement("video");
            const watched = end(detector.watch(video).next());
            const under = ["show", "show", "show", "detect", "detect"].map((job) => end(/** @type {any} */ (detector)[job](frame)));
            under.push(end(detector.screenshot(8, 8)), end(detector.benchmark({ frames: 50 })));
            detector.dispose();
            detector.dispose();
            const late = ["detect", "show", "again", "screenshot", "benchmark"].map((job) => end(/** @type {any} */ (detector)[job](frame, 8)));
            const calls = [
                () => detector.watch(video),
                () => detector.attach(canvas),
                () => detector.redraw(),
                () => (detector.conf = 0.5),
                () => (detector.nms = 0.5),
                () => (detector.classes = []),
                () => (detector.mirror = true),
                () => detector.device,
            ];
            const thrown = calls.map((call) => {
                try {
                    return String(call());
                } catch (error) {
                    return error instanceof yolov4.UsageError && error.message;
                }
            });
            return { watched: await watched, under: await Promise.all(under), late: await Promise.all(late), thrown };
        });
        assert.equal(seen.watched, "done");
        assert.deepEqual([...new Set([...seen.under, ...seen.late])], ["UsageError"]);
        assert.deepEqual([...new Set(seen.thrown)], ["this detector was disposed of: make another one"]);
    });
});

/** Bytes in memory of every process that this one has started, and those that they have: its browser, nobody else's. */
function resident() {
    /** @type {Map<number, { parent: number, bytes: number }>} */
    const processes = new Map();
    for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
        try {
            const status = readFileSync(`/proc/${id}/status`, "utf8");
            const number = (/** @type {RegExp} */ pattern) => Number(pattern.exec(status)?.[1] ?? 0);
            processes.set(Number(id), { parent: number(/PPid:\s+(\d+)/), bytes: 1024 * number(/VmRSS:\s+(\d+)/) });
        } catch {
            // It has ended meanwhile.
        }
    }
    /** @param {number} id @returns {boolean} */
    const ours = (id) => id === process.pid || (id > 1 && ours(processes.get(id)?.parent ?? 0));
    return [...processes].filter(([id]) => id !== process.pid && ours(id)).reduce((sum, [, { bytes }]) => sum + bytes, 0);
}
