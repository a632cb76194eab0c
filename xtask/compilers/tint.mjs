// node tint.mjs FILE.json: Tint compiles every text of a list of { name, precision, text }, and Dawn makes a pipeline of it.
import { readFileSync } from "node:fs";
import { create, globals } from "webgpu";

Object.assign(globalThis, globals);
// Kept: if it is garbage-collected, its adapters go too.
const gpu = create(["backend=vulkan"]);
const adapter = await gpu.requestAdapter();
if (!adapter) throw new Error("Dawn finds no Vulkan driver that it takes");
if (!adapter.features.has("shader-f16")) throw new Error(`${adapter.info.description}: has no shader-f16`);
console.log(`Dawn on ${adapter.info.description}`);
const device = await adapter.requestDevice({ requiredFeatures: ["shader-f16", "subgroups"] });
const texts = JSON.parse(readFileSync(process.argv[2], "utf8"));
let refused = 0;
for (const { name, precision, text } of texts) {
    // A directive that naga does not know, and Tint wants.
    const code = /\bsubgroup/.test(text) ? `enable subgroups;\n${text}` : text;
    const module = device.createShaderModule({ code });
    const { messages } = await module.getCompilationInfo();
    const errors = messages.filter((message) => message.type === "error").map((message) => `${message.lineNum}: ${message.message}`);
    try {
        await device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
    } catch (error) {
        errors.push(String(error));
    }
    if (errors.length > 0) {
        refused += 1;
        console.log(`${name} in ${precision}: ${errors.join("; ")}`);
    }
}
console.log(`${texts.length} texts, ${refused} refused`);
process.exitCode = refused > 0 ? 1 : 0;
device.destroy();
process.exit();
