// The browser against the program: the same photographs through the same trained networks, and every kernel against the oracle.
// YOLOV4_WEB_PHOTOS is how many photographs a network is shown; 0 is all of them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { CI, DATA, ROOT, WEB, launch, open, serve } from "./harness.mjs";

const PROGRAM = join(ROOT, "target/release/yolov4");
const NETWORKS = [
    { name: "yolo-fastest-1.1-xl", photos: 20 },
    { name: "yolov4-tiny-voc", photos: 4 },
];
const ASKED = process.env.YOLOV4_WEB_PHOTOS;

/** @typedef {{ class: number, name: string, score: number, box: [number, number, number, number] }} Detection */

const folder = mkdtempSync(join(tmpdir(), "yolov4-same-"));
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {Awaited<ReturnType<typeof launch>>} */
let session;

before(async () => {
    cpSync(join(WEB, "package/dist"), join(folder, "dist"), { recursive: true });
    cpSync(join(WEB, "suite"), join(folder, "suite"), { recursive: true });
    writeFileSync(join(folder, "index.html"), '<!doctype html><title>test</title><link rel="icon" href="data:,">');
    server = await serve(folder);
    // More photographs than usual are for hours.
    session = await launch(ASKED === undefined ? {} : { limit: 6 * 3_600_000 });
});

after(async () => {
    await session?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
});

/** Some photographs, and the same ones as PNG: whoever reads those has the same pixels. @param {string} data @param {number} count */
function photographs(data, count) {
    const all = readdirSync(join(data, "images/coco")).filter((name) => name.endsWith(".jpg")).sort();
    // Spread over all of them.
    const step = count > 0 ? all.length / count : 1;
    const some = Array.from({ length: Math.floor(all.length / step) }, (_, i) => all[Math.floor(i * step)] ?? "");
    for (const name of some) {
        const [jpg, png] = [join(folder, name), join(folder, name.replace(".jpg", ".png"))];
        if (existsSync(png)) continue;
        cpSync(join(data, "images/coco", name), jpg);
        execFileSync("ffmpeg", ["-v", "error", "-y", "-i", jpg, "-pix_fmt", "rgb24", png]);
    }
    return some;
}

/** What the program finds, by picture. @param {string[]} files @param {string} cfg @param {string} weights */
function native(files, cfg, weights) {
    const args = ["detect", "--format", "json", "--no-exif", "--model", cfg, "--weights", weights, ...files.map((name) => join(folder, name))];
    const told = execFileSync(PROGRAM, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1 << 26 });
    /** @type {{ image: string, detections: Detection[] }[]} */
    const pictures = JSON.parse(told);
    return new Map(pictures.map(({ image, detections }) => [basename(image), detections]));
}

/** @param {Detection} a @param {Detection} b */
function iou({ box: a }, { box: b }) {
    const w = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
    const h = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
    return w <= 0 || h <= 0 ? 0 : (w * h) / (a[2] * a[3] + b[2] * b[3] - w * h);
}

/**
 * Boxes of one list that have no partner in the other: same class, overlap and score as asked. One to one, best first.
 * @param {Detection[]} left @param {Detection[]} right @param {{ overlap: number, score: number }} asked
 */
function alone(left, right, asked) {
    const free = [...right];
    return left.filter((one) => {
        const fits = free.filter((o) => o.class === one.class && Math.abs(o.score - one.score) <= asked.score && iou(o, one) >= asked.overlap);
        const best = fits.sort((a, b) => iou(b, one) - iou(a, one))[0];
        if (best) free.splice(free.indexOf(best), 1);
        return !best;
    });
}

