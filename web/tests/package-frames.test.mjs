// How frames get to the GPU, and loops over videos: the package's rules, with sources that only pretend.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { part, turn } from "./package-part.mjs";

const { PictureError } = await part("errors.js");
const { Frames } = await part("frames.js");
const { matrixOf, swapped, planes } = await part("planes.js");
const { watch, checked } = await part("watch.js");

/** A source that calls itself `kind`. @param {string} kind @param {object} [more] */
const source = (kind, more = {}) => ({ [Symbol.toStringTag]: kind, width: 4, height: 2, ...more });

describe("ways of frames", () => {
    /** Takes what `good` says and refuses the rest. @param {(source: any) => boolean} good */
    const taker = (good) => async (/** @type {any} */ source) => {
        if (good(source)) return "done";
        throw Object.assign(new Error("refused"), { code: "picture" });
    };
    const globals = /** @type {any} */ (globalThis);

    test("a way is found by trying, for each kind of source, and kept", async () => {
        let made = 0;
        globals.createImageBitmap = async () => source("ImageBitmap", { made: (made += 1), close() {} });
        const frames = new Frames();
        assert.equal(frames.path, undefined);
        const tried = [];
        const use = async (/** @type {any} */ one) => {
            tried.push(one);
            return taker(({ made }) => made)(one);
        };
        const canvas = source("OffscreenCanvas");
        await frames.feed(canvas, use);
        assert.equal(frames.path, "bitmap");
        await frames.feed(canvas, use);
        assert.equal(tried.length, 3, "the second time it begins where the first has ended");
        await frames.feed(source("ImageBitmap"), taker(() => true));
        assert.equal(frames.path, "copy", "another kind begins at the top");
    });

    test("two frames at once learn the same", async () => {
        globals.createImageBitmap = async () => source("ImageBitmap", { made: true, close() {} });
        const frames = new Frames();
        const canvas = source("OffscreenCanvas");
        const use = taker(({ made }) => made);
        await Promise.all([frames.feed(canvas, use), frames.feed(canvas, use)]);
        assert.equal(frames.path, "bitmap");
    });

    test("a source that no way takes spoils nothing, and its first refusal is told", async () => {
        globals.createImageBitmap = async () => {
            throw new Error("second words");
        };
        const frames = new Frames();
        const image = source("HTMLImageElement", { naturalWidth: 4, naturalHeight: 2 });
        const foreign = async () => {
            throw Object.assign(new Error("the source is not origin-clean"), { code: "picture" });
        };
        await assert.rejects(frames.feed(image, foreign), (/** @type {any} */ error) => {
            assert.ok(error instanceof PictureError);
            assert.match(error.message, /not origin-clean: .*CORS.*crossorigin/);
            return true;
        });
        await frames.feed(image, taker(() => true));
        assert.equal(frames.path, "copy");
    });

    test("other failures are no refusals", async () => {
        const lost = Object.assign(new Error("gone"), { code: "device-lost" });
        const fail = new Frames().feed(source("OffscreenCanvas"), () => Promise.reject(lost));
        await assert.rejects(fail, { name: "DeviceLostError" });
    });

    test("what has no pixels says so before anything is tried", async () => {
        const never = () => assert.fail("tried");
        for (const [one, words] of /** @type {[object, RegExp][]} */ ([
            [source("HTMLVideoElement", { videoWidth: 0, videoHeight: 0, readyState: 0 }), /the video: has no frame yet/],
            [source("HTMLVideoElement", { videoWidth: 4, videoHeight: 2, readyState: 1 }), /the video: has no frame yet/],
            [source("HTMLImageElement", { naturalWidth: 0, naturalHeight: 0 }), /the image: is not loaded/],
            [source("VideoFrame", { displayWidth: 0, displayHeight: 0 }), /the frame: was closed/],
            [source("ImageBitmap", { width: 0, height: 0 }), /the bitmap: was closed/],
            [source("OffscreenCanvas", { width: 7, height: 0 }), /the canvas: has no pixels, it is 7x0/],
        ])) {
            await assert.rejects(new Frames().feed(one, never), (/** @type {any} */ e) => e instanceof PictureError && words.test(e.message));
        }
        for (const strange of ["street.jpg", undefined, null, 7, {}, source("HTMLDivElement")]) {
            await assert.rejects(new Frames().feed(strange, never), { name: "UsageError" });
        }
    });

    test("samples and pixels go as they are", async () => {
        const samples = { format: "RGBA", width: 1, height: 1, data: new Uint8Array(4) };
        const frames = new Frames();
        assert.equal(await frames.feed(samples, async (/** @type {unknown} */ given) => given), samples);
        assert.equal(frames.path, undefined);
    });

    test("matrices: what is told, else what is usual at that height", () => {
        assert.deepEqual(["bt709", "bt470bg", "smpte170m"].map((matrix) => matrixOf(matrix, 100)), ["bt709", "bt601", "bt601"]);
        assert.deepEqual([480, 719, 720, 1080].map((height) => matrixOf(null, height)), ["bt601", "bt601", "bt709", "bt709"]);
        assert.deepEqual(["rgb", "bt2020-ncl"].map((matrix) => matrixOf(matrix, 720)), [undefined, undefined]);
    });

    test("planes: native where the kernel knows them, swapped, converted, or refused", async () => {
        /** A browser's frame. @param {object} own @param {boolean} converts */
        globals.VideoFrame = class {
            constructor(/** @type {any} */ own, /** @type {boolean} */ converts) {
                Object.assign(this, { visibleRect: { width: 2, height: 2 }, colorSpace: { matrix: null, fullRange: null } }, own);
                this.converts = converts;
            }
            /** @param {any} [options] */
            allocationSize(options) {
                return this.converts && options?.format ? 16 : /** @type {any} */ (this).bytes;
            }
            /** @param {Uint8Array} data */
            async copyTo(data) {
                data.forEach((_, i) => (data[i] = i));
            }
        };
        const { VideoFrame } = globals;
        const seen = { width: 2, height: 2 };
        const nv12 = await planes(new VideoFrame({ format: "NV12", bytes: 6, colorSpace: { matrix: "bt709", fullRange: true } }), seen);
        assert.deepEqual({ ...nv12, data: nv12.data.length }, { format: "NV12", ...seen, data: 6, matrix: "bt709", fullRange: true });
        const i420 = await planes(new VideoFrame({ format: "I420", bytes: 6 }), seen);
        assert.deepEqual([i420.format, i420.matrix, i420.fullRange], ["I420", "bt601", false]);
        const bgra = await planes(new VideoFrame({ format: "BGRX", bytes: 16 }), seen);
        assert.deepEqual([bgra.format, [...bgra.data.slice(0, 5)]], ["RGBA", [2, 1, 0, 3, 6]]);
        const wide = { format: "NV12", bytes: 6, colorSpace: { matrix: "bt2020-ncl", fullRange: false } };
        assert.equal((await planes(new VideoFrame(wide, true), seen)).format, "RGBA");
        for (const [frame, words] of [
            [new VideoFrame(wide, false), /NV12, which this browser does not convert/],
            [new VideoFrame({ format: null, bytes: 16 }, false), /of no known layout/],
            [new VideoFrame({ format: "I420", bytes: 6, rotation: 180 }), /not upright/],
            [new VideoFrame({ format: "I420", bytes: 6, visibleRect: { width: 4, height: 2 } }), /4x2, not upright or not square/],
        ]) {
            await assert.rejects(planes(frame, seen), (/** @type {any} */ error) => words.test(error.message));
        }
        delete globals.VideoFrame;
        delete globals.createImageBitmap;
        assert.deepEqual([...swapped(new Uint8Array([1, 2, 3, 4, 5]))], [3, 2, 1, 4, 5]);
    });
});

