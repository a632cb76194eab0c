// A second browser: Debian's Firefox, driven over WebDriver BiDi.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { launchFirefox, skipFirefox } from "./firefox.mjs";
import { SCREENSHOTS, SITE, serve } from "./harness.mjs";

test("Firefox shows boxes", { skip: skipFirefox }, async () => {
    const server = await serve(SITE);
    /** @type {Awaited<ReturnType<typeof launchFirefox>> | undefined} */
    let firefox;
    try {
        firefox = await launchFirefox();
        const { page } = firefox;
        await page.goto(server.url);
        assert.match(await page.title(), /yolov4/i);
        await page.waitForFunction(() => document.querySelector("#found li, #trouble:not([hidden])"), { timeout: 60_000 });
        const { sentence, found, scene, advice } = await page.evaluate(() => ({
            sentence: document.getElementById("sentence")?.textContent,
            advice: document.getElementById("advice")?.textContent,
            found: document.getElementById("found")?.textContent,
            scene: document.getElementById("first")?.checkVisibility(),
        }));
        console.log(`Firefox says: ${sentence || found}`);
        // On the processor where Firefox has no GPU, as here.
        assert.ok(found, `nothing was found: ${sentence} ${advice}; the scene is ${scene ? "" : "not "}seen`);
        await page.screenshot({ path: join(SCREENSHOTS, "firefox.png") });
    } finally {
        await firefox?.close();
        await server.close();
    }
});
