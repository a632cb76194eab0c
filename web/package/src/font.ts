import { UsageError } from "./errors.js";

/** What labels are drawn with where no font is given: what the system has like the one that the GPU draws with. */
const USUAL = '"DejaVu Sans", Verdana, sans-serif';

/** Names of families that fonts were loaded as. */
let loaded = 0;

/**
 * A CSS family for labels, of the given font if there is one, and what lets go of it.
 * @throws UsageError for what is no font.
 */
export async function labelFont(font: Uint8Array | undefined): Promise<{ family: string; forget(): void }> {
    // On a server nothing is drawn.
    if (!font || typeof FontFace !== "function") return { family: USUAL, forget() {} };
    const family = `yolov4-${(loaded += 1)}`;
    // Workers have them where windows have documents.
    const all = "fonts" in globalThis ? (globalThis as unknown as { fonts: FontFaceSet }).fonts : document.fonts;
    try {
        const face = await new FontFace(family, font as Uint8Array<ArrayBuffer>).load();
        all.add(face);
        return { family: `${family}, ${USUAL}`, forget: () => void all.delete(face) };
    } catch (error) {
        throw new UsageError("usage", "the font cannot be read: expected a .ttf or .otf", { cause: error });
    }
}
