import { PictureError, UsageError } from "./errors.js";
import type { Detection, Source } from "./wasm/yolov4.js";

/** How long to watch. */
export interface WatchOptions {
    /** Ends the loop, without an error. */
    signal?: AbortSignal;
}

/** Where frames come from, newest only: what was not asked for in time is gone. */
interface Frames {
    /** A frame newer than the one before; undefined at the end. Whoever gets a frame closes it. */
    next(): Promise<{ source: Source; close(): void } | undefined>;
    close(): void;
}

/** Boxes of the newest frame, again and again, until the video ends or one of the signals says so. */
export async function* watch(
    detect: (source: Source) => Promise<Detection[]>,
    video: HTMLVideoElement | MediaStreamTrack,
    signals: AbortSignal[],
): AsyncGenerator<Detection[], void, void> {
    // AbortSignal.any is younger than WebGPU.
    const stop = new AbortController();
    const end = () => stop.abort();
    for (const signal of signals) {
        if (signal.aborted) return;
        signal.addEventListener("abort", end);
    }
    const { signal } = stop;
    let frames: Frames | undefined;
    try {
        frames = isTrack(video) ? ofTrack(video, signal) : ofElement(video, signal);
        while (!signal.aborted) {
            const frame = await frames.next();
            if (!frame) return;
            const boxes = await unless(signal, detect(frame.source).finally(() => frame.close()));
            if (!boxes) return;
            yield boxes;
        }
    } finally {
        signals.forEach((signal) => signal.removeEventListener("abort", end));
        stop.abort();
        frames?.close();
    }
}

/** What `work` brings, or undefined as soon as the signal speaks; whatever becomes of the work then is nobody's concern. */
function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
        const stopped = () => resolve(undefined);
        if (signal.aborted) stopped();
        signal.addEventListener("abort", stopped);
        work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stopped));
    });
}

/** @throws UsageError for what is neither a video element nor a track. */
export function checked(video: HTMLVideoElement | MediaStreamTrack): void {
    if (isTrack(video) || (typeof video === "object" && video !== null && "videoWidth" in video)) return;
    const found = Object.prototype.toString.call(video).slice(8, -1);
    const hint = found === "MediaStream" ? ": take one of its getVideoTracks()" : "";
    throw new UsageError("usage", `watch: expected a video element or a video track, found ${found}${hint}`);
}

function isTrack(video: HTMLVideoElement | MediaStreamTrack): video is MediaStreamTrack {
    return typeof MediaStreamTrack === "function" && video instanceof MediaStreamTrack;
}

/** HTMLMediaElement.HAVE_CURRENT_DATA, which workers do not know. */
const HAVE_CURRENT_DATA = 2;

function ofElement(video: HTMLVideoElement, signal: AbortSignal): Frames {
    const seen = () => video.readyState >= HAVE_CURRENT_DATA;
    // The clock goes on while boxes are looked for: a frame that came meanwhile is taken without waiting for another.
    let fresh = seen();
    let shown = video.currentTime;
    let wake: () => void = () => {};
    const news = () => wake();
    const cancel = clock(video, (byFrame) => {
        if (byFrame) fresh = true;
        else if (seen() && video.currentTime !== shown) [fresh, shown] = [true, video.currentTime];
        if (fresh) news();
    });
    for (const event of ["ended", "error"]) video.addEventListener(event, news);
    signal.addEventListener("abort", news);
    return {
        async next() {
            while (!signal.aborted) {
                if (video.error) throw new PictureError("picture", `the video cannot be played: ${video.error.message}`);
                if (fresh) {
                    fresh = false;
                    return { source: video, close() {} };
                }
                if (video.ended) return undefined;
                await new Promise<void>((resolve) => (wake = resolve));
            }
            return undefined;
        },
        close() {
            cancel();
            for (const event of ["ended", "error"]) video.removeEventListener(event, news);
            signal.removeEventListener("abort", news);
        },
    };
}

/** Ticks whenever a frame was shown, or, in browsers that do not tell, whenever the screen is drawn. */
function clock(video: HTMLVideoElement, tick: (byFrame: boolean) => void): () => void {
    let handle: number;
    if (typeof video.requestVideoFrameCallback === "function") {
        const again = () => (handle = video.requestVideoFrameCallback(() => (again(), tick(true))));
        again();
        return () => video.cancelVideoFrameCallback(handle);
    }
    const again = () => (handle = requestAnimationFrame(() => (again(), tick(false))));
    again();
    return () => cancelAnimationFrame(handle);
}

function ofTrack(track: MediaStreamTrack, signal: AbortSignal): Frames {
    if (typeof MediaStreamTrackProcessor !== "function") {
        throw new UsageError("usage", "this browser gives no frames of a track: give the video element that plays it");
    }
    // One frame waits at most; the browser drops the older ones.
    const reader = new MediaStreamTrackProcessor({ track: track as MediaStreamVideoTrack, maxBufferSize: 1 }).readable.getReader();
    // It fails for a stream that has failed already, which whoever reads is told.
    const close = () => void reader.cancel().catch(() => {});
    signal.addEventListener("abort", close, { once: true });
    return {
        async next() {
            const { value } = await reader.read();
            if (signal.aborted) value?.close();
            return signal.aborted || !value ? undefined : { source: value, close: () => value.close() };
        },
        close,
    };
}
