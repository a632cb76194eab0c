// A second browser for tests: Debian's Firefox without a screen, driven over WebDriver BiDi (Playwright has only its own).
import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";
import { CI } from "./harness.mjs";

const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";

/** Why there is no Firefox to test with, or false. Under CI=true nothing is skipped. */
export const skipFirefox = existsSync(FIREFOX) || CI ? false : `SKIPPED: there is no ${FIREFOX}`;

/** Starts Firefox with a profile of its own, and an empty page. */
export async function launchFirefox() {
    const browser = await puppeteer.launch({ browser: "firefox", executablePath: FIREFOX, headless: true, protocol: "webDriverBiDi" });
    try {
        const page = await browser.newPage();
        await page.setViewport({ width: 1280, height: 800 });
        return { page, close: () => browser.close() };
    } catch (error) {
        await browser.close();
        throw error;
    }
}
