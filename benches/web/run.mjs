// Ours beside LiteRT.js, ONNX Runtime Web and TensorFlow.js, in one run, in the same browser: see README.md.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { WEB, launch, serve } from "../../web/tests/harness.mjs";

const HERE = fileURLToPath(new URL("./", import.meta.url));
const { build } = createRequire(join(HERE, "../../web/package.json"))("esbuild");
const { values } = parseArgs({
    options: {
        cfg: { type: "string" },
        weights: { type: "string" },
        onnx: { type: "string" },
        tflite: { type: "string" },
        size: { type: "string", default: "416" },
        frames: { type: "string", default: "5" },
        rounds: { type: "string", default: "1" },
        only: { type: "string", default: "" },
        json: { type: "string" },
    },
});
if (!values.cfg || !values.weights || !values.onnx) {
    console.error("run.mjs: expected --cfg FILE --weights FILE --onnx FILE; see README.md");
    process.exit(2);
}
const [size, frames, rounds] = [values.size, values.frames, values.rounds].map(Number);

/** Who is timed; `slow`: a frame takes seconds, so that two must do. */
const ALL = [
    { name: "yolov4-wgpu (WebGPU)", page: "ours", options: { size, device: "webgpu" } },
    { name: "yolov4-wgpu (the processor, one thread)", page: "ours", options: { size, device: "cpu" } },
    { name: "LiteRT.js (WebGPU)", page: "litert", options: { size, accelerator: "webgpu" }, slow: true },
    { name: "LiteRT.js (wasm)", page: "litert", options: { size, accelerator: "wasm" } },
    { name: "TensorFlow.js (WebGPU)", page: "tfjs", options: { size } },
    { name: "ONNX Runtime Web (wasm)", page: "ort", options: { size, provider: "wasm" } },
    { name: "ONNX Runtime Web (wasm, one thread)", page: "ort", options: { size, provider: "wasm", threads: 1 } },
    { name: "ONNX Runtime Web (WebGPU)", page: "ort", options: { size, provider: "webgpu" }, slow: true },
];

if (!values.tflite) console.error("LiteRT.js is left out: --tflite names no file");
const PEERS = ALL.filter(({ name, page }) => name.includes(values.only) && (values.tflite || page !== "litert"));

/** A folder with everybody's files. */
async function lay(folder) {
    cpSync(join(HERE, "pages"), folder, { recursive: true });
    cpSync(join(WEB, "package/dist"), join(folder, "package"), { recursive: true });
    const ort = join(HERE, "node_modules/onnxruntime-web/dist");
    mkdirSync(join(folder, "ort"));
    for (const file of readdirSync(ort)) if (/\.(mjs|wasm)$/.test(file)) cpSync(join(ort, file), join(folder, "ort", file));
    cpSync(join(HERE, "node_modules/@litertjs/core/wasm"), join(folder, "litert"), { recursive: true });
    await build({
        entryPoints: ["tfjs", "litert"].map((page) => join(HERE, `pages/${page}.js`)),
        outdir: folder,
        bundle: true,
        minify: true,
        format: "esm",
        allowOverwrite: true,
        logLevel: "error",
    });
    const files = [[values.cfg, "net.cfg"], [values.weights, "net.weights"], [values.onnx, "net.onnx"], [values.tflite, "net.tflite"]];
    for (const [from, to] of files) if (from) cpSync(from, join(folder, to));
}

/** Bytes in memory of every process of browsers of the tests: there must be no other than this one. */
function resident(profile) {
    let sum = 0;
    for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
        try {
            if (!readFileSync(`/proc/${id}/cmdline`, "utf8").includes(profile)) continue;
            sum += 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0);
        } catch {
            // It has ended meanwhile.
        }
    }
    return sum;
}

/** One peer in a browser that has never seen it. */
async function measure({ page: module, options, slow }, url) {
    const session = await launch();
    const page = await session.browser.newPage();
    page.setDefaultTimeout(0);
    const debug = await session.browser.newCDPSession(page);
    let bytes = 0;
    await debug.send("Network.enable");
    debug.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
    const empty = resident("yolov4-web-");
    const start = performance.now();
    await page.goto(url);
    await page.evaluate(
        async ([module, options]) => {
            const { load } = await import(new URL(`${module}.js`, location.href).href);
            globalThis.peer = await load(options);
            await globalThis.peer.first();
        },
        [module, options],
    );
    const first = performance.now() - start;
    const time = await page.evaluate(([count, warmup]) => globalThis.peer.frames(count, warmup), slow ? [2, 0] : [frames, 1]);
    const heads = await page.evaluate(async () => (await globalThis.peer.heads?.())?.map((head) => [...head]));
    const grown = resident("yolov4-web-") - empty;
    await session.close();
    return { ...time, first, bytes, resident: grown, heads };
}

/** The largest difference of heads, as a part of the largest value. */
function apart(left, right) {
    let [worst, most] = [0, 0];
    left.forEach((head, h) => head.forEach((value, i) => {
        worst = Math.max(worst, Math.abs(value - right[h][i]));
        most = Math.max(most, Math.abs(right[h][i]));
    }));
    return worst / most;
}

const folder = mkdtempSync(join(tmpdir(), "yolov4-peers-"));
await lay(folder);
// ONNX Runtime on wasm has threads only where the page is isolated.
const server = await serve(folder, { isolated: true });
const seen = PEERS.map(() => []);
try {
    for (let round = 0; round < rounds; round += 1) {
        for (const [i, peer] of PEERS.entries()) {
            const run = await measure(peer, server.url).catch((error) => ({ failed: String(error).split("\n")[0] }));
            console.error(`round ${round + 1}, ${peer.name}: ${run.failed ?? `${run.median.toFixed(0)} ms`}`);
            seen[i].push(run);
        }
    }
} finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
}

const middle = (list) => {
    const sorted = [...list].sort((a, b) => a - b);
    return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};
const judge = seen[PEERS.findIndex(({ name }) => name.endsWith("(wasm)"))]?.find((run) => run.heads)?.heads;
const rows = PEERS.map(({ name }, i) => {
    const runs = seen[i].filter((run) => !run.failed);
    if (runs.length === 0) return { name, failed: seen[i][0].failed };
    const of = (key) => middle(runs.map((run) => run[key]));
    const heads = runs[0].heads;
    const off = heads && judge && heads !== judge ? apart(heads, judge) : undefined;
    return { name, median_ms: of("median"), min_ms: Math.min(...runs.map((run) => run.least)), first_ms: of("first"), bytes: of("bytes"), resident: of("resident"), off };
});
const ours = rows[0];
console.log(`yolov4-tiny ${size}, f32, batch 1; ${frames} frames, ${rounds} rounds\n`);
console.log("| | ms per frame, median | least | beside ours | first result, cold | transferred | memory | heads apart |");
console.log("|---|---|---|---|---|---|---|---|");
for (const row of rows) {
    if (row.failed) {
        console.log(`| ${row.name} | ${row.failed} | | | | | | |`);
        continue;
    }
    const cells = [
        row.median_ms.toFixed(0),
        row.min_ms.toFixed(0),
        `${(row.median_ms / ours.median_ms).toFixed(2)} x`,
        `${(row.first_ms / 1e3).toFixed(1)} s`,
        `${(row.bytes / 1e6).toFixed(1)} MB`,
        `${(row.resident / 1e6).toFixed(0)} MB`,
        row.off === undefined ? "" : row.off.toExponential(1),
    ];
    console.log(`| ${row.name} | ${cells.join(" | ")} |`);
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
