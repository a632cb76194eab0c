// The npm package.
import { Detector } from "./package/index.js";

export async function load({ size, device }) {
    // Random weights see something everywhere; sorting out a hundred thousand boxes is not what is timed.
    const options = { size, device, conf: 0.9999 };
    const detector = await Detector.create({ model: fetch("net.cfg"), weights: fetch("net.weights"), ...options });
    return {
        first: () => detector.detect(new ImageData(size, size)),
        async frames(count, warmup) {
            const { results } = await detector.benchmark({ frames: count, warmup });
            return { median: results[0].median_ms, least: results[0].min_ms };
        },
    };
}
