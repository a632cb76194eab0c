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

/** What the page complains of. @param {Page} page */
export async function sentence(page) {
    await page.locator("#trouble").waitFor({ timeout: PATIENCE });
    return page.locator("#sentence").innerText();
}

/** Drops files, each with its type. @param {Page} page @param {[string, string][]} files */
export async function drop(page, files) {
    const contents = files.map(([path, type]) => ({ name: basename(path), type, base64: readFileSync(path).toString("base64") }));
    await page.evaluate((contents) => {
        const data = new DataTransfer();
        for (const { name, type, base64 } of contents) {
            const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
            data.items.add(new File([bytes], name, { type }));
        }
        document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }, contents);
}
