import { UsageError } from "./errors.js";
import type { EngineInfo, Source } from "./wasm/yolov4.js";

/** How to measure. */
export interface BenchmarkOptions {
    /** Frames that count, from 1; 20 if not given. */
    frames?: number;
    /** Frames before them that do not, from 0; 3 if not given. */
    warmup?: number;
    /** Told after every frame: how many are done, of how many. */
    onFrame?: (done: number, all: number) => void;
}

/** One row, in the fields of `yolov4 bench`; times in milliseconds, null where nothing is known. */
export interface BenchmarkResult {
    model: string;
    size: string;
    batch: number;
    precision: string;
    backend: string;
    adapter: string;
    driver: string | null;
    software: boolean;
    version: string;
    /** Wall time from an f32 tensor on the host to the head tensors on the host. */
    median_ms: number;
    p95_ms: number;
    min_ms: number;
    /** Of the convolutions' operations, two a multiply-add. */
    gflops: number;
    roof_pct: number | null;
    peak_bytes: number;
    dispatches: number;
    /** From the call of `Detector.create` to its end, the reading of the files included. */
    load_ms: number;
    /** The first picture that this detector was given, its decoding included. */
    first_frame_ms: number | null;
    /** From decoded pixels on the host to boxes on the host. */
    end_to_end_median_ms: number;
}

/** What `yolov4 bench --format json` writes. */
export interface BenchmarkReport {
    results: BenchmarkResult[];
}

/** What was seen while the detector was made. */
export interface Loaded {
    version: string;
    loadMs: number;
    firstFrameMs: number | undefined;
}

/** What is measured. */
export interface Measured {
    info: EngineInfo;
    /** Milliseconds of the network alone. */
    time(): Promise<number>;
    detect(source: Source): Promise<unknown>;
    loaded(): Loaded;
}

/**
 * Measures a detector that has nothing else to do.
 * @throws UsageError for numbers of frames that cannot be.
 */
export async function benchmark(
    { info, time, detect, loaded }: Measured,
    { frames = 20, warmup = 3, onFrame }: BenchmarkOptions = {},
): Promise<BenchmarkReport> {
    whole("frames", frames, 1);
    whole("warmup", warmup, 0);
    const all = 2 * (warmup + frames);
    let done = 0;
    const measure = async (one: () => Promise<number>): Promise<number[]> => {
        const times: number[] = [];
        for (let i = 0; i < warmup + frames; i += 1) {
            const time = await one();
            if (i >= warmup) times.push(time);
            onFrame?.((done += 1), all);
        }
        return times;
    };
    const picture = noise(640, 480);
    // A detector that has seen nothing yet has its first frame now, and not after others have warmed it up.
    if (loaded().firstFrameMs === undefined) await detect(picture);
    const walls = await measure(time);
    const ends = await measure(async () => {
        const start = performance.now();
        await detect(picture);
        return performance.now() - start;
    });
    return { results: [row(info, loaded(), walls, ends)] };
}

function whole(what: string, found: number, least: number): void {
    if (Number.isInteger(found) && found >= least) return;
    throw new UsageError("usage", `benchmark: ${what}: expected a whole number from ${least}, found ${found}`);
}

function row(info: EngineInfo, loaded: Loaded, walls: number[], ends: number[]): BenchmarkResult {
    const median = quantile(walls, 0.5);
    return {
        model: info.model,
        size: info.size.join("x"),
        batch: 1,
        precision: info.precision,
        backend: info.device === "cpu" ? "browser-cpu" : "browser-webgpu",
        adapter: info.adapter.name,
        driver: null,
        software: info.adapter.software,
        version: loaded.version,
        median_ms: median,
        p95_ms: quantile(walls, 0.95),
        min_ms: Math.min(...walls),
        gflops: (1e3 * info.gflop) / median,
        roof_pct: null,
        peak_bytes: info.peakBytes,
        dispatches: info.dispatches,
        load_ms: loaded.loadMs,
        first_frame_ms: loaded.firstFrameMs ?? null,
        end_to_end_median_ms: quantile(ends, 0.5),
    };
}

/** The value below which a part `q` of the list lies, interpolated between neighbours. */
export function quantile(list: number[], q: number): number {
    const sorted = [...list].sort((a, b) => a - b);
    const at = (sorted.length - 1) * q;
    const [low, high] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
    return low + (high - low) * (at - Math.floor(at));
}

/** A picture that no network is quick about: seeded noise. */
function noise(width: number, height: number): ImageData {
    const picture = new ImageData(width, height);
    let state = 1;
    for (let i = 0; i < picture.data.length; i += 1) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        picture.data[i] = i % 4 === 3 ? 255 : state >>> 24;
    }
    return picture;
}
