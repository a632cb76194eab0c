// The worker's end: requests to the player, answers back.
import { Player } from "./player.js";
import { failure, type Reply, type Request } from "./protocol.js";

const post = (reply: Reply) => self.postMessage(reply);
const player = new Player(post);

self.onmessage = async ({ data }: MessageEvent<Request>) => {
    const { id, call, args } = data;
    try {
        // The arguments were typed where the call was made.
        const value: unknown = await (player[call] as (...args: unknown[]) => unknown).apply(player, args);
        post({ id, value });
    } catch (error) {
        post({ id, failure: failure(error) });
    }
};

// Until this is heard the window may still choose to do it all itself: in some browsers it has a GPU, and workers have none.
post({ id: 0, value: "gpu" in navigator || new URL(location.href).searchParams.get("gpu") === "no" });
