import { ModelError } from "./errors.js";

type Contents = string | ArrayBuffer | ArrayBufferView | Blob | Response;

/** A file's contents, however they come; a promise of them too, so that `fetch(..)` can be given as it is. */
export type Input = Contents | Promise<Contents>;

/** Bytes, and what to call them in messages. */
export interface Bytes {
    bytes: Uint8Array;
    name: string | undefined;
}

/**
 * Reads an input whole.
 * @throws ModelError if a response says that it failed.
 */
export async function read(input: Input, what: string): Promise<Bytes> {
    const given = await input;
    if (typeof given === "string") return { bytes: new TextEncoder().encode(given), name: undefined };
    if (given instanceof Response) {
        const name = lastPart(given.url);
        if (!given.ok) {
            const file = name ?? what;
            throw new ModelError(`${given.url || what}: the server answers ${given.status} ${given.statusText}`.trim(), { file });
        }
        return { bytes: new Uint8Array(await given.arrayBuffer()), name };
    }
    if (given instanceof Blob) {
        const name = given instanceof File ? given.name : undefined;
        return { bytes: new Uint8Array(await given.arrayBuffer()), name };
    }
    if (given instanceof ArrayBuffer) return { bytes: new Uint8Array(given), name: undefined };
    if (ArrayBuffer.isView(given)) {
        return { bytes: new Uint8Array(given.buffer, given.byteOffset, given.byteLength), name: undefined };
    }
    throw new ModelError(`${what}: expected text, bytes, a Blob or a Response, found ${Object.prototype.toString.call(given)}`);
}

/** A name whose ending tells what a nameless model is: safetensors begin with a length of 8 bytes and a `{`. */
export function modelName({ bytes, name }: Bytes): string {
    if (name) return name;
    return bytes[8] === 0x7b && bytes[7] === 0 ? "model.safetensors" : "model.cfg";
}

function lastPart(url: string): string | undefined {
    if (!url) return undefined;
    const part = new URL(url).pathname.split("/").pop();
    return part ? decodeURIComponent(part) : undefined;
}
