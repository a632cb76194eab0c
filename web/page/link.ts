// The window's end: calls go to a worker with a canvas of its own or, where there is no such thing, to a player in the window.
import { Player } from "./player.js";
import { Failed, failure, type Calls, type News, type Reply } from "./protocol.js";

type Answer = { resolve: (value: never) => void; reject: (error: Failed) => void };

/** How long a worker may take to say that it is there, in milliseconds. */
const PATIENCE = 20_000;

/** See above. */
export class Link {
    readonly #post: (call: keyof Calls, args: unknown[], transfer: Transferable[]) => Promise<unknown>;

    private constructor(
        /** Where the network is played, for the figures. */
        readonly where: "worker" | "window",
        post: (call: keyof Calls, args: unknown[], transfer: Transferable[]) => Promise<unknown>,
    ) {
        this.#post = post;
    }

    /** Chooses by trying; the canvas is handed over. `gpu`: whether a worker needs one. */
    static async open(canvas: HTMLCanvasElement, gpu: boolean, tell: (news: News) => void): Promise<Link> {
        const link = (await ofWorker(canvas, gpu, tell)) ?? ofWindow(tell);
        const target = link.where === "worker" ? canvas.transferControlToOffscreen() : canvas;
        await link.call("open", [target], target === canvas ? [] : [target as OffscreenCanvas]);
        return link;
    }

    /** Calls, and waits for the answer; rejects with {@link Failed}. */
    call<C extends keyof Calls>(
        call: C,
        args: Parameters<Calls[C]>,
        transfer: Transferable[] = [],
    ): Promise<Awaited<ReturnType<Calls[C]>>> {
        return this.#post(call, args, transfer) as Promise<Awaited<ReturnType<Calls[C]>>>;
    }

    /** @internal */
    static make(where: "worker" | "window", post: (call: keyof Calls, args: unknown[], t: Transferable[]) => Promise<unknown>): Link {
        return new Link(where, post);
    }
}

async function ofWorker(canvas: HTMLCanvasElement, gpu: boolean, tell: (news: News) => void): Promise<Link | undefined> {
    if (typeof Worker !== "function" || typeof canvas.transferControlToOffscreen !== "function") return undefined;
    const worker = new Worker(new URL(`./worker.js${gpu ? "" : "?gpu=no"}`, import.meta.url), { type: "module" });
    const waiting = new Map<number, Answer>();
    const ready = new Promise<boolean>((resolve, reject) => {
        waiting.set(0, { resolve, reject });
        setTimeout(resolve, PATIENCE, false);
    });
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        if ("news" in data) return tell(data);
        const answer = waiting.get(data.id);
        waiting.delete(data.id);
        if ("failure" in data) answer?.reject(new Failed(data.failure));
        else answer?.resolve(data.value as never);
    };
    worker.onerror = (event) => {
        event.preventDefault();
        const failed = new Failed({ code: "unknown", message: event.message || "the page's worker cannot be started" });
        for (const answer of waiting.values()) answer.reject(failed);
        waiting.clear();
    };
    const able = await ready.catch(() => false);
    if (!able) {
        worker.terminate();
        return undefined;
    }
    let last = 0;
    return Link.make("worker", (call, args, transfer) => {
        const id = (last += 1);
        return new Promise((resolve, reject) => {
            waiting.set(id, { resolve, reject });
            worker.postMessage({ id, call, args }, transfer);
        });
    });
}

function ofWindow(tell: (news: News) => void): Link {
    const player = new Player(tell);
    return Link.make("window", async (call, args) => {
        try {
            return await (player[call] as (...args: unknown[]) => unknown).apply(player, args);
        } catch (error) {
            throw new Failed(failure(error));
        }
    });
}
