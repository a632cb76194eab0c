// Where pictures come from. A moving source pushes its newest frame; whoever is busy drops it.
import { pictures } from "./clip.js";
import { PageError } from "./failures.js";

/** A frame to be handed over: whoever gets it closes it. */
export type Frame = VideoFrame | ImageBitmap | Blob;

export interface Source {
    /** For people: "crossing.jpg", "FaceTime HD Camera". */
    title: string;
    /** Which camera it is. */
    id?: string;
    /** Whether it moves. */
    live: boolean;
    /** Starts; `push` takes a frame or says that it has no time for it. `ended` is called once if it stops by itself. */
    start(push: (frame: Frame) => boolean, ended: (error?: unknown) => void): void;
    pause(on: boolean): void;
    stop(): void;
}

/** Frames a second of a clip. */
const CLIP_FPS = 12;

/** A picture that stands. */
export function still(picture: Blob, title: string): Source {
    return { title, live: false, start: (push) => void push(picture), pause() {}, stop() {} };
}

/** A clip of JPEG pictures, again and again. */
export async function clip(file: Blob, title: string): Promise<Source> {
    const all = await pictures(file);
    if (all.length === 0) throw new PageError("picture", `${title}: there are no pictures in this clip`);
    let timer: ReturnType<typeof setInterval> | undefined;
    let paused = false;
    return {
        title,
        live: true,
        start(push) {
            let at = 0;
            timer = setInterval(() => {
                // A hidden tab has nobody to show it to.
                if (paused || document.hidden) return;
                const picture = all[at % all.length];
                if (picture && push(picture)) at += 1;
            }, 1000 / CLIP_FPS);
        },
        pause: (on) => void (paused = on),
        stop: () => clearInterval(timer),
    };
}

/** A video file, again and again. */
export async function video(file: Blob, title: string): Promise<Source> {
    const element = document.createElement("video");
    Object.assign(element, { muted: true, loop: true, playsInline: true, src: URL.createObjectURL(file) });
    await new Promise<void>((resolve, reject) => {
        element.onloadeddata = () => resolve();
        element.onerror = () => reject(new PageError("picture", `${title}: this browser cannot play it: ${element.error?.message ?? ""}`));
    }).catch((error: unknown) => {
        URL.revokeObjectURL(element.src);
        throw error;
    });
    return ofElement(element, title, () => URL.revokeObjectURL(element.src));
}

/** A webcam; the first one, or that of an id. */
export async function camera(id?: string): Promise<Source> {
    if (!navigator.mediaDevices) throw new PageError("insecure");
    const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
    const stream = await navigator.mediaDevices.getUserMedia({ video: { ...size, ...(id ? { deviceId: { exact: id } } : {}) } });
    return ofStream(stream);
}

/** Whatever of the screen the person chooses. */
export async function screen(): Promise<Source> {
    if (!navigator.mediaDevices?.getDisplayMedia) throw new PageError("capture");
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: true }).catch((error: unknown) => {
        // The same names as a camera's failures, and other things to do about them.
        const refused = error instanceof DOMException && error.name === "NotAllowedError";
        throw new PageError(refused ? "screen-refused" : "screen", refused ? undefined : `The screen cannot be had (${String(error)}).`);
    });
    return ofStream(stream);
}

/** The webcams; they have names only once one was allowed. */
export async function cameras(): Promise<MediaDeviceInfo[]> {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    return all.filter((device) => device.kind === "videoinput");
}

async function ofStream(stream: MediaStream): Promise<Source> {
    const track = stream.getVideoTracks()[0];
    const element = document.createElement("video");
    Object.assign(element, { muted: true, playsInline: true, srcObject: stream });
    const release = () => stream.getTracks().forEach((one) => one.stop());
    await element.play().catch((error: unknown) => {
        // Or its light would stay on.
        release();
        throw error;
    });
    const id = track?.getSettings().deviceId;
    const source = ofElement(element, track?.label || "camera", release);
    return {
        ...source,
        ...(id ? { id } : {}),
        start(push, ended) {
            track?.addEventListener("ended", () => ended(new PageError("ended")));
            source.start(push, ended);
        },
    };
}

function ofElement(element: HTMLVideoElement, title: string, release: () => void): Source {
    let running = true;
    return {
        title,
        live: true,
        start(push, ended) {
            const byFrame: boolean = typeof element.requestVideoFrameCallback === "function";
            const next = () => (byFrame ? element.requestVideoFrameCallback(look) : requestAnimationFrame(look));
            const look = () => {
                if (!running) return;
                void grab(element)
                    .then((frame) => {
                        if (frame && !push(frame)) frame.close();
                    })
                    .catch(ended);
                next();
            };
            element.play().then(next, ended);
        },
        pause(on) {
            if (on) element.pause();
            // A pause that comes before it plays is no failure.
            else element.play().catch(() => {});
        },
        stop() {
            running = false;
            element.pause();
            release();
        },
    };
}

async function grab(element: HTMLVideoElement): Promise<VideoFrame | ImageBitmap | undefined> {
    if (element.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || element.videoWidth === 0) return undefined;
    return typeof VideoFrame === "function" ? new VideoFrame(element) : createImageBitmap(element);
}
