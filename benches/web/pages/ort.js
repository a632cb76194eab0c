// ONNX Runtime Web; heads come back as NCHW.
import { noise } from "./darknet.js";
import { times } from "./timing.js";

export async function load({ size, provider, threads }) {
    const ort = await import(provider === "webgpu" ? "./ort/ort.webgpu.min.mjs" : "./ort/ort.wasm.min.mjs");
    ort.env.wasm.numThreads = threads ?? navigator.hardwareConcurrency;
    const session = await ort.InferenceSession.create("net.onnx", { executionProviders: [provider] });
    const input = new ort.Tensor("float32", noise(size), [1, 3, size, size]);
    const frame = async () => {
        const outputs = await session.run({ [session.inputNames[0]]: input });
        return Promise.all(session.outputNames.map(async (name) => outputs[name].getData()));
    };
    return { first: frame, frames: (count, warmup) => times(count, warmup, frame), heads: frame };
}
