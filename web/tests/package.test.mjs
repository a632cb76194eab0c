// The npm package as its users have it: from a tarball in a Vite project, by a script tag, in a worker; and what it promises.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { ROOT, WEB, launch, open, serve } from "./harness.mjs";
import { CFG, weights } from "./smallest.mjs";

const PACKAGE = join(WEB, "package");
const PICTURE = join(ROOT, "assets/images/crossing.jpg");
/** What an empty project installs beside the tarball. */
const TOOLS = ["vite@8.3.8", "typescript@5.9.3", "@webgpu/types@0.1.74"];

/** @type {Awaited<ReturnType<typeof launch>>} */
let session;
/** A folder that is served: the package as it is, and pages of the tests. */
const folder = mkdtempSync(join(tmpdir(), "yolov4-package-"));
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;

before(async () => {
    cpSync(join(PACKAGE, "dist"), join(folder, "dist"), { recursive: true });
    cpSync(PICTURE, join(folder, "picture.jpg"));
    const page = (/** @type {string} */ body) => `<!doctype html><title>test</title><link rel="icon" href="data:,">${body}`;
    writeFileSync(join(folder, "index.html"), page(""));
    writeFileSync(join(folder, "global.html"), page('<script src="dist/yolov4-wgpu.global.js"></script>'));
    writeFileSync(
        join(folder, "worker.js"),
        `import { Detector } from "./dist/index.js";
        import { demo } from "./dist/demo.js";
        self.onmessage = async ({ data }) => {
            const detector = await Detector.create({ model: fetch(demo), size: 160 });
            detector.attach(data);
            const report = await detector.show(await (await fetch("picture.jpg")).blob(), { boxes: true });
            self.postMessage(report);
        };`,
    );
    writeFileSync(join(folder, "net.cfg"), CFG);
    writeFileSync(join(folder, "net.weights"), weights());
    server = await serve(folder);
    session = await launch({ flags: ["--enable-precise-memory-info"] });
});

after(async () => {
    await session?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
});

/**
 * Runs a function in a page that has the package as `yolov4` and the demo's bytes as `demo`.
 * @template T
 * @param {() => Promise<T>} run
 * @returns {Promise<T>}
 */
async function inside(run) {
    const { page, complaints } = await open(session.browser);
    try {
        await page.goto(server.url);
        await page.evaluate(async () => {
            const at = (/** @type {string} */ path) => new URL(path, location.href).href;
            Object.assign(globalThis, {
                yolov4: await import(at("dist/index.js")),
                demo: await (await fetch(at("dist/demo.safetensors"))).arrayBuffer(),
                picture: await (await fetch(at("picture.jpg"))).blob(),
            });
        });
        const value = await page.evaluate(run);
        assert.deepEqual(complaints, []);
        return value;
    } finally {
        await page.close();
    }
}

/** @typedef {{ yolov4: typeof import("../package/src/index.js"), demo: ArrayBuffer, picture: Blob }} Given */

