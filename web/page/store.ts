// Networks that are kept on this machine: in the origin's private file system, or else in Cache Storage.
import type { ModelFiles } from "./protocol.js";

/** What is known of a kept network without reading it. */
export interface Kept {
    title: string;
    bytes: number;
}

interface Shelf {
    list(): Promise<Kept[]>;
    get(title: string): Promise<ModelFiles>;
    put(files: ModelFiles): Promise<void>;
    remove(title: string): Promise<void>;
}

const FOLDER = "models";
const PARTS = ["model", "weights", "names"] as const;
const ABOUT = "about.json";

/** The shelf of this browser. */
export async function shelf(): Promise<Shelf> {
    const files = "createWritable" in (globalThis.FileSystemFileHandle?.prototype ?? {});
    return files ? ofFolders(await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true })) : ofCache();
}

/** Everything but the contents. */
function about({ title, modelName, weightsName, namesName, name }: ModelFiles): string {
    return JSON.stringify({ title, modelName, weightsName, namesName, name });
}

function size(files: ModelFiles): number {
    return PARTS.reduce((sum, part) => sum + (files[part]?.size ?? 0), 0);
}

/** A title may hold what no file name may. */
const key = (title: string) => encodeURIComponent(title);

function ofFolders(root: FileSystemDirectoryHandle): Shelf {
    const folder = (title: string, create = false) => root.getDirectoryHandle(key(title), { create });
    const file = async (from: FileSystemDirectoryHandle, name: string) => (await from.getFileHandle(name)).getFile();
    const get = async (title: string): Promise<ModelFiles> => {
        const from = await folder(title);
        const files = JSON.parse(await (await file(from, ABOUT)).text()) as ModelFiles;
        for (const part of PARTS) {
            const found = await file(from, part).catch(() => undefined);
            if (found) files[part] = found;
        }
        return files;
    };
    const remove = async (title: string) => root.removeEntry(key(title), { recursive: true });
    return {
        get,
        remove,
        async list() {
            const kept: Kept[] = [];
            for await (const name of root.keys()) {
                const title = decodeURIComponent(name);
                // Without its last file it was never finished.
                const files = await get(title).catch(() => remove(title));
                if (files) kept.push({ title, bytes: size(files) });
            }
            return kept;
        },
        async put(files) {
            // Nothing of an older network of that title may stay beside the new one.
            await remove(files.title).catch(() => {});
            const into = await folder(files.title, true);
            const write = async (name: string, contents: Blob | string) => {
                const stream = await (await into.getFileHandle(name, { create: true })).createWritable();
                await stream.write(contents);
                await stream.close();
            };
            try {
                for (const part of PARTS) {
                    const contents = files[part];
                    if (contents) await write(part, contents);
                }
                await write(ABOUT, about(files));
            } catch (error) {
                await remove(files.title).catch(() => {});
                throw error;
            }
        },
    };
}

function ofCache(): Shelf {
    const open = () => caches.open(FOLDER);
    const at = (title: string, part: string) => new URL(`${FOLDER}/${key(title)}/${part}`, location.href).href;
    const remove = async (title: string) => {
        const cache = await open();
        await Promise.all([...PARTS, ABOUT].map((part) => cache.delete(at(title, part))));
    };
    const get = async (title: string): Promise<ModelFiles> => {
        const cache = await open();
        const files = (await (await cache.match(at(title, ABOUT)))?.json()) as ModelFiles;
        for (const part of PARTS) {
            const found = await cache.match(at(title, part));
            if (found) files[part] = await found.blob();
        }
        return files;
    };
    return {
        get,
        remove,
        async list() {
            const abouts = (await (await open()).keys()).filter((request) => request.url.endsWith(`/${ABOUT}`));
            const titles = abouts.map((request) => decodeURIComponent(request.url.split("/").at(-2) ?? ""));
            return Promise.all(titles.map(async (title) => ({ title, bytes: size(await get(title)) })));
        },
        async put(files) {
            await remove(files.title);
            const cache = await open();
            for (const part of PARTS) {
                const contents = files[part];
                if (contents) await cache.put(at(files.title, part), new Response(contents));
            }
            await cache.put(at(files.title, ABOUT), new Response(about(files)));
        },
    };
}
