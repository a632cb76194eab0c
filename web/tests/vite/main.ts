// What a user of the package writes.
import { Detector, UsageError, support, type Detection } from "yolov4-wgpu";
import { demo } from "yolov4-wgpu/demo";

async function run(): Promise<{ boxes: Detection[]; classes: string[]; refused: boolean }> {
    const able = await support();
    if (!able.ok) throw new Error(able.sentence);
    using detector = await Detector.create({ model: fetch(demo), size: [160, 160], device: "webgpu" });
    const boxes = await detector.detect(await (await fetch("picture.jpg")).blob());
    // By a module of its own, which the bundler has to bring along too.
    using processor = await Detector.create({ model: fetch(demo), size: [160, 160], device: "cpu" });
    const same = await processor.detect(await (await fetch("picture.jpg")).blob());
    if (same.length !== boxes.length) throw new Error(`${same.length} boxes on the processor, ${boxes.length} on the GPU`);
    const refused = await Detector.create({ model: fetch(demo), name: "yolov4-tiny" }).catch((error: unknown) => error instanceof UsageError);
    return { boxes, classes: detector.info.classes, refused: refused === true };
}

run().then(
    (found) => (document.body.dataset.found = JSON.stringify(found)),
    (error: unknown) => (document.body.dataset.failed = String(error)),
);
