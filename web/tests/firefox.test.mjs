// A second browser: Debian's Firefox, driven over WebDriver BiDi. It works, or says in a sentence why not.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import puppeteer from "puppeteer-core";
import { CI, SITE, WEB, serve } from "./harness.mjs";

const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";

test("Firefox shows boxes, or says why it cannot", { skip: existsSync(FIREFOX) || CI ? false : `SKIPPED: there is no ${FIREFOX}` }, async () => {
    const server = await serve(SITE);
    const browser = await puppeteer.launch({ browser: "firefox", executablePath: FIREFOX, headless: true, protocol: "webDriverBiDi" });
    try {
        const page = await browser.newPage();
        await page.setViewport({ width: 1280, height: 800 });
        await page.goto(server.url);
        await page.waitForFunction(() => document.querySelector("#found li, #trouble:not([hidden])"), { timeout: 60_000 });
        const { sentence, found, scene, advice } = await page.evaluate(() => ({
            sentence: document.getElementById("sentence")?.textContent,
            advice: document.getElementById("advice")?.textContent,
            found: document.getElementById("found")?.textContent,
            scene: document.getElementById("first")?.checkVisibility(),
        }));
        console.log(`Firefox says: ${sentence || found}`);
        if (!found) {
            assert.match(sentence ?? "", /^(This browser has no WebGPU|There is WebGPU, but no graphics adapter answers)\.$/);
            assert.ok(advice, "and what to do");
            assert.ok(scene, "the scene is seen all the same");
        }
        await page.screenshot({ path: join(WEB, "screenshots/firefox.png") });
    } finally {
        await browser.close();
        await server.close();
    }
});
