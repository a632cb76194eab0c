// LiteRT.js on the network as .tflite, whose values lie as NHWC; heads are turned to NCHW when they are compared.
import { Tensor, getWebGpuDevice, loadAndCompile, loadLiteRt } from "@litertjs/core";
import { noise } from "./darknet.js";
import { times } from "./timing.js";

export async function load({ size, accelerator }) {
    await loadLiteRt(new URL("litert/", location.href).href);
    const model = await loadAndCompile("net.tflite", { accelerator });
    const picture = nhwc(noise(size), size);
    const frame = async () => {
        // From the host every frame, as for everybody.
        const input = new Tensor(picture, [1, size, size, 3]);
        const heads = await model.run([input]);
        const read = await Promise.all(heads.map(async (head) => ({ shape: [...head.type.layout.dimensions], values: (await head.data()).slice() })));
        heads.forEach((head) => head.delete());
        input.delete();
        return read;
    };
    return {
        first: frame,
        frames: (count, warmup) => times(count, warmup, frame),
        // The converter may have exchanged them: the smaller grid comes first, as in a cfg.
        heads: async () => (await frame()).sort((a, b) => a.values.length - b.values.length).map(nchw),
        gpu: () => getWebGpuDevice?.() !== undefined,
    };
}

/** Of three planes. */
function nhwc(planes, size) {
    const pixels = size * size;
    return Float32Array.from({ length: 3 * pixels }, (_, i) => planes[(i % 3) * pixels + Math.floor(i / 3)]);
}

function nchw({ shape: [, height, width, channels], values }) {
    const pixels = height * width;
    return Float32Array.from({ length: values.length }, (_, i) => values[(i % pixels) * channels + Math.floor(i / pixels)]);
}
