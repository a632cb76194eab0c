// A clip of JPEG pictures one behind the other (.mjpeg), cut at their markers.

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;

/** How long the search may go on before others have a turn, in milliseconds. */
const TURN = 8;

/** The pictures of a clip, in order. Bytes that belong to none are passed over. */
export async function pictures(clip: Blob): Promise<Blob[]> {
    const bytes = new Uint8Array(await clip.arrayBuffer());
    const found: Blob[] = [];
    let [at, since] = [0, performance.now()];
    while ((at = marker(bytes, at, SOI)) >= 0) {
        const end = endOf(bytes, at);
        if (end < 0) break;
        // Parts of the file that is there: no copy.
        found.push(clip.slice(at, end, "image/jpeg"));
        at = end;
        if (performance.now() - since < TURN) continue;
        await new Promise((resolve) => setTimeout(resolve));
        since = performance.now();
    }
    return found;
}

/** Behind the end of the picture that starts at `start`; -1 if it is cut off. */
function endOf(bytes: Uint8Array, start: number): number {
    let at = start + 2;
    while (at + 4 <= bytes.length && bytes[at] === 0xff) {
        const kind = bytes[at + 1];
        // Segments say their length; what follows the start of the scan does not.
        if (kind === SOS) {
            const end = marker(bytes, at, EOI);
            return end < 0 ? -1 : end + 2;
        }
        at += 2 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
    }
    return -1;
}

function marker(bytes: Uint8Array, from: number, kind: number): number {
    for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
        if (bytes[at + 1] === kind) return at;
    }
    return -1;
}
