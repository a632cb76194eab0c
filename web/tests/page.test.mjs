// The page as a person finds it: first boxes, sources, networks, keys, sizes; nothing on the console all the while.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT, SCREENSHOTS, SITE, WEB, launch, open, serve, serveQuick, shoot } from "./harness.mjs";
import { begin, crossing, drop, frames, hide, light, listed, sentence, settle, small, stands } from "./visitor.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");
/** Below a path, as a project's page lies at many hosts. */
const BASE = "/some/where/";

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {Awaited<ReturnType<typeof serveQuick>>} */
let quick;
/** @type {Awaited<ReturnType<typeof launch>>} */
let session;
/** Four seconds of the clip, as a webcam gives them. */
const CAMERA = join(WEB, "camera.y4m");

before(async () => {
    server = await serve(SITE, { base: BASE });
    quick = await serveQuick();
    const clip = join(ROOT, "assets/clip.mjpeg");
    execFileSync("ffmpeg", ["-v", "error", "-y", "-i", clip, "-t", "4", "-pix_fmt", "yuv420p", "-s", "640x480", CAMERA]);
    const flags = ["--use-fake-ui-for-media-stream"];
    session = await launch({ camera: CAMERA, flags, context: { permissions: ["camera", "clipboard-read", "clipboard-write"] } });
});

after(async () => {
    await session?.close();
    await server?.close();
    await quick?.close();
});

/** A visitor for one test. @param {(page: import("playwright-core").Page) => Promise<void>} visit @param {{ url: string }} [at] */
async function visit(visit, at = server) {
    const { page, complaints } = await open(session.browser);
    try {
        await page.goto(`${at.url}?device=webgpu`);
        await visit(page);
        assert.deepEqual(complaints, []);
    } finally {
        await page.close();
    }
}

