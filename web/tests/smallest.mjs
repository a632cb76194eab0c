// A network that costs nothing, for what is not about networks.

/** The smallest network there is: one convolution, one head of one class. */
export const CFG = `[net]
width=32
height=32
channels=3
[convolutional]
filters=18
size=1
stride=32
pad=0
activation=linear
[yolo]
mask=0,1,2
anchors=4,4, 8,8, 16,16
classes=1
num=3
`;

/** Its weights: Darknet's header, 18 biases, 18 x 3 weights; so much objectness that something is found. */
export function weights() {
    const bytes = Buffer.alloc(20 + 4 * (18 + 54));
    bytes.writeInt32LE(2, 4);
    for (let anchor = 0; anchor < 3; anchor += 1) {
        for (const [channel, value] of /** @type {const} */ ([[4, 5], [5, 5]])) bytes.writeFloatLE(value, 20 + 4 * (6 * anchor + channel));
    }
    return bytes;
}

/** Both in one file, as the page's demo network is; its class is called so that the two can be told apart. */
export function bundle() {
    const numbers = weights().subarray(20);
    const tensor = (/** @type {number[]} */ shape, /** @type {[number, number]} */ data_offsets) => ({ dtype: "F32", shape, data_offsets });
    const header = JSON.stringify({
        __metadata__: { format: "yolov4", cfg: CFG, names: "sign\n" },
        "layer.0.bias": tensor([18], [0, 72]),
        "layer.0.weights": tensor([18, 3, 1, 1], [72, numbers.length]),
    });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([length, Buffer.from(header), numbers]);
}
