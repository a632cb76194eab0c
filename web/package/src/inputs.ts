import { ModelError, UsageError } from "./errors.js";

type Contents = string | ArrayBuffer | ArrayBufferView | Blob | Response;

/**
 * A file's contents, however they come; a promise of them too, so that `fetch(..)` can be given as it is.
 * A string is the file's text, not its address.
 */
export type Input = Contents | Promise<Contents>;

/** Bytes, and what to call them in messages. */
export interface Bytes {
    bytes: Uint8Array;
    name: string | undefined;
}

/** One line that is an address or the name of a file: no text that a network could be made of. */
const ADDRESS = /^\s*(?:(?:https?|blob|file|data):\S+|\S+\.(?:cfg|weights|safetensors|names|data|txt|ttf)(?:[?#]\S*)?)\s*$/i;

/**
 * Reads an input whole.
 * @throws ModelError if it cannot be fetched or read, UsageError if it is no such thing. What an aborted fetch rejects
 * with comes as it is.
 */
export async function read(input: Input, what: string): Promise<Bytes> {
    const given = await got(what, undefined, () => input);
    if (typeof given === "string") return { bytes: text(given, what), name: undefined };
    if (given instanceof Response) return response(given, what);
    if (given instanceof Blob) {
        const name = (given instanceof File && given.name) || undefined;
        return { bytes: new Uint8Array(await got(what, name, () => given.arrayBuffer())), name };
    }
    if (given instanceof ArrayBuffer) return { bytes: new Uint8Array(given), name: undefined };
    if (ArrayBuffer.isView(given)) {
        return { bytes: new Uint8Array(given.buffer, given.byteOffset, given.byteLength), name: undefined };
    }
    const found = given === null ? "null" : Object.prototype.toString.call(given).slice(8, -1);
    throw new UsageError("usage", `${what}: expected text, bytes, a Blob or a Response, found ${found}`);
}

/** As `read`, where it is given. */
export function readIf(input: Input | undefined, what: string): Promise<Bytes> | undefined {
    return input === undefined ? undefined : read(input, what);
}

/** Columns and rows of a size. */
export function sides(size: number | [number, number] | undefined): [number, number] | undefined {
    return typeof size === "number" ? [size, size] : size;
}

/** What of all that may be given is given. */
export function onlyGiven(all: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** A name whose ending tells what a nameless model is: safetensors begin with a length of 8 bytes and a `{`. */
export function modelName({ bytes, name }: Bytes): string {
    if (name) return name;
    return bytes[8] === 0x7b && bytes[7] === 0 ? "model.safetensors" : "model.cfg";
}

function text(given: string, what: string): Uint8Array {
    if (ADDRESS.test(given)) {
        const found = given.trim();
        const short = found.length > 80 ? `${found.slice(0, 80)}...` : found;
        throw new UsageError("usage", `${what}: expected the text of a file, found an address: fetch("${short}") brings the file`);
    }
    return new TextEncoder().encode(given);
}

async function response(given: Response, what: string): Promise<Bytes> {
    const name = lastPart(given.url);
    const fail = (words: string) => new ModelError(`${given.url || what}: ${words}`, { file: name ?? what });
    if (given.type === "opaque") throw fail("the answer is closed to this page: fetch without mode no-cors");
    if (!given.ok) throw fail(`the server answers ${`${given.status} ${given.statusText}`.trim()}`);
    // Servers of single-page programs answer so, with 200, for what is not there.
    if (/^text\/html\b/i.test(given.headers.get("content-type") ?? "")) {
        throw fail("expected a file, found a web page (text/html): is the address right?");
    }
    if (given.bodyUsed) throw fail("the response was read before: give a clone() of it");
    return { bytes: new Uint8Array(await got(what, name, () => given.arrayBuffer(), given.url)), name };
}

/** What `get` brings; what it fails with, as an error that says what was to be had. */
async function got<T>(what: string, name: string | undefined, get: () => T | Promise<T>, url = ""): Promise<T> {
    try {
        return await get();
    } catch (error) {
        if (error instanceof Error && error.name === "AbortError") throw error;
        const words = error instanceof Error ? error.message : String(error);
        throw new ModelError(`${url || name || what}: cannot be read: ${words}`, { file: name ?? what }, { cause: error });
    }
}

function lastPart(url: string): string | undefined {
    if (!url) return undefined;
    const part = new URL(url).pathname.split("/").pop();
    try {
        return part ? decodeURIComponent(part) : undefined;
    } catch {
        // A stray % is part of the name.
        return part;
    }
}
