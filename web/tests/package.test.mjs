// The npm package as its users have it: from its tarball through bundlers, by a script tag, in a worker.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { build } from "esbuild";
import { ROOT, WEB, launch, open, serve } from "./harness.mjs";

const PACKAGE = join(WEB, "package");
const PICTURE = join(ROOT, "assets/images/crossing.jpg");
/** What an empty project installs beside the tarball. */
const TOOLS = ["vite@8.3.8", "webpack@5.112.2", "typescript@5.9.3", "@webgpu/types@0.1.74"];

/** @type {Awaited<ReturnType<typeof launch>>} */
let session;
/** The project of somebody who uses the package. */
const project = mkdtempSync(join(tmpdir(), "yolov4-project-"));
/** What a program has to say if it fails is part of the error. @param {string} program @param {string[]} args */
const run = (program, args, cwd = project) => promisify(execFile)(program, args, { cwd });
/** Types, then webpack, which reads what tsc has written; Vite beside them. @type {Promise<unknown>} */
let typed;
/** @type {Promise<unknown>} */
let packed;
/** @type {Promise<unknown>} */
let vite;

before(async () => {
    cpSync(join(ROOT, "web/tests/vite"), project, { recursive: true });
    await run("npm", ["pack", "--silent", "--pack-destination", project], PACKAGE);
    const tarballs = readdirSync(project).filter((name) => name.endsWith(".tgz"));
    assert.match(tarballs.join(), /^yolov4-wgpu-[0-9.]+\.tgz$/);
    const install = ["install", "--silent", "--no-audit", "--no-fund", "--prefer-offline", `./${tarballs[0]}`, ...TOOLS];
    [session] = await Promise.all([launch(), run("npm", install)]);
    typed = run("npx", ["tsc"]);
    packed = typed.then(() => run("node", ["webpack.mjs"]));
    vite = run("npx", ["vite", "build", "--logLevel", "warn", "--base", "./"]);
    // Each failure is the one of the test that waits for it.
    for (const work of [typed, packed, vite]) work.catch(() => {});
});

after(async () => {
    await session?.close();
    rmSync(project, { recursive: true, force: true });
});

/**
 * Serves a folder and looks at what its page has found: a stop sign, and that wrong options are refused.
 * @param {string} folder
 */
async function finds(folder, page = "") {
    cpSync(PICTURE, join(folder, "picture.jpg"));
    const server = await serve(folder, { base: "/sub/" });
    const { page: tab, complaints } = await open(session.browser);
    try {
        await tab.goto(`${server.url}${page}`);
        await tab.waitForFunction(() => document.body.dataset.found ?? document.body.dataset.failed, null, { timeout: 60_000 });
        assert.equal(await tab.evaluate(() => document.body.dataset.failed), undefined);
        const found = JSON.parse((await tab.evaluate(() => document.body.dataset.found)) ?? "");
        assert.equal(found.boxes[0].name, "stop");
        assert.ok(found.boxes[0].score > 0.5 && found.boxes[0].box.length === 4);
        assert.ok(found.refused);
        assert.deepEqual(complaints, []);
    } finally {
        await tab.close();
        await server.close();
    }
}

/** The page of a bundle that is one script. @param {string} script */
const page = (script) => `<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,"><body>${script}`;

describe("the npm package", { concurrency: false }, () => {
    test("type-checks in a strict project, with plain libraries", async () => {
        await typed;
    });

    test("goes through Vite", async () => {
        await vite;
        await finds(join(project, "dist"));
    });

    test("goes through webpack", async () => {
        await packed;
        writeFileSync(join(project, "packed/index.html"), page('<script defer src="main.js"></script>'));
        await finds(join(project, "packed"));
    });

    test("goes by a script tag", async () => {
        const folder = join(project, "node_modules/yolov4-wgpu/dist");
        writeFileSync(
            join(folder, "global.html"),
            page(`<script src="yolov4-wgpu.global.js"></script><script>
            (async () => {
                const detector = await yolov4.Detector.create({ model: fetch("demo.safetensors"), size: 160, device: "webgpu" });
                const boxes = await detector.detect(await (await fetch("picture.jpg")).blob());
                const refused = await yolov4.Detector.create({}).catch((error) => error instanceof yolov4.UsageError);
                document.body.dataset.found = JSON.stringify({ boxes, refused });
            })().catch((error) => (document.body.dataset.failed = error));
            </script>`),
        );
        await finds(folder, "global.html");
    });

    test("goes in a worker without a bundler, and draws there", async () => {
        const folder = join(project, "node_modules/yolov4-wgpu/dist");
        writeFileSync(
            join(folder, "user.js"),
            `import { Detector } from "./index.js";
            import { demo } from "./demo.js";
            self.onmessage = async ({ data }) => {
                const detector = await Detector.create({ model: fetch(demo), size: 160, device: "webgpu" });
                detector.attach(data);
                const { detections } = await detector.show(await (await fetch("picture.jpg")).blob(), { boxes: true });
                const { data: pixels } = data.getContext ? await detector.screenshot(80, 60) : {};
                self.postMessage({ boxes: detections, refused: pixels.some((value, i) => i % 4 < 3 && value > 0) });
            };`,
        );
        writeFileSync(
            join(folder, "worker.html"),
            page(`<canvas width="80" height="60"></canvas><script>
            const offscreen = document.querySelector("canvas").transferControlToOffscreen();
            const worker = new Worker("user.js", { type: "module" });
            worker.onmessage = ({ data }) => (document.body.dataset.found = JSON.stringify(data));
            worker.onerror = ({ message }) => (document.body.dataset.failed = message);
            worker.postMessage(offscreen, [offscreen]);
            </script>`),
        );
        await finds(folder, "worker.html");
    });

    test("leaves out what is not imported", async () => {
        const sizes = async (/** @type {string} */ contents) => {
            const { metafile } = await build({
                stdin: { contents, resolveDir: project },
                ...{ bundle: true, format: "esm", write: false, minify: true, metafile: true, outdir: project },
            });
            const [output] = Object.values(metafile.outputs);
            const files = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
            return { bytes: output?.bytes ?? 0, files: files.map(([name]) => name.replace(/.*\/dist\//, "")).sort() };
        };
        const support = await sizes('import { support } from "yolov4-wgpu"; console.log(support);');
        assert.deepEqual(support.files.filter((name) => name !== "<stdin>"), ["support.js"]);
        assert.ok(support.bytes < 2000, `${support.bytes} bytes`);
        const errors = await sizes('import { ModelError } from "yolov4-wgpu"; console.log(ModelError);');
        assert.deepEqual(errors.files.filter((name) => name !== "<stdin>"), ["errors.js"]);
        const all = await sizes('import { Detector } from "yolov4-wgpu"; console.log(Detector);');
        assert.ok(all.files.includes("wasm/yolov4.js"));
    });
});
