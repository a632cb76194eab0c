/**
 * The address of the demo network, ten kinds of road signs and signals in 1.8 MB:
 * `Detector.create({ model: fetch(demo) })`.
 */
export const demo: URL = new URL("./demo.safetensors", import.meta.url);
