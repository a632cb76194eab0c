// A person teaches the page: marks what they want to be found, lets it learn, and has a detector of their own.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT, SITE, launch, open, serve, shoot } from "./harness.mjs";
import { begin, drop, hide, listed, settle, small } from "./visitor.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Long enough for the backbone to look at twenty pictures four times, and for a hundred steps, on a processor. */
const PATIENCE = 600_000;
/** Class number of what is taught, among the signs of the scenes. */
const STOP = 0;

/** @type {Awaited<ReturnType<typeof serve>>} */
let site;
/** @type {Awaited<ReturnType<typeof launch>>} */
let started;
/** @type {string} */
let scenes;

before(async () => {
    scenes = mkdtempSync(join(tmpdir(), "yolov4-scenes-"));
    const draw = ["run", "--release", "--quiet", "-p", "scenes", "--", "--out", scenes, "--count", "150", "--first", "9000", "--seed", "11", "--side", "320"];
    execFileSync("cargo", draw, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
    site = await serve(SITE);
    started = await launch();
});

after(async () => {
    await started?.close();
    await site?.close();
    rmSync(scenes, { recursive: true, force: true });
});

/** The scenes with their stop signs, as a person would have marked them: name and lines of labels. */
function marked() {
    return readdirSync(join(scenes, "labels"))
        .sort()
        .map((file) => {
            const lines = readFileSync(join(scenes, "labels", file), "utf8").split("\n");
            const stops = lines.filter((line) => line.startsWith(`${STOP} `));
            const side = Math.max(0, ...stops.map((line) => Number(line.split(" ")[3])));
            return { name: file.replace(".txt", ""), stops, side };
        });
}

/** @param {string} name */
const picture = (name) => join(scenes, "images", `${name}.jpg`);

/** A scene, and its labels in a file of their own. @param {{ name: string, stops: string[] }} scene */
function withLabels({ name, stops }) {
    const labels = join(scenes, `${name}.txt`);
    writeFileSync(labels, `${stops.join("\n")}\n`);
    return [
        /** @type {[string, string]} */ ([picture(name), "image/jpeg"]),
        /** @type {[string, string]} */ ([labels, "text/plain"]),
    ];
}

/** Drops files onto the lesson. @param {Page} page @param {[string, string][]} files */
const give = (page, files) => drop(page, files, "#lesson");

/** Keeps the devices of the page's worker, so that a test can take one away. */
const KEEP = `
    const plain = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...given) {
        const device = await plain.apply(this, given);
        (self.devices ??= []).push(device);
        return device;
    };`;

describe("the lesson", { concurrency: false }, () => {
    test("twenty scenes and a hundred steps make a detector, through a lost device and a hidden tab", { timeout: PATIENCE }, async () => {
        const { page, complaints } = await open(started.browser);
        // Workers have no init scripts: theirs begins with this.
        await page.route("**/worker.js*", async (route) => {
            const answer = await route.fetch();
            await route.fulfill({ response: answer, body: `${KEEP}\n${await answer.text()}` });
        });
        await page.goto(`${site.url}?device=webgpu`);
        await begin(page);
        await small(page);
        await page.locator("#teach").click();
        await page.locator("#lesson").waitFor();
        await page.locator("#learn").click();
        await settle(page, () => page.locator("#lesson-says").innerText(), "Nothing is marked yet: draw a box around an object in each picture.");

        const all = marked();
        // Those that can be seen at this size.
        const having = all.filter(({ side }) => side >= 0.1);
        const [byHand, ...others] = having.slice(0, 16);
        const held = having[16];
        assert.ok(byHand && held, "there are scenes enough");
        const lesson = [...others, ...all.filter(({ stops }) => stops.length === 0).slice(0, 4)];
        writeFileSync(join(scenes, "classes.txt"), "octagon\n");
        await give(page, [...lesson.flatMap(withLabels), [join(scenes, "classes.txt"), "text/plain"]]);
        await settle(page, () => page.locator("#album button").count(), 19);
        // The last one by hand.
        await give(page, [[picture(byHand.name), "image/jpeg"]]);
        await page.locator(`#album button[aria-label^="${byHand.name}.jpg"]`).click();
        await settle(page, async () => (await page.locator(`#album button[aria-pressed="true"]`).getAttribute("aria-label"))?.startsWith(byHand.name), true);
        await page.locator("#mark-name").fill("octagon");
        for (const stop of byHand.stops) {
            const [, x = 0, y = 0, w = 0, h = 0] = stop.split(" ").map(Number);
            const at = await page.locator("#easel").boundingBox();
            assert.ok(at);
            await page.mouse.move(at.x + (x - w / 2) * at.width, at.y + (y - h / 2) * at.height);
            await page.mouse.down();
            await page.mouse.move(at.x + (x + w / 2) * at.width, at.y + (y + h / 2) * at.height, { steps: 4 });
            await page.mouse.up();
        }
        await settle(page, () => page.locator("#marks li").count(), byHand.stops.length);
        await shoot(page, "lesson");

        const began = Date.now();
        await page.locator("#learn").click();
        const step = async () => Number(await page.locator("#lesson").getAttribute("data-step"));
        const reached = (/** @type {number} */ wanted) =>
            page.waitForFunction((wanted) => Number(document.getElementById("lesson")?.dataset.step ?? 0) >= wanted, wanted, { timeout: PATIENCE });
        await reached(1);
        console.log(`the backbone: ${((Date.now() - began) / 1000).toFixed(1)} s`);
        await reached(34);
        // The newest device is the trainer's.
        const [worker] = page.workers();
        assert.ok(worker, "the network plays in a worker");
        const devices = () => worker.evaluate(() => /** @type {any} */ (self).devices.length);
        const before = await devices();
        await worker.evaluate(() => /** @type {any} */ (self).devices.at(-1).destroy());
        const other = await started.browser.newPage();
        await other.bringToFront();
        await hide(page, true);
        // What the window says of itself reaches no worker: steps are asked for where they are shown.
        await reached(60);
        assert.equal(await devices(), before + 1, "another device goes on");
        await page.bringToFront();
        await hide(page, false);
        await other.close();
        console.log(`step ${await step()}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
        await page.locator("#lesson").waitFor({ state: "hidden", timeout: PATIENCE });
        console.log(`in all: ${((Date.now() - began) / 1000).toFixed(1)} s`);
        const [, first = 0, last = 1] = (/loss (\d+\.\d+) to (\d+\.\d+)/.exec(await page.locator("#taught-what").innerText()) ?? []).map(Number);
        console.log(`loss ${first} to ${last}`);
        assert.ok(last < first / 2, `loss ${first} to ${last}`);

        // It plays at once, on a scene that it has not seen.
        await settle(page, () => page.locator("#models").inputValue(), "octagon");
        await drop(page, [[picture(held.name), "image/jpeg"]]);
        await settle(page, async () => (await listed(page)).some(({ name }) => name === "octagon"), true);
        await shoot(page, "taught");
        assert.deepEqual(complaints, []);
        await page.close();
    });
});
