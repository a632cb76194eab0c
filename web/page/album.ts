// Pictures to learn from, with what is marked in them: by hand, or by files of labels beside them.
import { PageError, trouble } from "./failures.js";
import type { Link } from "./link.js";
import type { LabelledBox, LabelledPicture } from "./protocol.js";

/** A picture of the album. */
export interface Leaf extends LabelledPicture {
    picture: File;
    width: number;
    height: number;
    /** Its address in this page, for a small view of it. */
    url: string;
    /** Whether its boxes were read before anybody had told the names of their classes. */
    numbered: boolean;
}

const stem = (file: File) => file.name.replace(/\.[^.]+$/, "");
/** A list of class names rather than labels. */
const isNames = (file: File) => /\.names$/i.test(file.name) || /^(?:classes|labels|_darknet\.labels)\.txt$/i.test(file.name);
const isLabels = (file: File) => /\.txt$/i.test(file.name) && !isNames(file);

/** Classes of labels whose names nobody has told. */
const NUMBERED = Array.from({ length: 1000 }, (_, n) => `class ${n}`);

export class Album {
    readonly leaves: Leaf[] = [];
    /** As a file has told them. */
    #names: string[] | undefined;
    /** Labels whose picture has not come yet. */
    #early: File[] = [];

    constructor(readonly link: Link) {}

    /**
     * Takes pictures, files of labels that are called like them, and the names of their classes, in any order.
     * @throws PageError once all that can be is taken: what is none of these, what is wrong with labels, with their line.
     */
    async add(files: File[]): Promise<void> {
        const wrong: unknown[] = [];
        const names = files.find(isNames);
        if (names) this.#tell((await names.text()).trimEnd().split(/\r?\n/).map((name) => name.trim()));
        for (const file of files.filter((file) => !isNames(file) && !isLabels(file))) {
            await this.#picture(file).catch((error: unknown) => wrong.push(error));
        }
        const labels = [...this.#early.splice(0), ...files.filter(isLabels)];
        for (const file of labels) {
            const leaf = this.leaves.find(({ picture }) => stem(picture) === stem(file));
            if (leaf) await this.#label(leaf, file).catch((error: unknown) => wrong.push(error));
            else this.#early.push(file);
        }
        const early = this.#early.filter((file) => files.includes(file));
        wrong.push(...early.map((file) => new Error(`${file.name}: its picture, ${stem(file)}.jpg or so, has not come yet.`)));
        if (wrong.length > 0) throw new PageError("lesson", wrong.map((error) => trouble(error).sentence).join(" "));
    }

    /** The names of classes; what was read before gets them, too. */
    #tell(names: string[]): void {
        this.#names = names;
        for (const leaf of this.leaves.filter(({ numbered }) => numbered)) {
            leaf.numbered = false;
            for (const box of leaf.boxes) box.name = names[NUMBERED.indexOf(box.name)] || box.name;
        }
    }

    /** What is marked, in the order of the names that were told, else as it came. */
    get classes(): string[] {
        const used = new Set(this.leaves.flatMap(({ boxes }) => boxes.map(({ name }) => name)));
        const told = (this.#names ?? []).filter((name) => used.has(name));
        return [...new Set([...told, ...used])];
    }

    /** Names to choose from. */
    get known(): string[] {
        return [...new Set([...(this.#names ?? []), ...this.classes])].filter((name) => name !== "");
    }

    remove(leaf: Leaf): void {
        URL.revokeObjectURL(leaf.url);
        this.leaves.splice(this.leaves.indexOf(leaf), 1);
    }

    async #picture(file: File): Promise<void> {
        if (this.leaves.some(({ picture }) => picture.name === file.name)) throw new PageError("lesson", `${file.name}: is there already.`);
        const bitmap = await createImageBitmap(file).catch(() => {
            throw new PageError("lesson", `${file.name}: is neither a picture that this browser decodes, nor labels (.txt).`);
        });
        const { width, height } = bitmap;
        bitmap.close();
        this.leaves.push({ picture: file, boxes: [], width, height, url: URL.createObjectURL(file), numbered: false });
    }

    async #label(leaf: Leaf, file: File): Promise<void> {
        if (leaf.boxes.length > 0) throw new PageError("lesson", `${file.name}: there are boxes in ${leaf.picture.name} already; delete them first.`);
        const boxes: LabelledBox[] = await this.link.call("labels", [file, this.#names ?? NUMBERED, leaf.width, leaf.height]);
        [leaf.boxes, leaf.numbered] = [boxes, this.#names === undefined];
    }
}
