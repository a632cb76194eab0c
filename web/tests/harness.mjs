// A browser for tests: Debian's Chromium without a screen, on its software GPU, watched for complaints.
import { cpSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "../serve.mjs";
import { bundle } from "./smallest.mjs";

export { serve };

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const WEB = join(ROOT, "target/web");
export const SITE = join(WEB, "site");
/** The page with the smallest network in place of the demo, for what is not about networks: its kernels are built in half the time. */
export async function serveQuick() {
    const folder = mkdtempSync(join(tmpdir(), "yolov4-site-"));
    cpSync(SITE, folder, { recursive: true });
    writeFileSync(join(folder, "demo.safetensors"), bundle());
    const server = await serve(folder);
    return {
        url: server.url,
        async close() {
            await server.close();
            rmSync(folder, { recursive: true, force: true });
        },
    };
}

/** Where pictures of pages are left. It is made here: no test depends on which other one ran before. */
export const SCREENSHOTS = join(WEB, "screenshots");
mkdirSync(SCREENSHOTS, { recursive: true });
/** Trained networks and photographs, or undefined: tests that want them say SKIPPED. */
export const DATA = process.env.YOLOV4_TEST_DATA;

/** Under CI=true what is missing is a failure, as in the Rust suites. */
export const CI = process.env.CI === "true";

/** Flags without which a browser has no GPU here, or shows no picture of one. */
const GPU = ["--enable-unsafe-webgpu", "--use-gl=angle", "--use-angle=gl-egl", "--ignore-gpu-blocklist"];
const QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
];

/** Milliseconds in which whatever a browser is there for is done, on slow machines too, unless somebody says otherwise. */
const LIMIT = 1_200_000;

/**
 * @typedef {object} Options
 * @property {boolean} [gpu] Whether there is WebGPU; true if not said.
 * @property {string} [camera] A .y4m that is the webcam.
 * @property {string[]} [flags] More flags.
 * @property {number} [limit] Milliseconds after which it is closed, whatever it is at.
 * @property {import("playwright-core").BrowserContextOptions} [context] Size, colour scheme and so on.
 */

/**
 * Starts a browser with a profile of its own.
 * @param {Options} [options]
 */
export async function launch({ gpu = true, camera, flags = [], limit = LIMIT, context = {} } = {}) {
    const profile = mkdtempSync(join(tmpdir(), "yolov4-web-"));
    const args = [...QUIET, ...(gpu ? GPU : ["--disable-features=WebGPU,WebGPUService"]), ...flags];
    if (camera) {
        args.push("--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${camera}`);
    }
    const browser = await chromium.launchPersistentContext(profile, {
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        headless: true,
        args,
        viewport: { width: 1280, height: 800 },
        ...context,
    });
    // A page that never answers would keep its tests waiting for good: most questions to a page have no limit of their own.
    const late = setTimeout(() => {
        console.error(`a browser was not done after ${limit / 60_000} minutes, and is closed`);
        void browser.close();
    }, limit);
    return {
        browser,
        async close() {
            clearTimeout(late);
            await browser.close();
            rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
        },
    };
}

/**
 * A page whose complaints are kept: errors on the console, exceptions, breaches of the content security policy.
 * @param {import("playwright-core").BrowserContext} browser
 */
export async function open(browser) {
    const page = await browser.newPage();
    /** @type {string[]} */
    const complaints = [];
    page.on("console", (message) => {
        if (message.type() === "error" || /Content Security Policy/.test(message.text())) {
            complaints.push(`${message.text()} (${message.location().url})`);
        }
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    return { page, complaints };
}

/**
 * Keeps a picture of the page for whoever wants to look.
 * @param {import("playwright-core").Page} page
 * @param {string} name
 */
export async function shoot(page, name) {
    await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}
