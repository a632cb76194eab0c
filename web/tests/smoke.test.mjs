// The wasm module alone, as `cargo xtask web` has built it: it loads in a browser, and answers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT, WEB, launch, open, serve } from "./harness.mjs";

test("the wasm module loads and tells its version", async () => {
    const [, version] = /^version = "(.+)"$/m.exec(readFileSync(join(ROOT, "Cargo.toml"), "utf8")) ?? [];
    const server = await serve(join(WEB, "wasm"));
    /** @type {Awaited<ReturnType<typeof launch>> | undefined} */
    let session;
    try {
        // Without WebGPU: a module that asks for a device when it is loaded would break the sentence that says why there is none.
        session = await launch({ gpu: false });
        const { page, complaints } = await open(session.browser);
        const body = '<!doctype html><title>test</title><link rel="icon" href="data:,">';
        await page.route(server.url, (route) => route.fulfill({ contentType: "text/html", body }));
        await page.goto(server.url);
        const told = await page.evaluate(async (base) => {
            /** @type {typeof import("../../target/web/wasm/yolov4.js")} */
            const module = await import(`${base}yolov4.js`);
            await module.default({ module_or_path: `${base}yolov4_bg.wasm` });
            return module.version();
        }, server.url);
        assert.equal(told, version);
        assert.deepEqual(complaints, []);
    } finally {
        await session?.close();
        await server.close();
    }
});
