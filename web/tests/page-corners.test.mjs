// What goes well until somebody is quick, large, or on a server that is not ours.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT, SITE, launch, open, serve, serveQuick } from "./harness.mjs";
import { CFG, weights } from "./smallest.mjs";
import { begin, crossing, drop, frames, light, listed, sentence, settle } from "./visitor.mjs";

/** @typedef {import("playwright-core").Page} Page */

const FOLDER = mkdtempSync(join(tmpdir(), "yolov4-corners-"));
/** @param {string} name @param {string | Buffer} contents @returns {[string, string]} */
function file(name, contents) {
    writeFileSync(join(FOLDER, name), contents);
    return [join(FOLDER, name), ""];
}

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {Awaited<ReturnType<typeof serveQuick>>} */
let quick;
/** @type {Awaited<ReturnType<typeof launch>>} */
let session;

before(async () => {
    server = await serve(SITE);
    quick = await serveQuick();
    session = await launch({ context: { serviceWorkers: "block" } });
});

after(async () => {
    await session?.close();
    await server?.close();
    await quick?.close();
    rmSync(FOLDER, { recursive: true, force: true });
});

/**
 * @param {(page: Page) => Promise<void>} visit
 * @param {{ first?: string, worker?: string, at?: { url: string } }} [how] Scripts before the page's and before its worker's; where it lies.
 */
async function visit(visit, { first, worker, at = server } = {}) {
    const { page } = await open(session.browser);
    try {
        if (first) await page.addInitScript(first);
        if (worker) {
            const body = `${worker}\n${readFileSync(join(SITE, "worker.js"), "utf8")}`;
            await page.route("**/worker.js", (route) => route.fulfill({ body, contentType: "text/javascript" }));
        }
        await page.goto(`${at.url}?device=webgpu`);
        await visit(page);
    } finally {
        await page.close();
    }
}

/** @param {Page} page @param {string} id */
async function saved(page, id) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator(id).click()]);
    return readFileSync((await download.path()) ?? "");
}

/**
 * A host as strict as many are: another origin that lets pages read, answers no preflight, and knows where its files end.
 * The first try of the weights is cut.
 * @param {{ versions?: string[] }} [options] The file's tag, try by try.
 */
