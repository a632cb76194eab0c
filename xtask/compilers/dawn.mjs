// node dawn.mjs FOLDER PRECISION EVERY: all kernel problems, or every second, third, .., compiled to wasm by `cargo xtask web` into FOLDER, played by Dawn without a browser, in
// f32 or f16, on the Vulkan driver that $VK_ICD_FILENAMES names.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { create, globals } from "webgpu";

const [, , folder, precision, every] = process.argv;
const least = 250 / Number(every);
// Kept: if it is garbage-collected, its adapters go too.
const gpu = create(["backend=vulkan"]);
const adapter = await gpu.requestAdapter();
if (!adapter) throw new Error("Dawn finds no Vulkan driver that it takes");
// What wgpu looks for: the WebGPU of a window.
class Window {
    static [Symbol.hasInstance](/** @type {unknown} */ value) {
        return value === globalThis;
    }
}
Object.assign(globalThis, globals, { Window });
Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });

const { default: init, run } = await import(pathToFileURL(join(folder, "suite.js")).href);
await init({ module_or_path: readFileSync(join(folder, "suite_bg.wasm")) });
const [count, worst, played, failed] = await run(precision, Number(every), process.stdout.isTTY ? (/** @type {number} */ number) => process.stdout.write(`${number}\r`) : undefined);
console.log(`Dawn on ${adapter.info.description}, ${precision}: ${count} problems on ${played.join(", ")}; none off by more than ${worst.toExponential(2)}`);
failed.forEach((/** @type {string} */ what) => console.log(`FAILED: ${what}`));
if (count < least) console.log(`FAILED: only ${count} problems`);
process.exit(failed.length > 0 || count < least ? 1 : 0);
