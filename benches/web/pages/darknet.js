// Darknet's two files, as far as yolov4-tiny needs them: layers, and convolutions with batch-norm folded in.

const HEADER = 5;
const BN_EPS = 1e-5;

/** Layers of a cfg as objects of text. */
export function layers(cfg) {
    const sections = [];
    for (const raw of cfg.split("\n")) {
        const line = raw.split(/[#;]/)[0].trim();
        if (line.startsWith("[")) sections.push({ kind: line.slice(1, -1) });
        else if (line) sections.at(-1)[line.split("=")[0].trim()] = line.split("=")[1].trim();
    }
    return sections.slice(1);
}

/** Weights (OIHW) and biases of one convolution after the other. */
export function* convolutions(bytes) {
    const floats = new Float32Array(bytes);
    let at = HEADER;
    const take = (n) => floats.subarray(at, (at += n));
    let asked = yield;
    for (;;) {
        const { filters, inputs, size, norm } = asked;
        const beta = Float32Array.from(take(filters));
        const [gamma, mean, variance] = norm ? [take(filters), take(filters), take(filters)] : [];
        const weights = Float32Array.from(take(filters * inputs * size * size));
        for (let f = 0; norm && f < filters; f += 1) {
            const scale = gamma[f] / Math.sqrt(variance[f] + BN_EPS);
            beta[f] -= mean[f] * scale;
            for (let i = 0; i < inputs * size * size; i += 1) weights[f * inputs * size * size + i] *= scale;
        }
        asked = yield { weights, bias: beta };
    }
}

/** The same picture for everybody: seeded noise, 0 to 1, NCHW. */
export function noise(size) {
    const picture = new Float32Array(3 * size * size);
    let state = 1;
    for (let i = 0; i < picture.length; i += 1) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        picture[i] = state / 2 ** 32;
    }
    return picture;
}
