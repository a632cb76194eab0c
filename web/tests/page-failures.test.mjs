// Every failure that can be forced: a sentence, and a way on that works.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { SITE, launch, open, serve, serveQuick, shoot } from "./harness.mjs";
import { begin, crossing, drop, frames, listed, sentence, settle } from "./visitor.mjs";

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {Awaited<ReturnType<typeof serveQuick>>} */
let quick;
/** @type {Awaited<ReturnType<typeof launch>>} */
let session;

before(async () => {
    server = await serve(SITE);
    quick = await serveQuick();
    // Or it would bring the page past the tests' changes.
    session = await launch({ context: { serviceWorkers: "block" } });
});

after(async () => {
    await session?.close();
    await server?.close();
    await quick?.close();
});

/**
 * A visit to a page that something is wrong with.
 * @param {{ page?: string, worker?: string }} wrong Scripts that run before the page's and before its worker's.
 * @param {(page: import("playwright-core").Page) => Promise<void>} visit
 * @param {{ url: string }} [at] Where it lies.
 */
async function visit(wrong, visit, at = server) {
    const { page } = await open(session.browser);
    try {
        if (wrong.page) await page.addInitScript(wrong.page);
        if (wrong.worker) {
            const body = `${wrong.worker}\n${readFileSync(join(SITE, "worker.js"), "utf8")}`;
            await page.route("**/worker.js", (route) => route.fulfill({ body, contentType: "text/javascript" }));
        }
        await page.goto(`${at.url}?device=webgpu`);
        await visit(page);
    } finally {
        await page.close();
    }
}

/** Keeps the device where a test can reach it. */
const KEEP = `const ask = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (d) { return (self.kept = await ask.call(this, d)); };`;
/** @param {import("playwright-core").Page} page */
const lose = (page) => page.workers()[0]?.evaluate(() => /** @type {any} */ (self).kept.destroy());