async function host({ versions = ['"one"'] } = {}) {
    /** @type {string[]} */
    const asked = [];
    let tries = 0;
    const it = createServer((request, response) => {
        const cors = { "access-control-allow-origin": "*", "access-control-expose-headers": "etag" };
        const range = request.headers.range ?? "whole";
        asked.push(`${request.method} ${request.url} ${range}`);
        const contents = { "/net.cfg": Buffer.from(CFG), "/net.weights": weights() }[request.url ?? ""];
        if (request.method !== "GET" || !contents) return response.writeHead(405, cors).end();
        const start = Number(/bytes=(\d+)-/.exec(range)?.[1] ?? 0);
        if (start >= contents.length) return response.writeHead(416, cors).end();
        const part = contents.subarray(start);
        const cut = request.url === "/net.weights" && tries === 0;
        const etag = versions[Math.min(tries, versions.length - 1)];
        if (request.url === "/net.weights") tries += 1;
        response.writeHead(start > 0 ? 206 : 200, { ...cors, etag, "content-length": part.length });
        if (!cut) return response.end(part);
        response.write(part.subarray(0, 100), () => setTimeout(() => response.destroy(), 200));
        return response;
    });
    await new Promise((resolve) => it.listen(0, "127.0.0.1", () => resolve(undefined)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (it.address());
    return { asked, url: `http://127.0.0.1:${port}/`, close: () => it.close() };
}

/** @param {Page} page @param {string} model @param {string} [weights] */
async function ask(page, model, weights = "") {
    await page.locator("#address").evaluate((form) => form.closest("details")?.setAttribute("open", ""));
    await page.locator("[name=model]").fill(model);
    await page.locator("[name=weights]").fill(weights);
    await page.getByRole("button", { name: "Fetch" }).click();
}

/** A canvas for a camera. */
const CAMERA = `navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    setInterval(() => context.fillRect(0, 0, 9, 9), 50);
    return canvas.captureStream(20);
};`;
/** Counts the frames that come to the worker and those that it closes; keeps the device where a test can reach it. */
const COUNT = `[self.came, self.closed] = [0, 0];
addEventListener("message", ({ data }) => (self.came += data.call === "show" && data.args[0] instanceof VideoFrame ? 1 : 0));
const close = VideoFrame.prototype.close;
VideoFrame.prototype.close = function () { self.closed += 1; close.call(this); };
const ask = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (d) { return (self.kept = await ask.call(this, d)); };`;

describe("corners", { concurrency: false }, () => {
    test("boxes are saved with the picture that they are of, listed or not", () =>
        visit(async (page) => {
            await begin(page);
            await page.locator("#listed").uncheck();
            await page.locator("#scenes button").nth(2).click();
            await settle(page, async () => (await page.locator("#hud").innerText()).includes("night.jpg 800x600"), true);
            const [night] = JSON.parse((await saved(page, "#json")).toString());
            assert.deepEqual([night.image, night.width, night.height], ["night.jpg", 800, 600]);
            const schema = JSON.parse(readFileSync(join(ROOT, "assets/detections.schema.json"), "utf8")).items;
            assert.deepEqual(Object.keys(night).sort(), [...schema.required].sort());
            assert.ok(night.detections.length > 0);
            for (const found of night.detections) {
                assert.deepEqual(Object.keys(found).sort(), [...schema.properties.detections.items.required].sort());
                assert.ok(Number.isInteger(found.class) && found.score >= 0 && found.score <= 1 && found.box.length === 4);
            }
            await page.locator("#size").selectOption("160");
            await page.locator("#clip").click();
            await settle(page, async () => /clip.mjpeg \d/.test(await page.locator("#hud").innerText()), true);
            const [clip] = JSON.parse((await saved(page, "#json")).toString());
            assert.equal(clip.image, "clip.mjpeg");
            assert.notDeepEqual(clip.detections, night.detections, "these boxes are another picture's");
            for (const { box } of clip.detections) {
                assert.ok(box[0] + box[2] <= clip.width + 0.01 && box[1] + box[3] <= clip.height + 0.01, `${box} in ${clip.width}x${clip.height}`);
            }
        }));

    test("a download goes on at a host that answers no preflight, and asks again only for what is missing or has changed", async () => {
        const [same, changed] = [await host(), await host({ versions: ['"one"', '"two"'] })];
        try {
            await visit(async (page) => {
                await begin(page);
                for (const { url } of [same, changed]) {
                    await ask(page, `${url}net.cfg`, `${url}net.weights`);
                    assert.match(await sentence(page), /cut after 100 of 308 bytes/);
                    await page.getByRole("button", { name: "Go on with the download" }).click();
                    await settle(page, () => page.locator("#models").inputValue(), "net");
                    await page.locator("#models").selectOption("Road signs (demo)");
                    await settle(page, () => page.locator("#found li").first().innerText(), "sign\n99 %");
                }
                const begun = ["GET /net.cfg whole", "GET /net.weights whole", "GET /net.weights bytes=100-"];
                assert.deepEqual(same.asked, begun);
                assert.deepEqual(changed.asked, [...begun, "GET /net.weights whole"]);
            }, { at: quick });
        } finally {
            [same, changed].forEach((one) => one.close());
        }
    });

    test("addresses that a page cannot reach are named as such", () =>
        visit(async (page) => {
            await begin(page);
            await ask(page, "http://models.example/net.cfg");
            assert.match(await sentence(page), /^http:\/\/models.example\/net.cfg: browsers fetch only https/);
            await session.browser.setOffline(true);
            try {
                await ask(page, "https://models.example/net.cfg");
                await settle(page, () => sentence(page), "There is no network just now.");
            } finally {
                await session.browser.setOffline(false);
            }
        }, { at: quick }));

    for (const [where, script] of [
        ["files", ""],
        ["the cache", "delete FileSystemFileHandle.prototype.createWritable;"],
    ]) {
        test(`a network that takes another's title takes its place, kept in ${where}`, () =>
            visit(async (page) => {
                await begin(page);
                await drop(page, [file("demo.cfg", CFG), file("demo.weights", weights()), file("demo.names", "thing\n")]);
                await settle(page, () => page.locator("#found li").first().innerText(), "thing\n99 %");
                await drop(page, [[join(SITE, "demo.safetensors"), ""]]);
                await settle(page, () => listed(page), crossing);
                const kept = page.locator("#kept li span", { hasText: "demo" });
                await settle(page, () => kept.allTextContents(), ["demo, 1.8 MB"]);
                await page.locator("#models").selectOption("Road signs (demo)");
                await settle(page, () => page.locator("#found li").first().innerText(), "sign\n99 %");
                await page.locator("#models").selectOption("demo");
                await settle(page, () => listed(page), crossing);
                assert.equal(await page.locator("#trouble").isVisible(), false);
                await page.locator("#kept").evaluate((list) => list.closest("details")?.setAttribute("open", ""));
                await page.getByRole("button", { name: "Delete demo" }).click();
                await settle(page, () => kept.count(), 0);
            }, { first: script, at: quick }));
    }

    test("an adapter that comes late gets the picture that was there", () =>
        visit(async (page) => {
            assert.match(await sentence(page), /no graphics adapter answers/);
            await page.evaluate(() => /** @type {any} */ (self).back());
            await page.getByRole("button", { name: "Try again" }).click();
            await begin(page);
            assert.deepEqual(await listed(page), crossing);
        }, { first: "const ask = GPU.prototype.requestAdapter; GPU.prototype.requestAdapter = async () => null; self.back = () => (GPU.prototype.requestAdapter = ask);" }));

    test("a camera's frames are closed when the device is gone", () =>
        visit(async (page) => {
            await begin(page);
            await page.locator("#camera").click();
            await frames(page, 2);
            const worker = page.workers()[0];
            await worker?.evaluate(() => {
                const { gpu, kept } = /** @type {any} */ (self);
                Object.getPrototypeOf(gpu ?? navigator.gpu).requestAdapter = async () => null;
                kept.destroy();
            });
            assert.equal(await sentence(page), "The GPU was lost, and could not be had again.");
            const count = () => worker?.evaluate(() => [/** @type {any} */ (self).came, /** @type {any} */ (self).closed]);
            const before = (await count())?.[0];
            await settle(page, async () => (await count())?.[0] > before + 10, true);
            const [came, closed] = (await count()) ?? [];
            assert.ok(came - closed <= 2, `${came} frames came, ${closed} were closed`);
        }, { first: CAMERA, worker: COUNT, at: quick }));

    test("large clips and large pictures do not hold the window", () =>
        visit(async (page) => {
            await begin(page);
            await light(page, "from the first moment on", async () => {
                await page.reload();
                await begin(page);
            });
            await page.locator("#size").selectOption("160");
            await frames(page, 1);
            // Before anything is watched: making big files may hold the window.
            await page.evaluate(async () => {
                const clip = await (await fetch("clip.mjpeg")).blob();
                const canvas = new OffscreenCanvas(3840, 2160);
                canvas.getContext("2d")?.fillRect(0, 0, 3000, 2000);
                Object.assign(self, { clip: new File(Array(120).fill(clip), "big.mjpeg"), large: new File([await canvas.convertToBlob()], "large.png", { type: "image/png" }) });
                /** @type {any} */ (self).give = (/** @type {string} */ what) => {
                    const data = new DataTransfer();
                    data.items.add(/** @type {any} */ (self)[what]);
                    document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
                };
            });
            await light(page, "69 MB of pictures", async () => {
                await page.evaluate(() => /** @type {any} */ (self).give("clip"));
                await settle(page, async () => /big.mjpeg \d/.test(await page.locator("#hud").innerText()), true);
            });
            await light(page, "a picture of 3840x2160", async () => {
                await page.evaluate(() => /** @type {any} */ (self).give("large"));
                await settle(page, () => page.locator("#stage").getAttribute("data-size"), "3840x2160");
                const png = await saved(page, "#shot");
                assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [3840, 2160]);
            });
        }));

    test("another source settles what was wrong with the last one; the screen's refusal speaks of the screen", () =>
        visit(async (page) => {
            await begin(page);
            await page.locator("#camera").click();
            assert.equal(await sentence(page), "There is no camera.");
            await page.locator("#scenes button").nth(1).click();
            await page.locator("#trouble").waitFor({ state: "hidden" });
            await page.locator("#screen").click();
            assert.match(await sentence(page), /No part of the screen was chosen/);
            assert.ok(await page.getByRole("button", { name: "Choose a part of the screen" }).isVisible());
            await page.locator("#scenes button").nth(0).click();
            await page.locator("#trouble").waitFor({ state: "hidden" });
            await drop(page, []);
            assert.match(await sentence(page), /There was no file/);
        }, { first: "navigator.mediaDevices.getDisplayMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };", at: quick }));
});
