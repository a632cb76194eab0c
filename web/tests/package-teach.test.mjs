// What the npm package promises of training, in a page of its own: in one where many devices were lost before, Chromium 156 may stop a window for
// good while it collects garbage (its thread waits for a lock that it holds itself).
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ROOT, WEB, launch, open, serve } from "./harness.mjs";

/** @type {Awaited<ReturnType<typeof launch>>} */
let session;
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** The package as it is, and a picture. */
const folder = mkdtempSync(join(tmpdir(), "yolov4-package-teach-"));

before(async () => {
    cpSync(join(WEB, "package/dist"), join(folder, "dist"), { recursive: true });
    cpSync(join(ROOT, "assets/images/crossing.jpg"), join(folder, "picture.jpg"));
    writeFileSync(join(folder, "index.html"), '<!doctype html><title>test</title><link rel="icon" href="data:,">');
    server = await serve(folder);
    session = await launch();
});

after(async () => {
    await session?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
});

test("teaches a network, and says what cannot be taught", async () => {
    const { page, complaints } = await open(session.browser);
    await page.goto(server.url);
    const seen = await page.evaluate(async () => {
        const at = (/** @type {string} */ path) => new URL(path, location.href).href;
        /** @type {typeof import("../package/src/train.js")} */
        const { Trainer, labels } = await import(at("dist/train.js"));
        /** @type {typeof import("../package/src/index.js")} */
        const { Detector } = await import(at("dist/index.js"));
        const demo = await (await fetch(at("dist/demo.safetensors"))).arrayBuffer();
        const picture = await (await fetch(at("picture.jpg"))).blob();
        const words = (/** @type {Promise<unknown>} */ work) => work.then(() => "done", (error) => `${error.name}: ${error.message}`);
        const usual = { model: demo, classes: ["octagon"], size: 96, steps: 3, looks: 1, batch: 2 };
        const refused = await Promise.all([
            words(Trainer.create({ ...usual, classes: [] })),
            words(Trainer.create({ ...usual, steps: 0.5 })),
            words(Trainer.create({ ...usual, frozen: 99 })),
            words(Trainer.create({ classes: ["octagon"] })),
            words(labels("0 .5 .5 .1 .1\n0 .5 .5 .1\n", { classes: ["octagon"], width: 10, height: 10 })),
            words(labels("0 .5 .5 0 .1", { classes: ["octagon"], width: 10, height: 10 })),
        ]);
        const boxes = await labels("0 .5 .5 .2 .4\n", { classes: ["octagon"], width: 320, height: 200 });
        const trainer = await Trainer.create(usual);
        const none = await words(trainer.run().next());
        const strange = await words(trainer.add(picture, [{ name: "hexagon", box: [0, 0, 9, 9] }]));
        const outside = await words(trainer.add(picture, [{ name: "octagon", box: [-9, 0, 9, 9] }]));
        await trainer.add(picture, boxes);
        await trainer.add(await createImageBitmap(picture), []);
        const stop = new AbortController();
        const first = [];
        for await (const { step, loss } of trainer.run({ signal: stop.signal })) {
            first.push([step, Number.isFinite(loss)]);
            stop.abort();
        }
        const sum = (/** @type {Uint8Array} */ bytes) => bytes.reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193), 1);
        const before = trainer.device;
        before.destroy();
        const rest = [];
        for await (const { step } of trainer.run()) rest.push(step);
        const others = trainer.device !== before;
        trainer.device.destroy();
        const model = await trainer.save();
        const fresh = await Trainer.create(usual);
        const [saved, begun] = [sum(model), sum(await fresh.save())];
        fresh.dispose();
        const { done, steps } = trainer;
        trainer.dispose();
        const gone = await words(trainer.save());
        const detector = await Detector.create({ model, device: "webgpu" });
        const { classes, size } = detector.info;
        detector.dispose();
        return { refused, boxes, none, strange, outside, first, rest, others, saved, begun, done, steps, gone, classes, size };
    });
    assert.deepEqual(seen.refused, [
        "UsageError: classes: expected 1 or more, found 0",
        "UsageError: steps: expected a whole number, found 0.5",
        "UsageError: 99 layers stay as they are: expected 1 to 29",
        "UsageError: a network is either given or named: a .cfg or a .safetensors, or a name",
        "ModelError: the labels:2: expected class, centre x, centre y, width, height, found `0 .5 .5 .1`",
        "ModelError: the labels:1: nothing of this box is in the picture",
    ]);
    assert.deepEqual(seen.boxes.map((/** @type {any} */ { name, box }) => [name, box.map(Math.round)]), [["octagon", [128, 60, 64, 80]]]);
    assert.equal(seen.none, "UsageError: there is no picture to learn from");
    assert.equal(seen.strange, "UsageError: there is no class `hexagon` among octagon");
    assert.match(seen.outside, /^UsageError: a box of 9x9 at -9,0: nothing of it is in a picture/);
    // What was done before the device was lost is done once more, and not told.
    assert.deepEqual([seen.first, seen.rest, seen.done, seen.steps, seen.others], [[[1, true]], [2, 3], 3, 3, true]);
    assert.notEqual(seen.saved, seen.begun, "what was learnt is saved by a device that has done no step");
    assert.deepEqual([seen.gone, seen.classes, seen.size], ["UsageError: this trainer was disposed of: make another one", ["octagon"], [96, 96]]);
    assert.deepEqual(complaints, []);
});
