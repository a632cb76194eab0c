// What a visitor of the page does and sees.
import { readFileSync } from "node:fs";
import { basename } from "node:path";

/** @typedef {import("playwright-core").Page} Page */

/** What the demo network finds in crossing.jpg, best first. */
export const crossing = [
    { name: "stop", score: 1 },
    { name: "yield", score: 1 },
    { name: "green light", score: 1 },
    { name: "direction", score: 1 },
    { name: "direction", score: 0.99 },
    { name: "stop", score: 0.96 },
    { name: "yield", score: 0.73 },
];

/** Long enough for kernels to be built on a processor. */
const PATIENCE = 60_000;

/** Waits for the first picture with boxes. @param {Page} page */
export async function begin(page) {
    await frames(page, 1, 0);
    await page.locator("#found li").first().waitFor({ timeout: PATIENCE });
}

/** Takes a small input, which is quick, and waits until it is there. @param {Page} page */
export async function small(page) {
    await page.locator("#size").selectOption("160");
    await settle(page, async () => (await page.locator("#hud").innerText()).includes("160x160"), true);
}

/** Waits for more frames. @param {Page} page @param {number} more @param {number} [from] */
export async function frames(page, more, from) {
    const before = from ?? Number(await page.locator("#stage").getAttribute("data-frames"));
    const wait = (/** @type {number} */ wanted) => Number(document.getElementById("stage")?.dataset.frames ?? 0) >= wanted;
    try {
        await page.waitForFunction(wait, before + more, { timeout: PATIENCE });
    } catch (error) {
        throw new Error(`no ${more} more frames; the page says: ${await page.locator("#trouble").innerText()}`, { cause: error });
    }
}

/** The list of what was found. @param {Page} page */
export async function listed(page) {
    const rows = await page.locator("#found li").allInnerTexts();
    return rows.map((row) => {
        const [name, percent] = row.split("\n");
        return { name: name ?? "", score: Number.parseInt(percent ?? "", 10) / 100 };
    });
}

/** Waits until a look gives what is wanted; the last look is in the error. @param {Page} page @param {() => Promise<unknown>} look @param {unknown} wanted */
export async function settle(page, look, wanted) {
    const text = JSON.stringify(wanted);
    let seen = "";
    for (let end = Date.now() + PATIENCE / 2; Date.now() < end; ) {
        seen = JSON.stringify(await look());
        if (seen === text) return;
        await page.waitForTimeout(100);
    }
    throw new Error(`expected ${text}, found ${seen}; the page says: ${await page.locator("#trouble").innerText()}`);
}

/** Waits until no more frames are shown: those under way when it was asked for still come. @param {Page} page */
export async function stands(page) {
    const count = () => page.locator("#stage").getAttribute("data-frames");
    const STILL = 2000;
    let [seen, since] = [await count(), Date.now()];
    for (const end = Date.now() + PATIENCE; Date.now() - since < STILL; ) {
        if (Date.now() > end) throw new Error(`frames go on: ${seen} by now`);
        await page.waitForTimeout(100);
        const now = await count();
        if (now !== seen) [seen, since] = [now, Date.now()];
    }
}

/** The processor's time, in milliseconds, of the longest task of the window's thread: what other programs do does not count. @param {Page} page @param {() => Promise<unknown>} during */
async function longest(page, during) {
    const devtools = await page.context().newCDPSession(page);
    /** @type {any[]} */
    const events = [];
    devtools.on("Tracing.dataCollected", ({ value }) => events.push(...value));
    await devtools.send("Tracing.start", { traceConfig: { includedCategories: ["toplevel", "__metadata", "blink.user_timing"] } });
    // Tells this page's thread from those of others.
    await page.evaluate(() => performance.mark("this window"));
    await during();
    // What has been waited for was told by a task that has not ended yet: another one comes after it.
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    const complete = new Promise((resolve) => devtools.once("Tracing.tracingComplete", resolve));
    await devtools.send("Tracing.end");
    await complete;
    await devtools.detach();
    const window = events.find((event) => event.name === "this window");
    const tasks = events.filter((event) => window && event.pid === window.pid && event.tid === window.tid && event.name.endsWith("RunTask"));
    // A task that was under way when the trace began or ended has no time.
    const times = tasks.flatMap((task) => (task.tdur === undefined ? [] : [task.tdur / 1000]));
    if (!times.length) throw new Error("the browser has traced no task of the window");
    return Math.max(...times);
}

/**
 * Fails if a task of the window's thread took more of the processor than a loop in the same page, which takes about 50 ms where
 * the other suites take minutes.
 * @param {Page} page
 * @param {string} what
 * @param {() => Promise<unknown>} during
 */
export async function light(page, what, during) {
    const loop = await longest(page, () =>
        page.evaluate(() => {
            let sum = 1;
            for (let i = 1; i < 4e7; i++) sum = Math.imul(sum ^ i, 0x01000193);
            return sum;
        }),
    );
    const task = await longest(page, during);
    console.log(`${what}: the longest task ${task.toFixed(1)} ms of the processor, the loop ${loop.toFixed(1)} ms`);
    if (!(task < loop)) throw new Error(`${what}: a task held the window for ${task} ms of the processor, a loop takes ${loop} ms`);
}

/** Tells the page that its tab is hidden, or seen again. @param {Page} page @param {boolean} on */
export function hide(page, on) {
    return page.evaluate((on) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => on });
        document.dispatchEvent(new Event("visibilitychange"));
    }, on);
}

/** What the page complains of. @param {Page} page */
export async function sentence(page) {
    await page.locator("#trouble").waitFor({ timeout: PATIENCE });
    return page.locator("#sentence").innerText();
}

/** Drops files, each with its type; onto the page, or a part of it. @param {Page} page @param {[string, string][]} files @param {string} [onto] */
export async function drop(page, files, onto = "body") {
    const contents = files.map(([path, type]) => ({ name: basename(path), type, base64: readFileSync(path).toString("base64") }));
    await page.locator(onto).evaluate((target, contents) => {
        const data = new DataTransfer();
        for (const { name, type, base64 } of contents) {
            const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
            data.items.add(new File([bytes], name, { type }));
        }
        target.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }, contents);
}
