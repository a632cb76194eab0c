// TensorFlow.js on WebGPU, the network put together from the cfg; heads are turned to NCHW when they are compared.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-webgpu";
import { convolutions, layers, noise } from "./darknet.js";
import { times } from "./timing.js";

export async function load({ size }) {
    await tf.setBackend("webgpu");
    await tf.ready();
    const read = convolutions(await (await fetch("net.weights")).arrayBuffer());
    read.next();
    const steps = build(layers(await (await fetch("net.cfg")).text()), read);
    const picture = noise(size);
    const play = (finish) => {
        const heads = tf.tidy(() => {
            // From the host every frame, as for everybody.
            const input = tf.transpose(tf.tensor4d(picture, [1, 3, size, size]), [0, 2, 3, 1]);
            const values = [];
            const found = [];
            for (const step of steps) values.push(step(values, values.at(-1) ?? input, found));
            return found.map(finish);
        });
        return Promise.all(heads.map((head) => head.data().finally(() => head.dispose())));
    };
    const frame = () => play((head) => head.clone());
    return {
        first: frame,
        frames: (count, warmup) => times(count, warmup, frame),
        heads: () => play((head) => tf.transpose(head, [0, 3, 1, 2])),
    };
}

function build(list, read) {
    const channels = [];
    return list.map((layer, i) => {
        const before = channels[i - 1] ?? 3;
        const [filters, size, stride] = [layer.filters, layer.size, layer.stride].map(Number);
        channels[i] = before;
        switch (layer.kind) {
            case "convolutional": {
                channels[i] = filters;
                const { value } = read.next({ filters, inputs: before, size, norm: layer.batch_normalize === "1" });
                const oihw = tf.tensor4d(value.weights, [filters, before, size, size]);
                const kernel = tf.transpose(oihw, [2, 3, 1, 0]);
                const bias = tf.tensor1d(value.bias);
                const activation = layer.activation === "leaky" ? "leakyrelu" : "linear";
                // Darknet pads both sides alike, TensorFlow's "same" does not where the stride is 2.
                const pad = Math.floor(size / 2);
                const options = { filter: kernel, strides: stride, pad, dimRoundingMode: "floor", bias, activation, leakyreluAlpha: 0.1 };
                return (_, x) => tf.fused.conv2d({ ...options, x });
            }
            case "maxpool":
                return (_, x) => tf.maxPool(x, size, stride, "same");
            case "upsample":
                return (_, x) => tf.image.resizeNearestNeighbor(x, [x.shape[1] * stride, x.shape[2] * stride]);
            case "route": {
                const from = layer.layers.split(",").map((n) => (Number(n) < 0 ? i + Number(n) : Number(n)));
                const [groups, group] = [Number(layer.groups ?? 1), Number(layer.group_id ?? 0)];
                channels[i] = from.reduce((sum, at) => sum + channels[at], 0) / groups;
                const part = channels[i];
                return (values) => {
                    const joined = from.length > 1 ? tf.concat(from.map((at) => values[at]), 3) : values[from[0]];
                    return groups > 1 ? tf.slice(joined, [0, 0, 0, part * group], [-1, -1, -1, part]) : joined;
                };
            }
            case "yolo":
                return (_, x, found) => (found.push(x), x);
            default:
                throw new Error(`layer ${i} [${layer.kind}] is not in yolov4-tiny`);
        }
    });
}
