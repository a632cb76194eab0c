// Networks that a person brings: by drop, by address, kept, deleted; and everything that can be wrong with them.
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { launch, open, serveQuick, shoot } from "./harness.mjs";
import { CFG, weights } from "./smallest.mjs";
import { begin, drop, frames, sentence, settle } from "./visitor.mjs";

const FOLDER = mkdtempSync(join(tmpdir(), "yolov4-net-"));
/** @param {string} name @param {string | Buffer} contents @returns {[string, string]} */
function file(name, contents) {
    writeFileSync(join(FOLDER, name), contents);
    return [join(FOLDER, name), ""];
}

/** @type {Awaited<ReturnType<typeof serveQuick>>} */
let server;
/** @type {Awaited<ReturnType<typeof launch>>} */
let session;
/** Where models lie: another origin, which allows others to read, and cuts the first try of every .weights. */
const models = createServer((request, response) => {
    const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "range,if-range", "access-control-expose-headers": "etag" };
    const contents = { "/net.cfg": Buffer.from(CFG), "/net.weights": weights() }[request.url ?? ""];
    if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
    if (!contents) return response.writeHead(404, cors).end();
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    asked.push(`${request.url} ${request.headers.range ?? "whole"}`);
    const part = contents.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, { ...cors, etag: '"one"', "content-length": part.length });
    if (request.url !== "/net.weights" || start > 0) return response.end(part);
    response.write(part.subarray(0, 100), () => setTimeout(() => response.destroy(), 200));
    return response;
});
/** @type {string[]} */
const asked = [];

before(async () => {
    server = await serveQuick();
    await new Promise((resolve) => models.listen(0, "127.0.0.1", () => resolve(undefined)));
    session = await launch();
});

after(async () => {
    await session?.close();
    await server?.close();
    models.close();
});

/** @param {(page: import("playwright-core").Page) => Promise<void>} visit @param {RegExp} [allowed] What the console may say. */
async function visit(visit, allowed) {
    const { page, complaints } = await open(session.browser);
    try {
        await page.goto(`${server.url}?device=webgpu`);
        await begin(page);
        await visit(page);
        assert.deepEqual(complaints.filter((one) => !allowed?.test(one)), []);
    } finally {
        await page.close();
    }
}

/** @param {import("playwright-core").Page} page */
const title = (page) => page.locator("#models").inputValue();

describe("networks", { concurrency: false }, () => {
    test("are dropped, kept from visit to visit, and deleted", async () => {
        await visit(async (page) => {
            await drop(page, [file("net.cfg", CFG), file("net.weights", weights()), file("net.names", "thing\n")]);
            await settle(page, () => title(page), "net");
            await settle(page, () => page.locator("#found li").first().innerText(), "thing\n99 %");
        });
        await visit(async (page) => {
            await page.locator("summary", { hasText: "Kept on this machine" }).click();
            await settle(page, () => page.locator("#kept li span").allInnerTexts(), ["net, 0.0 MB"]);
            await page.locator("#models").selectOption("net");
            await settle(page, () => page.locator("#found li").first().innerText(), "thing\n99 %");
            await page.getByRole("button", { name: "Delete net" }).click();
            await settle(page, () => page.locator("#kept li").count(), 0);
            await page.locator("#models").selectOption("Road signs (demo)");
            await settle(page, () => page.locator("#found li").first().innerText(), "sign\n99 %");
        });
    });

    test("come from an address, and a download that was cut goes on", () =>
        visit(
            async (page) => {
                const { port } = /** @type {import("node:net").AddressInfo} */ (models.address());
                await page.locator("summary", { hasText: "By address" }).click();
                await page.locator("[name=model]").fill(`http://127.0.0.1:${port}/net.cfg`);
                await page.locator("[name=weights]").fill(`http://127.0.0.1:${port}/net.weights`);
                await page.getByRole("button", { name: "Fetch" }).click();
                assert.match(await sentence(page), /net.weights: the download was cut after 100 of 308 bytes/);
                await shoot(page, "cut");
                await page.getByRole("button", { name: "Go on with the download" }).click();
                await settle(page, () => title(page), "net");
                assert.ok(asked.includes("/net.weights bytes=100-"), `what was asked for: ${asked}`);
                await page.locator("[name=model]").fill(`http://127.0.0.1:${port}/none.cfg`);
                await page.getByRole("button", { name: "Fetch" }).click();
                await settle(page, async () => /none.cfg: the server answers 404/.test(await sentence(page)), true);
            },
            /404|ERR_CONTENT_LENGTH_MISMATCH|ERR_CONNECTION|ERR_INCOMPLETE/,
        ));

    test("that are wrong are told with file, line and numbers, and the old one stays", () =>
        visit(async (page) => {
            await drop(page, [file("bad.cfg", CFG.replace("size=1", "sise=1")), file("bad.weights", weights())]);
            await settle(page, () => sentence(page), "bad.cfg:7: layer 0 [convolutional]: unknown key `sise`: is `size` meant?");
            await drop(page, [file("net.cfg", CFG), file("net.weights", weights().subarray(0, 200))]);
            await settle(page, async () => /^net.weights: .*308.*200/.test(await sentence(page)), true);
            await drop(page, [file("net.cfg", CFG)]);
            await settle(page, () => sentence(page), "net.cfg: expected the .weights beside net.cfg.");
            await drop(page, [file("junk.safetensors", "nothing")]);
            await settle(page, async () => /^junk.safetensors: not a safetensors file/.test(await sentence(page)), true);
            assert.equal(await title(page), "Road signs (demo)");
            await page.getByRole("button", { name: "Use the demo network" }).click();
            await frames(page, 1);
            assert.equal(await page.locator("#trouble").isVisible(), false);
        }));
});