describe("the npm package", { concurrency: false }, () => {
    test("is installed from its tarball into an empty Vite project, type-checked, built and run", async () => {
        const project = mkdtempSync(join(tmpdir(), "yolov4-vite-"));
        const run = (/** @type {string} */ program, /** @type {string[]} */ args, cwd = project) =>
            execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
        cpSync(join(ROOT, "web/tests/vite"), project, { recursive: true });
        run("npm", ["pack", "--silent", "--pack-destination", project], PACKAGE);
        const tarball = readdirSync(project).find((name) => name.endsWith(".tgz"));
        assert.equal(tarball, "yolov4-wgpu-0.1.0.tgz");
        run("npm", ["install", "--silent", "--no-audit", "--no-fund", `./${tarball}`, ...TOOLS]);
        run("npx", ["tsc"]);
        run("npx", ["vite", "build", "--logLevel", "warn", "--base", "./"]);
        cpSync(PICTURE, join(project, "dist/picture.jpg"));
        const built = await serve(join(project, "dist"), { base: "/sub/" });
        const { page, complaints } = await open(session.browser);
        try {
            await page.goto(built.url);
            await page.waitForFunction(() => document.body.dataset.found ?? document.body.dataset.failed, null, { timeout: 60_000 });
            assert.equal(await page.evaluate(() => document.body.dataset.failed), undefined);
            const found = JSON.parse((await page.evaluate(() => document.body.dataset.found)) ?? "");
            assert.equal(found.boxes[0].name, "stop");
            assert.ok(found.refused);
            assert.deepEqual(complaints, []);
        } finally {
            await page.close();
            await built.close();
            rmSync(project, { recursive: true, force: true });
        }
    });

    test("works by a script tag", async () => {
        const { page, complaints } = await open(session.browser);
        await page.goto(`${server.url}global.html`);
        const names = await page.evaluate(async () => {
            const { Detector } = /** @type {Given} */ (/** @type {unknown} */ (globalThis)).yolov4;
            const detector = await Detector.create({ model: fetch("dist/demo.safetensors"), size: 160 });
            return (await detector.detect(await (await fetch("picture.jpg")).blob())).map(({ name }) => name);
        });
        assert.ok(names.includes("stop"), String(names));
        assert.deepEqual(complaints, []);
        await page.close();
    });

    test("works in a worker, and draws there", async () => {
        const { page, complaints } = await open(session.browser);
        await page.goto(server.url);
        const report = await page.evaluate(
            () =>
                new Promise((resolve, reject) => {
                    const canvas = document.createElement("canvas");
                    document.body.append(canvas);
                    const offscreen = canvas.transferControlToOffscreen();
                    const worker = new Worker("worker.js", { type: "module" });
                    worker.onmessage = ({ data }) => resolve(data);
                    worker.onerror = (event) => reject(new Error(event.message));
                    worker.postMessage(offscreen, [offscreen]);
                }),
        );
        assert.equal(report.detections[0].name, "stop");
        assert.deepEqual(complaints, []);
        await page.close();
    });

    test("watches a video until it is told to stop", async () => {
        const seen = await inside(async () => {
            const { yolov4, demo, picture } = /** @type {Given} */ (/** @type {unknown} */ (globalThis));
            const detector = await yolov4.Detector.create({ model: demo, size: 160 });
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [800, 600];
            const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
            const bitmap = await createImageBitmap(picture);
            const timer = setInterval(() => context.drawImage(bitmap, 0, 0), 30);
            const video = document.createElement("video");
            video.srcObject = canvas.captureStream();
            video.muted = true;
            await video.play();
            const counts = [];
            for await (const boxes of detector.watch(video)) if (counts.push(boxes.length) === 3) break;
            const stop = new AbortController();
            let aborted = 0;
            for await (const _ of detector.watch(video, { signal: stop.signal })) if ((aborted += 1) === 2) stop.abort();
            let track = 0;
            const [first] = canvas.captureStream().getVideoTracks();
            for await (const _ of detector.watch(/** @type {MediaStreamTrack} */ (first))) if ((track += 1) === 2) detector.dispose();
            clearInterval(timer);
            const path = detector.framePath;
            const late = await detector.detect(bitmap).catch((/** @type {Error} */ error) => `${error.name}: ${error.message}`);
            return { counts, aborted, track, path, late };
        });
        assert.ok(seen.counts.every((count) => count > 0), String(seen.counts));
        assert.deepEqual([seen.aborted, seen.track], [2, 2]);
        assert.equal(seen.path, "copy");
        assert.equal(seen.late, "UsageError: this detector was disposed of: make another one");
    });

    test("has typed errors with located sentences", async () => {
        const errors = await inside(async () => {
            const { yolov4, demo } = /** @type {Given} */ (/** @type {unknown} */ (globalThis));
            const of = async (/** @type {any} */ options) => {
                const error = await yolov4.Detector.create(options).catch((/** @type {any} */ error) => error);
                const { name, code, message, file, line } = error;
                return { name, code, message, file, line, ours: error instanceof yolov4.Yolov4Error };
            };
            return [
                await of({ model: new File(["[net]\nwidth=32\nheight=32\nchannels=3\n[convolutional]\nsise=3\n"], "odd.cfg"), weights: "" }),
                await of({ model: demo, size: 100 }),
                await of({ name: "yolov9" }),
                await of({ model: demo, conf: 2 }),
                await of({}),
            ];
        });
        assert.ok(errors.every(({ ours }) => ours), JSON.stringify(errors));
        assert.deepEqual(errors.map(({ name }) => name).slice(0, 1), ["ModelError"]);
        assert.deepEqual([errors[0]?.file, errors[0]?.line], ["odd.cfg", 6]);
        assert.match(errors[1]?.message ?? "", /100/);
        assert.match(errors[2]?.message ?? "", /yolov9/);
        assert.match(errors[3]?.message ?? "", /conf: expected 0 to 1, found 2/);
    });

    test("asks for subgroups where the browser has them, unless told not to", async () => {
        const { asked, not, sum } = await inside(async () => {
            const { yolov4, demo } = /** @type {Given} */ (/** @type {unknown} */ (globalThis));
            const plain = await yolov4.Detector.create({ model: demo, size: 32, subgroups: false });
            const not = plain.info.adapter.subgroups;
            plain.dispose();
            const { info, device } = await yolov4.Detector.create({ model: demo, size: 32 });
            const code = `enable subgroups;
                @group(0) @binding(0) var<storage, read_write> dst: array<u32>;
                @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) { dst[i] = subgroupAdd(1u); }`;
            const module = device.createShaderModule({ code });
            const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
            const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
            const [buffer, staging] = [device.createBuffer({ size: 16, usage }), device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST })];
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
        const { page, complaints } = await open(session.browser);
        await page.goto(server.url);
        const debug = await session.browser.newCDPSession(page);
        await page.evaluate(async () => {
            const at = (/** @type {string} */ path) => new URL(path, location.href).href;
            const { Detector } = await import(at("dist/index.js"));
            const detector = await Detector.create({ model: fetch(at("net.cfg")), weights: fetch(at("net.weights")) });
            const canvas = new OffscreenCanvas(160, 120);
            detector.attach(canvas);
            const frame = await createImageBitmap(await (await fetch(at("picture.jpg"))).blob(), { resizeWidth: 160, resizeHeight: 120 });
            Object.assign(globalThis, {
                run: async (/** @type {number} */ count) => {
                    let done = 0;
                    const one = async () => {
                        while (done < count) await detector.show(frame, { boxes: (done += 1) % 10 === 0 });
                    };
                    await Promise.all([one(), one()]);
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
        await run(200);
        const before = await memory();
        await run(1000);
        const after = await memory();
        const growth = { heap: (after.heap - before.heap) / 1e6, resident: (after.resident - before.resident) / 1e6 };
        console.log(`growth over 1000 frames in MB: ${JSON.stringify(growth)}`);
        assert.ok(growth.heap < 2, `the heap has grown by ${growth.heap} MB`);
        // Of every process of the browser together; a frame's textures alone would be 77 MB if they were kept.
        assert.ok(growth.resident < 25, `the browser has grown by ${growth.resident} MB`);
        assert.deepEqual(complaints, []);
        await page.close();
    });

    test("leaves the wasm module out of programs that only ask for support", async () => {
        const { outputFiles } = await build({
            stdin: { contents: 'import { support } from "./index.js"; console.log(support);', resolveDir: join(PACKAGE, "dist") },
            bundle: true,
            format: "esm",
            write: false,
            minify: true,
        });
        const text = outputFiles[0]?.text ?? "";
        assert.ok(text.length < 3000 && !text.includes("WebAssembly"), `${text.length} bytes`);
    });
});

/** Bytes in memory of every process of this test's browser. */
function resident() {
    const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    let sum = 0;
    for (const id of processes) {
        try {
            if (!readFileSync(`/proc/${id}/cmdline`, "utf8").includes("yolov4-web-")) continue;
            sum += 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0);
        } catch {
            // It has ended meanwhile.
        }
    }
    return sum;
}