describe("the page", { concurrency: false }, () => {
    test("shows the scene at once, then boxes, below any path", () =>
        visit(async (page) => {
            assert.ok(await page.locator("#first").isVisible(), "the scene is seen before anything is loaded");
            await begin(page);
            assert.deepEqual(await listed(page), crossing);
            assert.equal(await page.locator("#first").isVisible(), false);
            assert.match(await page.locator("#hud").innerText(), /by copy, in the worker/);
            assert.ok(await page.locator("#software").isVisible(), "a software adapter is named as such");
            await page.emulateMedia({ colorScheme: "dark" });
            // Colours change softly.
            await page.waitForTimeout(500);
            await shoot(page, "start-dark");
            await page.emulateMedia({ colorScheme: null });
        }));

    test("has no serious fault that axe-core finds, dark or light", () =>
        visit(async (page) => {
            await begin(page);
            for (const colorScheme of /** @type {const} */ (["dark", "light"])) {
                // Colours change softly otherwise, and are none of either scheme meanwhile.
                await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
                for (const fold of await page.locator("details").all()) await fold.evaluate((it) => it.setAttribute("open", ""));
                // Through the debugger, past the page's policy.
                await page.evaluate(AXE);
                // @ts-expect-error axe-core has put itself there
                const { violations } = await page.evaluate(() => globalThis.axe.run());
                const bad = violations.filter((/** @type {any} */ v) => ["serious", "critical"].includes(v.impact));
                assert.deepEqual(bad.map((/** @type {any} */ v) => `${v.id}: ${v.nodes.map((/** @type {any} */ n) => n.html)}`), []);
                await shoot(page, `folds-${colorScheme}`);
            }
        }, quick));

    test("takes thresholds, classes and mirror at once, by mouse and by key", () =>
        visit(async (page) => {
            await begin(page);
            await page.locator("#conf").fill("0.98");
            await settle(page, () => listed(page), crossing.filter(({ score }) => score >= 0.98));
            for (let i = 0; i < 3; i += 1) await page.keyboard.press("Tab");
            await page.locator("#stage").click();
            await page.keyboard.press("ArrowDown");
            await page.keyboard.press("ArrowDown");
            assert.equal(await page.locator("#conf-value").innerText(), "0.88");
            await settle(page, () => listed(page), crossing.filter(({ score }) => score >= 0.88));
            await page.locator("summary", { hasText: "Only some classes" }).click();
            await page.locator("#search").fill("sto");
            assert.equal(await page.locator("#classes label:visible").count(), 1);
            await page.locator("#classes label:visible input").check();
            await settle(page, () => listed(page), crossing.filter(({ name }) => name === "stop"));
            await page.locator("#mirror").check();
            await frames(page, 1);
            await shoot(page, "mirrored");
            await page.locator("#stage").click();
            await page.keyboard.press("?");
            assert.ok(await page.locator("#keys").isVisible());
            await page.keyboard.press("Escape");
            await page.locator("#keys").waitFor({ state: "hidden" });
            await page.keyboard.press("h");
            await settle(page, () => page.locator("#hud").isVisible(), false);
        }));

    test("can be used with the keyboard alone", () =>
        visit(async (page) => {
            await begin(page);
            const seen = [];
            for (let i = 0; i < 40; i += 1) {
                await page.keyboard.press("Tab");
                seen.push(await page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim()));
            }
            for (const id of ["camera", "open", "clip", "pause", "models", "size", "conf", "nms", "json", "measure", "help"]) {
                assert.ok(seen.includes(id), `the Tab key comes by #${id}: ${seen}`);
            }
            await page.locator("#scenes button").nth(2).focus();
            await page.keyboard.press("Enter");
            await settle(page, async () => (await page.locator("#hud").innerText()).includes("night.jpg"), true);
        }, quick));

    test("fits a phone", () =>
        visit(async (page) => {
            await page.setViewportSize({ width: 360, height: 740 });
            await begin(page);
            const wide = await page.evaluate(() => document.documentElement.scrollWidth);
            assert.ok(wide <= 360, `nothing is wider than the phone: ${wide}`);
            await shoot(page, "phone");
        }, quick));

    test("plays a webcam, frame after frame, and reads boxes back only for the list", () =>
        visit(async (page) => {
            await begin(page);
            await small(page);
            await page.locator("#camera").click();
            await frames(page, 5);
            await settle(page, async () => (await listed(page)).length > 0, true);
            assert.match(await page.locator("#hud").innerText(), /fps/);
            await shoot(page, "camera");
            await page.locator("#listed").uncheck();
            await frames(page, 3);
            const reads = async () => Number(/(\d+) read-backs/.exec(await page.locator("#hud").innerText())?.[1]);
            const before = await reads();
            await frames(page, 5);
            assert.equal(await reads(), before, "nobody asked for boxes");
            await page.locator("#pause").click();
            await stands(page);
        }));

    test("never holds the window", () =>
        visit(async (page) => {
            await begin(page);
            await small(page);
            await page.locator("#clip").click();
            await frames(page, 3);
            await light(page, "a clip", () => frames(page, 20));
            // Who holds it is seen.
            const hold = () =>
                page.evaluate(() => {
                    let sum = 1;
                    for (let i = 1; i < 1.2e8; i++) sum = Math.imul(sum ^ i, 0x01000193);
                    return sum;
                });
            await assert.rejects(light(page, "a long loop", hold), /held the window/);
        }));

    test("takes pictures by drop and by paste", () =>
        visit(async (page) => {
            await begin(page);
            await drop(page, [[join(ROOT, "assets/images/rain.jpg"), "image/jpeg"]]);
            await settle(page, async () => (await page.locator("#hud").innerText()).includes("rain.jpg"), true);
            await page.evaluate(async () => {
                const picture = await (await fetch("images/night.jpg")).blob();
                const data = new DataTransfer();
                data.items.add(new File([picture], "pasted.jpg", { type: "image/jpeg" }));
                document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
            });
            await settle(page, async () => (await page.locator("#hud").innerText()).includes("pasted.jpg"), true);
            await drop(page, [[join(ROOT, "README.md"), "text/markdown"]]);
            assert.match(await sentence(page), /README.md: is neither a picture, nor a video/);
        }, quick));

    test("takes files by the picker, and the screen", () =>
        visit(async (page) => {
            await begin(page);
            const [picker] = await Promise.all([page.waitForEvent("filechooser"), page.locator("#open").click()]);
            await picker.setFiles(join(ROOT, "assets/images/avenue.jpg"));
            await settle(page, async () => (await page.locator("#hud").innerText()).includes("avenue.jpg"), true);
            await page.locator("#screen").click();
            await frames(page, 3);
            assert.match(await page.locator("#hud").innerText(), /fps/);
        }, quick));

    test("saves the picture, the boxes and the benchmark", () =>
        visit(async (page) => {
            await begin(page);
            const save = async (/** @type {string} */ id) => {
                const [download] = await Promise.all([page.waitForEvent("download"), page.locator(id).click()]);
                return readFileSync((await download.path()) ?? "");
            };
            const png = await save("#shot");
            assert.equal(png.subarray(1, 4).toString(), "PNG");
            assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [800, 600]);
            writeFileSync(join(SCREENSHOTS, "saved.png"), png);
            const [picture] = JSON.parse((await save("#json")).toString());
            assert.deepEqual(Object.keys(picture), ["image", "width", "height", "detections"]);
            assert.equal(picture.detections.length, crossing.length);
            await small(page);
            await page.locator("#frames").fill("2");
            await page.locator("#measure").click();
            await page.locator("#results").waitFor();
            const { results } = JSON.parse((await save("#results")).toString());
            assert.equal(results[0].size, "160x160");
            assert.ok(results[0].median_ms > 0 && results[0].software === true && results[0].roof_pct === null);
        }));

    test("goes on without a network after the first visit", async () => {
        const { page } = await open(session.browser);
        await page.goto(`${server.url}?device=webgpu`);
        await begin(page);
        await page.evaluate(() => navigator.serviceWorker.ready);
        await session.browser.setOffline(true);
        try {
            await page.reload();
            await begin(page);
            assert.deepEqual(await listed(page), crossing);
        } finally {
            await session.browser.setOffline(false);
            await page.close();
        }
    });

    test("goes on when its tab was hidden", () =>
        visit(async (page) => {
            await begin(page);
            await page.locator("#clip").click();
            await frames(page, 3);
            const other = await session.browser.newPage();
            await other.bringToFront();
            await hide(page, true);
            // Nobody looks.
            await stands(page);
            await other.close();
            await page.bringToFront();
            await hide(page, false);
            await frames(page, 3);
        }, quick));
});