describe("failures", { concurrency: false }, () => {
    test("no WebGPU, no secure context", async () => {
        await visit({ page: "Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined })" }, async (page) => {
            assert.equal(await sentence(page), "This browser has no WebGPU.");
            assert.match(await page.locator("#advice").innerText(), /Chrome and Edge .* 113 .* Safari from 26, Firefox from 141/);
            assert.ok(await page.locator("#first").isVisible());
            await shoot(page, "no-webgpu");
        });
        await visit({ page: "Object.defineProperty(window, 'isSecureContext', { get: () => false })" }, async (page) => {
            assert.match(await sentence(page), /over https/);
        });
    });

    test("without a GPU the processor plays, and the page says how to get one", async () => {
        const without = await launch({ gpu: false });
        try {
            const { page, complaints } = await open(without.browser);
            await page.goto(server.url);
            await begin(page);
            assert.deepEqual(await listed(page), crossing);
            assert.match(await page.locator("#hud").innerText(), /on the processor[^]*in the worker[^]*the processor/);
            assert.match(await page.locator("#software").innerText(), /^The processor plays\. .*(no graphics adapter|no WebGPU)/);
            assert.equal(await page.locator("#trouble").isVisible(), false);
            await page.locator("#size").selectOption("160");
            await page.locator("#clip").click();
            await frames(page, 3);
            await shoot(page, "processor");
            assert.deepEqual(complaints, []);
        } finally {
            await without.close();
        }
    });

    test("no adapter", async () => {
        const without = await launch({ gpu: false });
        try {
            const { page } = await open(without.browser);
            await page.goto(`${server.url}?device=webgpu`);
            assert.match(await sentence(page), /no graphics adapter answers|has no WebGPU/);
            await shoot(page, "no-adapter");
        } finally {
            await without.close();
        }
    });

    test("no WebGPU or no canvas in workers: the window plays", () =>
        visit({ worker: "Object.defineProperty(WorkerNavigator.prototype, 'gpu', { get: () => undefined }); delete WorkerNavigator.prototype.gpu;" }, async (page) => {
            await begin(page);
            assert.match(await page.locator("#hud").innerText(), /in the window/);
            assert.deepEqual(await listed(page), crossing);
        }));

    test("an adapter that is too small", () =>
        visit({ worker: "Object.defineProperty(GPUSupportedLimits.prototype, 'maxStorageBufferBindingSize', { get: () => 1.4e6 });" }, async (page) => {
            assert.match(await sentence(page), /input: its value needs 1.6 MB in one binding, this adapter allows 1.4 MB/);
            await page.getByRole("button", { name: "Take a smaller size" }).click();
            await frames(page, 1);
            assert.equal(await page.locator("#size").inputValue(), "256");
        }));

    test("a lost device is made again, for pictures and for videos", () =>
        visit({ worker: KEEP }, async (page) => {
            await begin(page);
            await lose(page);
            await page.locator("#stage[data-rebuilt]").waitFor({ timeout: 60_000 });
            await frames(page, 1);
            assert.deepEqual(await listed(page), crossing);
            await page.locator("#size").selectOption("160");
            await page.locator("#clip").click();
            await frames(page, 3);
            await lose(page);
            await frames(page, 5);
            assert.equal(await page.locator("#trouble").isVisible(), false);
        }));

    test("a device that cannot be had again", () =>
        visit({ worker: KEEP }, async (page) => {
            await begin(page);
            await page.workers()[0]?.evaluate(() => {
                const { gpu } = /** @type {any} */ (self.navigator);
                const prototype = Object.getPrototypeOf(gpu);
                /** @type {any} */ (self).plain = prototype.requestAdapter;
                prototype.requestAdapter = async () => null;
            });
            await lose(page);
            assert.equal(await sentence(page), "The GPU was lost, and could not be had again.");
            await page.workers()[0]?.evaluate(() => {
                const { gpu } = /** @type {any} */ (self.navigator);
                Object.getPrototypeOf(gpu).requestAdapter = /** @type {any} */ (self).plain;
            });
            await page.getByRole("button", { name: "Try again" }).click();
            await frames(page, 1);
        }, quick));

    test("frames that the browser does not copy go another way", () =>
        visit({ worker: "GPUQueue.prototype.copyExternalImageToTexture = () => { throw new TypeError('not this one') };" }, async (page) => {
            await begin(page);
            assert.match(await page.locator("#hud").innerText(), /by planes/);
            assert.deepEqual(
                (await listed(page)).map(({ name }) => name).sort(),
                crossing.map(({ name }) => name).sort(),
            );
        }));

    test("and another, as far as it takes", async () => {
        const copies = (/** @type {string} */ which) => `const copy = GPUQueue.prototype.copyExternalImageToTexture;
GPUQueue.prototype.copyExternalImageToTexture = function (from, ...rest) {
    if (${which}) throw new TypeError("not this one");
    return copy.call(this, from, ...rest);
};`;
        const clip = async (/** @type {import("playwright-core").Page} */ page) => {
            await page.locator("#size").selectOption("160");
            await page.locator("#clip").click();
            await frames(page, 3);
            return page.locator("#hud").innerText();
        };
        // Clips are pictures: only the second copy of each, that of the bitmap of the bitmap, is let through.
        await visit({ worker: `delete self.VideoFrame; let n = 0; ${copies("(n += 1) % 2 === 1 && n < 3")}` }, async (page) => {
            await begin(page);
            assert.match(await clip(page), /by bitmap/);
        });
        await visit({ worker: `delete self.VideoFrame; ${copies("true")}` }, async (page) => {
            await begin(page);
            assert.match(await page.locator("#hud").innerText(), /by canvas/);
            assert.deepEqual((await listed(page)).map(({ name }) => name).sort(), crossing.map(({ name }) => name).sort());
        });
    });

    test("no timestamps: the time is that of the wall, and says so", () =>
        visit({ worker: "const has = GPUSupportedFeatures.prototype.has; GPUSupportedFeatures.prototype.has = function (f) { return f !== 'timestamp-query' && has.call(this, f); };" }, async (page) => {
            await begin(page);
            assert.match(await page.locator("#hud").innerText(), /wall [\d.]+ ms \(wall time\)/);
        }, quick));

    test("cameras: denied, none, busy, pulled out", async () => {
        const refuse = (/** @type {string} */ name) =>
            `navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', '${name}') };`;
        for (const [name, words] of [
            ["NotAllowedError", /was not allowed/],
            ["NotFoundError", /There is no camera/],
            ["NotReadableError", /is busy/],
        ]) {
            await visit({ page: refuse(String(name)) }, async (page) => {
                await begin(page);
                await page.locator("#camera").click();
                assert.match(await sentence(page), /** @type {RegExp} */ (words));
                await shoot(page, String(name));
            }, quick);
        }
    });

    test("a camera that the browser itself denies", () =>
        visit({}, async (page) => {
            await begin(page);
            await page.locator("#camera").click();
            assert.match(await sentence(page), /was not allowed|There is no camera/);
        }, quick));

    test("no room to keep a network, which runs all the same", () =>
        visit({ page: "FileSystemFileHandle.prototype.createWritable = async () => { throw new DOMException('full', 'QuotaExceededError') };" }, async (page) => {
            await begin(page);
            await drop(page, [[join(SITE, "demo.safetensors"), ""]]);
            assert.match(await sentence(page), /no room left/);
            await settle(page, () => page.locator("#models").inputValue(), "demo");
        }, quick));

    test("a wasm module that does not come", () =>
        visit({}, async (page) => {
            await page.route("**/*.wasm", (route) => route.fulfill({ status: 404, body: "" }));
            await page.reload();
            assert.match(await sentence(page), /yolov4_bg.wasm: cannot be loaded/);
            await page.unroute("**/*.wasm");
            await page.getByRole("button", { name: "Reload the page" }).click();
            await begin(page);
        }, quick));
});
