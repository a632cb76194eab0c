// What the tests of the package share: its parts, and a network for pages.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { WEB } from "./harness.mjs";

/**
 * A module of the package, exported or not.
 * @param {string} name
 * @returns {Promise<any>}
 */
export const part = (name) => import(pathToFileURL(join(WEB, "package/dist", name)).href);

/** Whatever else is to be done, done. */
export const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Weights that find what is red, so that there are boxes, and few: Darknet's header, 18 biases, 18 x 3 weights. */
export function red() {
    const values = new Float32Array(18 + 54);
    for (const anchor of [0, 1, 2]) [values[6 * anchor + 4], values[6 * anchor + 5]] = [anchor === 0 ? -4 : -20, 5];
    // Objectness of the first anchor, of red, green and blue from 0 to 1.
    values.set([30, -30, -30], 18 + 3 * 4);
    const header = Buffer.alloc(20);
    header.writeInt32LE(2, 4);
    return Buffer.concat([header, Buffer.from(values.buffer)]);
}