/** A video that shows a frame when it is told to. */
class Video extends EventTarget {
    videoWidth = 4;
    videoHeight = 2;
    readyState = 4;
    currentTime = 0;
    ended = false;
    /** @type {{ message: string } | null} */
    error = null;
    /** @type {Map<number, () => void>} */
    asked = new Map();
    #last = 0;
    listeners = 0;

    /** @param {() => void} call */
    requestVideoFrameCallback = (call) => (this.asked.set((this.#last += 1), call), this.#last);
    /** @param {number} handle */
    cancelVideoFrameCallback = (handle) => void this.asked.delete(handle);

    show() {
        this.currentTime += 1;
        const calls = [...this.asked.values()];
        this.asked.clear();
        calls.forEach((call) => call());
    }

    end() {
        this.ended = true;
        this.dispatchEvent(new Event("ended"));
    }

    /** @override @param {[string, any]} args */
    addEventListener(...args) {
        this.listeners += 1;
        super.addEventListener(...args);
    }

    /** @override @param {[string, any]} args */
    removeEventListener(...args) {
        this.listeners -= 1;
        super.removeEventListener(...args);
    }
}

describe("watch", () => {
    const detect = async (/** @type {any} */ video) => [{ at: video.currentTime }];
    /** @param {any} video @param {any} [how] @param {AbortSignal[]} [signals] @returns {AsyncGenerator<any>} */
    const looking = (video, how = detect, signals = []) => watch(how, video, signals);

    test("every frame once, until the video ends", async () => {
        const video = new Video();
        const loop = looking(video);
        assert.deepEqual((await loop.next()).value, [{ at: 0 }], "the frame that is there");
        const second = loop.next();
        await turn();
        video.show();
        assert.deepEqual((await second).value, [{ at: 1 }]);
        const third = loop.next();
        await turn();
        video.end();
        assert.ok((await third).done);
        assert.deepEqual([video.asked.size, video.listeners], [0, 0], "nothing stays behind");
    });

    test("frames that come meanwhile are dropped but for the newest, and the last one counts", async () => {
        const video = new Video();
        const loop = looking(video);
        await loop.next();
        for (let i = 0; i < 5; i += 1) video.show();
        video.end();
        assert.deepEqual((await loop.next()).value, [{ at: 5 }]);
        assert.ok((await loop.next()).done);
    });

    test("a video without frames yet is waited for", async () => {
        const video = new Video();
        video.readyState = 0;
        const loop = looking(video);
        const first = loop.next();
        await turn();
        video.readyState = 4;
        video.show();
        assert.deepEqual((await first).value, [{ at: 1 }]);
        await loop.return(undefined);
        assert.deepEqual([video.asked.size, video.listeners], [0, 0]);
    });

    test("a signal ends it, whatever it waits for", async () => {
        for (const how of [detect, () => new Promise(() => {})]) {
            const video = new Video();
            const stop = new AbortController();
            const loop = looking(video, how, [new AbortController().signal, stop.signal]);
            if (how === detect) await loop.next();
            const next = loop.next();
            await turn();
            stop.abort();
            assert.ok((await next).done);
            assert.deepEqual([video.asked.size, video.listeners], [0, 0]);
        }
        assert.ok((await looking(new Video(), detect, [AbortSignal.abort()]).next()).done);
    });

    test("failures are told, and end it", async () => {
        const video = new Video();
        await assert.rejects(looking(video, () => Promise.reject(new Error("lost"))).next(), /lost/);
        assert.equal(video.listeners, 0);
        const broken = new Video();
        const loop = looking(broken);
        await loop.next();
        const next = loop.next();
        await turn();
        broken.error = { message: "no decoder" };
        broken.dispatchEvent(new Event("error"));
        await assert.rejects(next, /the video cannot be played: no decoder/);
    });

    test("browsers that do not tell of frames are asked at every drawing of the screen", async () => {
        const globals = /** @type {any} */ (globalThis);
        globals.requestAnimationFrame = (/** @type {() => void} */ call) => setTimeout(call, 1);
        globals.cancelAnimationFrame = clearTimeout;
        const video = new Video();
        Object.assign(video, { requestVideoFrameCallback: undefined });
        const loop = looking(video);
        await loop.next();
        let settled = false;
        const next = loop.next().finally(() => (settled = true));
        await new Promise((resolve) => setTimeout(resolve, 20));
        assert.equal(settled, false, "the same frame is not a new one");
        video.currentTime = 7;
        assert.deepEqual((await next).value, [{ at: 7 }]);
        await loop.return(undefined);
        delete globals.requestAnimationFrame;
        delete globals.cancelAnimationFrame;
    });

    test("tracks by their processor: frames are closed, and the reader let go", async () => {
        const globals = /** @type {any} */ (globalThis);
        assert.throws(() => checked({ [Symbol.toStringTag]: "MediaStream" }), /found MediaStream: take one of its getVideoTracks/);
        assert.throws(() => checked("video"), { name: "UsageError" });
        globals.MediaStreamTrack = class {};
        const track = new globals.MediaStreamTrack();
        checked(track);
        await assert.rejects(looking(track).next(), /gives no frames of a track/);
        let closed = 0;
        let cancelled = false;
        let left = 2;
        globals.MediaStreamTrackProcessor = class {
            readable = new ReadableStream({
                pull(controller) {
                    if ((left -= 1) < 0) return controller.close();
                    controller.enqueue({ currentTime: left, close: () => (closed += 1) });
                },
                cancel: () => void (cancelled = true),
            }, { highWaterMark: 0 });
        };
        const seen = [];
        for await (const boxes of looking(track)) seen.push(boxes);
        assert.deepEqual([seen.length, closed, cancelled], [2, 2, false]);
        left = 9;
        for await (const _ of looking(track)) break;
        await turn();
        assert.deepEqual([closed, cancelled], [3, true]);
        delete globals.MediaStreamTrack;
        delete globals.MediaStreamTrackProcessor;
    });
});
