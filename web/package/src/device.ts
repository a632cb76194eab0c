import { NoAdapterError, NoWebGpuError, UsageError } from "./errors.js";
import { support, withoutGpu, type Device } from "./support.js";

/** What decides who plays. */
interface Wishes {
    device?: "auto" | Device;
    precision?: "f32" | "f16";
    tune?: "auto" | "off" | "quick" | "full";
}

/**
 * Who plays with these options.
 * @throws UsageError for what the processor has not; NoWebGpuError or NoAdapterError if a GPU is wanted and none answers, or
 * nothing else can play either.
 */
export async function deviceFor({ device = "auto", precision, tune }: Wishes): Promise<Device> {
    if (!["auto", "webgpu", "cpu"].includes(device)) {
        throw new UsageError("usage", `device: expected one of auto, webgpu, cpu, found \`${device}\``);
    }
    const onGpu = precision === "f16" || tune === "quick" || tune === "full";
    if (device === "cpu") {
        if (!onGpu) return device;
        throw new UsageError("usage", "device: the processor plays in f32 and measures nothing: leave `precision` and `tune` out");
    }
    const wanted = device === "webgpu" || onGpu;
    if (!wanted) {
        const able = await support();
        if (able.ok) return able.device;
    }
    const why = await withoutGpu();
    if (!why || why.code === "software") return "webgpu";
    const sentence = `${why.sentence} ${why.advice}`;
    throw why.code === "no-adapter" ? new NoAdapterError(why.code, sentence) : new NoWebGpuError("no-webgpu", sentence);
}
