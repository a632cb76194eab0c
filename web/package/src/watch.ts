import { UsageError } from "./errors.js";
import type { Detection, Source } from "./wasm/yolov4.js";

/** How long to watch. */
export interface WatchOptions {
    /** Ends the loop. */
    signal?: AbortSignal;
}

/** Where frames come from, newest only: what was not asked for in time is gone. */
interface Frames {
    /** The next frame after the one before; undefined at the end. Whoever gets a frame closes it. */
    next(signal: AbortSignal): Promise<{ source: Source; close(): void } | undefined>;
    close(): void;
}

/** Boxes of the newest frame, again and again, until the video ends or the signal says so. */
export async function* watch(
    detect: (source: Source) => Promise<Detection[]>,
    video: HTMLVideoElement | MediaStreamTrack,
    signal: AbortSignal,
): AsyncGenerator<Detection[], void, void> {
    const frames = isTrack(video) ? ofTrack(video) : ofElement(video);
    try {
        while (!signal.aborted) {
            const frame = await frames.next(signal);
            if (!frame || signal.aborted) {
                frame?.close();
                return;
            }
            let boxes: Detection[];
            try {
                boxes = await detect(frame.source);
            } catch (error) {
                if (signal.aborted) return;
                throw error;
            } finally {
                frame.close();
            }
            if (signal.aborted) return;
            yield boxes;
        }
    } finally {
        frames.close();
    }
}

function isTrack(video: HTMLVideoElement | MediaStreamTrack): video is MediaStreamTrack {
    return typeof MediaStreamTrack === "function" && video instanceof MediaStreamTrack;
}

function ofElement(video: HTMLVideoElement): Frames {
    let last = -1;
    return {
        async next(signal) {
            for (;;) {
                if (video.ended || signal.aborted) return undefined;
                const stamp = await newFrame(video, last, signal);
                if (stamp === undefined) continue;
                last = stamp;
                return { source: video, close() {} };
            }
        },
        close() {},
    };
}

/** The time of a frame that is not the one of `last`; undefined if something else has happened. */
function newFrame(video: HTMLVideoElement, last: number, signal: AbortSignal): Promise<number | undefined> {
    return new Promise((resolve) => {
        // Older browsers have only the screen's own clock.
        const byFrame: boolean = typeof video.requestVideoFrameCallback === "function";
        const handle = byFrame
            ? video.requestVideoFrameCallback((_, { mediaTime }) => done(mediaTime))
            : requestAnimationFrame(() => {
                  const fresh = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && video.currentTime !== last;
                  done(fresh ? video.currentTime : undefined);
              });
        const stop = () => done(undefined);
        function done(time: number | undefined) {
            if (byFrame) video.cancelVideoFrameCallback(handle);
            else cancelAnimationFrame(handle);
            video.removeEventListener("ended", stop);
            signal.removeEventListener("abort", stop);
            resolve(time);
        }
        video.addEventListener("ended", stop);
        signal.addEventListener("abort", stop);
    });
}

function ofTrack(track: MediaStreamTrack): Frames {
    if (typeof MediaStreamTrackProcessor !== "function") {
        throw new UsageError("usage", "this browser gives no frames of a track: give the video element that plays it");
    }
    // One frame waits at most; the browser drops the older ones.
    const reader = new MediaStreamTrackProcessor({ track: track as MediaStreamVideoTrack, maxBufferSize: 1 }).readable.getReader();
    return {
        async next(signal) {
            const stop = () => void reader.cancel();
            signal.addEventListener("abort", stop);
            const { value } = await reader.read();
            signal.removeEventListener("abort", stop);
            return value && { source: value, close: () => value.close() };
        },
        close: () => void reader.cancel(),
    };
}
