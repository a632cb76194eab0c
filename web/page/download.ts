// A file from an address, which goes on where it was cut.
import { PageError } from "./failures.js";

/** A download that may take several tries. */
export class Download {
    #parts: Uint8Array<ArrayBuffer>[] = [];
    #have = 0;
    /** Names the version of the file that the parts belong to. */
    #tag: string | undefined;

    constructor(readonly url: string) {}

    /** The address's last part. */
    get name(): string {
        return decodeURIComponent(new URL(this.url, location.href).pathname.split("/").pop() || "model");
    }

    /**
     * Fetches what is not there yet; `tell` is told bytes so far and in all (0 if the server does not say).
     * @throws PageError `cut` if the connection ends early, `address` if the server gives no such file.
     */
    async fetch(tell: (have: number, all: number) => void): Promise<File> {
        const headers: Record<string, string> = {};
        if (this.#have > 0) {
            headers.Range = `bytes=${this.#have}-`;
            if (this.#tag) headers["If-Range"] = this.#tag;
        }
        const answer = await fetch(this.url, { headers }).catch((error: unknown) => {
            const code = this.#have > 0 ? "cut" : "address";
            throw new PageError(code, `${this.url}: does not answer (${String(error)}).`);
        });
        if (!answer.ok || !answer.body) throw new PageError("address", `${this.url}: the server answers ${answer.status} ${answer.statusText}.`);
        if (answer.status !== 206) [this.#parts, this.#have] = [[], 0];
        this.#tag = answer.headers.get("etag") ?? answer.headers.get("last-modified") ?? undefined;
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

    #cut(all: number | undefined, why: string): PageError {
        const expected = all === undefined ? "" : ` of ${all}`;
        return new PageError("cut", `${this.name}: the download was cut after ${this.#have}${expected} bytes (${why}).`);
    }
}
