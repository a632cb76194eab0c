// The npm package in a browser without a GPU: the same answers by the processor's own module, which nobody else loads.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT, WEB, launch, open, serve } from "./harness.mjs";
import { crossing } from "./visitor.mjs";

/** @type {Awaited<ReturnType<typeof launch>>} */
let session;
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
const folder = mkdtempSync(join(tmpdir(), "yolov4-processor-"));

before(async () => {
    cpSync(join(WEB, "package/dist"), join(folder, "dist"), { recursive: true });
    cpSync(join(ROOT, "assets/images/crossing.jpg"), join(folder, "picture.jpg"));
    writeFileSync(join(folder, "index.html"), '<!doctype html><title>test</title><link rel="icon" href="data:,">');
    server = await serve(folder);
    session = await launch({ gpu: false });
});

after(async () => {
    await session?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
});

/**
 * Runs a function in a page of its own; also says which wasm modules were loaded.
 * @template T
 * @param {(given: { yolov4: typeof import("../package/src/index.js"), demo: ArrayBuffer, picture: Blob }) => Promise<T>} run
 */
async function inside(run) {
    const { page, complaints } = await open(session.browser);
    /** @type {string[]} */
    const modules = [];
    page.on("request", (request) => /\.wasm$/.test(request.url()) && modules.push(request.url().replace(/.*\//, "")));
    await page.goto(server.url);
    const value = await page.evaluate(async (text) => {
        const at = (/** @type {string} */ path) => new URL(path, location.href).href;
        const yolov4 = await import(at("dist/index.js"));
        const demo = await (await fetch(at("dist/demo.safetensors"))).arrayBuffer();
        const picture = await (await fetch(at("picture.jpg"))).blob();
        return new Function(`return (${text})`)()({ yolov4, demo, picture });
    }, String(run));
    assert.deepEqual(complaints, []);
    await page.close();
    return { value: /** @type {T} */ (value), modules };
}

describe("without a GPU", { concurrency: false }, () => {
    test("finds what the GPU finds, by every kind of picture", async () => {
        const { value, modules } = await inside(async ({ yolov4, demo, picture }) => {
            const detector = await yolov4.Detector.create({ model: demo });
            const bitmap = await createImageBitmap(picture);
            const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
            const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
            context.drawImage(bitmap, 0, 0);
            const pixels = context.getImageData(0, 0, bitmap.width, bitmap.height);
            const image = new Image();
            image.src = URL.createObjectURL(picture);
            await image.decode();
            const video = new VideoFrame(canvas, { timestamp: 0 });
            const found = [];
            for (const source of [picture, bitmap, canvas, pixels, image, video]) found.push(await detector.detect(source));
            const { info, device } = detector;
            return { found, info, device: device === undefined };
        });
        assert.deepEqual(modules, ["yolov4_cpu_bg.wasm"], "the module for GPUs is not even loaded");
        assert.ok(value.device);
        assert.deepEqual([value.info.device, value.info.precision, value.info.adapter.software], ["cpu", "f32", true]);
        for (const found of value.found) {
            const rounded = found.map((/** @type {any} */ { name, score }) => ({ name, score: Math.round(score * 100) / 100 }));
            assert.deepEqual(rounded, crossing);
        }
    });

    test("draws, mirrors, runs again with other thresholds, and ends", async () => {
        const { value } = await inside(async ({ yolov4, demo, picture }) => {
            const detector = await yolov4.Detector.create({ model: demo, size: 320 });
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [320, 240];
            detector.attach(canvas);
            const shown = await detector.show(picture, { boxes: true });
            const pixels = () => canvas.getContext("2d")?.getImageData(0, 0, 320, 240).data ?? new Uint8ClampedArray();
            // Orange, the first of the palette: edges, and plates, which begin at the left in a mirror too.
            const orange = () => {
                let [left, count] = [0, 0];
                const data = pixels();
                for (let i = 0; i < data.length; i += 4) {
                    if (data[i] !== 230 || data[i + 1] !== 159 || data[i + 2] !== 0) continue;
                    [left, count] = [left + ((i / 4) % 320), count + 1];
                }
                return [Math.round(left / Math.max(count, 1)), count];
            };
            const plain = orange();
            detector.mirror = true;
            detector.redraw();
            const mirrored = orange();
            detector.conf = 0.999;
            const fewer = await detector.again({ boxes: true });
            detector.conf = 0.5;
            detector.classes = ["stop"];
            const stops = await detector.again({ boxes: true });
            const shot = await detector.screenshot(160, 120);
            const report = await detector.benchmark({ frames: 2, warmup: 0 });
            detector.dispose();
            const late = await detector.detect(picture).catch((error) => error.name);
            const webgl = document.createElement("canvas");
            webgl.getContext("bitmaprenderer");
            const again = await yolov4.Detector.create({ model: demo, size: 160 });
            let refused = "";
            try {
                again.attach(webgl);
            } catch (error) {
                refused = /** @type {Error} */ (error).name;
            }
            const { detections, stages, width, height } = shown;
            return {
                ...{ boxes: detections?.length, stages, width, height, plain, mirrored, fewer: fewer?.detections?.length },
                ...{ stops: stops?.detections?.map(({ name }) => name), shot: [shot.width, shot.height, shot.data.some((v) => v > 0 && v < 255)] },
                ...{ late, refused, backend: report.results[0]?.backend },
            };
        });
        assert.ok((value.boxes ?? 0) > 3 && (value.fewer ?? 9) < (value.boxes ?? 0), JSON.stringify(value));
        assert.ok(Object.values(value.stages ?? {}).every((time) => time >= 0));
        const [[left = 0, count = 0], [right = 0, mirrored = 0]] = [value.plain, value.mirrored];
        assert.ok(count > 50 && mirrored > 50 && Math.abs(left + right - 320) < 40 && right - left > 100, `${value.plain} and ${value.mirrored}`);
        assert.ok(value.stops?.length && value.stops.every((/** @type {string} */ name) => name === "stop"));
        assert.deepEqual(value.shot, [160, 120, true]);
        assert.deepEqual([value.late, value.refused, value.backend], ["UsageError", "UsageError", "browser-cpu"]);
    });

    test("refuses what only GPUs have", async () => {
        const { value } = await inside(async ({ yolov4, demo }) => {
            const end = (/** @type {object} */ options) =>
                yolov4.Detector.create({ model: demo, size: 160, ...options }).then(
                    () => "made",
                    (/** @type {any} */ error) => `${error.name}: ${error.message}`,
                );
            const able = await yolov4.support();
            return { able, ends: [await end({ device: "webgpu" }), await end({ precision: "f16" }), await end({ device: "cpu", tune: "full" })] };
        });
        assert.ok(value.able.ok && value.able.device === "cpu");
        assert.match(value.ends[0] ?? "", /^(NoWebGpuError|NoAdapterError): /);
        assert.match(value.ends[1] ?? "", /^(NoWebGpuError|NoAdapterError): /);
        assert.match(value.ends[2] ?? "", /^UsageError: device: the processor plays in f32/);
    });
});