for (const { name, photos } of NETWORKS) {
    const skip = DATA ? false : "SKIPPED: YOLOV4_TEST_DATA is not set";
    test(`${name}: the same boxes as the program's`, { skip: CI ? false : skip, timeout: 3_600_000 }, async () => {
        assert.ok(DATA, "YOLOV4_TEST_DATA is not set under CI=true");
        const base = join(DATA, "models", name);
        const file = (/** @type {string} */ end) => join(base, readdirSync(base).find((entry) => entry.endsWith(end)) ?? end);
        const [cfg, weights] = [file(".cfg"), file(".weights")];
        cpSync(cfg, join(folder, "net.cfg"));
        cpSync(weights, join(folder, "net.weights"));
        const some = photographs(DATA, ASKED === undefined ? photos : Number(ASKED));
        const pngs = some.map((one) => one.replace(".jpg", ".png"));
        const theirs = native([...pngs, ...some], cfg, weights);
        const { page, complaints } = await open(session.browser);
        await page.goto(server.url);
        await page.evaluate(async () => {
            const at = (/** @type {string} */ path) => new URL(path, location.href).href;
            const { Detector } = await import(at("dist/index.js"));
            Object.assign(globalThis, { detector: await Detector.create({ model: fetch("net.cfg"), weights: fetch("net.weights"), device: "webgpu" }) });
        });
        const find = (/** @type {string} */ picture) =>
            page.evaluate(async (picture) => {
                const blob = await (await fetch(picture)).blob();
                return /** @type {any} */ (globalThis).detector.detect(blob);
            }, picture);
        const tally = { png: { boxes: 0, alone: 0 }, jpg: { boxes: 0, alone: 0 } };
        for (const [kind, files, asked] of /** @type {const} */ ([
            ["png", pngs, { overlap: 0.99, score: 0.01 }],
            ["jpg", some, { overlap: 0.98, score: 0.01 }],
        ])) {
            for (const picture of files) {
                /** @type {Detection[]} */
                const ours = await find(picture);
                const other = theirs.get(picture) ?? [];
                // What is this close to the threshold may be on either side of it.
                const sure = (/** @type {Detection} */ d) => d.score >= 0.26;
                const lonely = [...alone(ours.filter(sure), other, asked), ...alone(other.filter(sure), ours, asked)];
                tally[kind].boxes += ours.length + other.length;
                tally[kind].alone += lonely.length;
                if (kind === "png") assert.deepEqual(lonely, [], `${picture}: boxes that only one of the two has`);
            }
        }
        console.log(`${name}: ${some.length} photographs, ${JSON.stringify(tally)}`);
        assert.ok(tally.png.boxes > 20, "there is something to compare");
        assert.ok(tally.jpg.alone <= 0.02 * tally.jpg.boxes, "with the browser's own JPEG decoder at least 98 % are the same");
        assert.deepEqual(complaints, []);
        await page.close();
    });
}

test("every kernel agrees with the oracle inside the browser", { timeout: 600_000 }, async () => {
    const { page, complaints } = await open(session.browser);
    await page.goto(server.url);
    // A third of the problems is minutes of a software driver where two cores do everything.
    const every = process.env.CI === "true" ? 3 : 1;
    const [count, worst, played, failed] = await page.evaluate(async (every) => {
        const at = (/** @type {string} */ path) => new URL(path, location.href).href;
        const { default: init, run } = await import(at("suite/suite.js"));
        await init({ module_or_path: at("suite/suite_bg.wasm") });
        return run("f32", every);
    }, every);
    console.log(`${count} problems on ${played.join(", ")}; none off by more than ${worst.toExponential(2)}`);
    assert.deepEqual(failed, []);
    assert.ok(count > 250 / every, `${count} problems`);
    // Those that need nothing of an adapter.
    const plain = ["block128", "block64", "depthwise", "direct", "lanes", "split", "stem", "tiled", "vector", "winograd2", "winograd4"];
    assert.deepEqual(plain.filter((rung) => !played.includes(rung)), [], "rungs that have not played");
    const others = ["activation", "avg_pool", "concat", "local_avg_pool", "max_pool", "sam", "scale_channels", "shortcut", "spp", "upsample"];
    assert.deepEqual(others.filter((kernel) => !played.includes(kernel)), [], "kernels that have not played");
    assert.deepEqual(complaints, []);
    await page.close();
});
