// A file from an address, which goes on where it was cut.
import { PageError } from "./failures.js";

/** A download that may take several tries. */
export class Download {
    #parts: Uint8Array<ArrayBuffer>[] = [];
    #have = 0;
    /** Names the version of the file that the parts belong to. */
    #tag: string | undefined;
    /** All of it: a file that is there is not asked for again when the one after it was cut. */
    #whole: File | undefined;

    constructor(readonly url: string) {}

    /** The address's last part. */
    get name(): string {
        return decodeURIComponent(new URL(this.url, location.href).pathname.split("/").pop() || "model");
    }

    /**
     * Fetches what is not there yet; `tell` is told bytes so far and in all (0 if the server does not say).
     * @throws PageError `cut` if the connection ends early, `address` if the server gives no such file, `offline`.
     */
    async fetch(tell: (have: number, all: number) => void): Promise<File> {
        this.#whole ??= await this.#fetch(tell);
        return this.#whole;
    }

    async #fetch(tell: (have: number, all: number) => void): Promise<File> {
        if (!isReachable(this.url)) throw new PageError("plain", `${this.url}: browsers fetch only https addresses into a page.`);
        let answer = await this.#ask();
        if (answer.status === 206 && this.#tag !== tag(answer)) {
            // Another version of the file. The browser could have been told to look (If-Range), but that header makes it ask
            // other servers for leave first, which most refuse.
            await answer.body?.cancel();
            this.#forget();
            answer = await this.#ask();
        } else if (answer.status === 416) {
            this.#forget();
            answer = await this.#ask();
        }
        if (!answer.ok || !answer.body) throw new PageError("address", `${this.url}: the server answers ${answer.status} ${answer.statusText}.`);
        if (answer.status !== 206) this.#forget();
        this.#tag = tag(answer);
        const all = this.#have + Number(answer.headers.get("content-length") ?? Number.NaN);
        const known = Number.isFinite(all) && !answer.headers.get("content-encoding");
        try {
            for await (const part of answer.body) {
                this.#parts.push(part);
                this.#have += part.length;
                tell(this.#have, known ? all : 0);
            }
        } catch (error) {
            throw this.#cut(known ? all : undefined, String(error));
        }
        if (known && this.#have < all) throw this.#cut(all, "the connection ended");
        return new File(this.#parts, this.name);
    }

    /** What is not there yet. */
    async #ask(): Promise<Response> {
        const headers: HeadersInit = this.#have > 0 ? { Range: `bytes=${this.#have}-` } : {};
        try {
            return await fetch(this.url, { headers });
        } catch (error) {
            if (!navigator.onLine) throw new PageError("offline");
            throw new PageError(this.#have > 0 ? "cut" : "address", `${this.url}: does not answer (${String(error)}).`);
        }
    }

    #forget(): void {
        [this.#parts, this.#have] = [[], 0];
    }

    #cut(all: number | undefined, why: string): PageError {
        const expected = all === undefined ? "" : ` of ${all}`;
        return new PageError("cut", `${this.name}: the download was cut after ${this.#have}${expected} bytes (${why}).`);
    }
}

/** What a server says of the version of a file. */
function tag(answer: Response): string | undefined {
    return answer.headers.get("etag") ?? answer.headers.get("last-modified") ?? undefined;
}

/** Whether the page's policy allows the address. */
function isReachable(url: string): boolean {
    const { protocol, hostname, origin } = new URL(url, location.href);
    return protocol === "https:" || origin === location.origin || (protocol === "http:" && ["localhost", "127.0.0.1"].includes(hostname));
}
