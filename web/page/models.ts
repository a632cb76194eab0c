// Which files make a network, and those that the page has itself.
import { PageError } from "./failures.js";
import type { ModelFiles } from "./protocol.js";

/** The title of the network that comes with the page. */
export const DEMO = "Road signs (demo)";

/** The demo network. */
export async function demo(): Promise<ModelFiles> {
    return { title: DEMO, model: await own("demo.safetensors"), modelName: "demo.safetensors" };
}

/** A file of the page's own; a network that blinks gets a second try. */
export async function own(name: string): Promise<Blob> {
    let why = "";
    for (const pause of [0, 500]) {
        await new Promise((resolve) => setTimeout(resolve, pause));
        try {
            const answer = await fetch(name);
            if (answer.ok) return await answer.blob();
            why = `the server answers ${answer.status}`;
        } catch (error) {
            why = String(error);
        }
    }
    throw new PageError("own", `${name} cannot be fetched (${why}): is there a network?`);
}

const ending = (file: File) => file.name.slice(file.name.lastIndexOf(".") + 1).toLowerCase();

/** Whether files are parts of a network rather than pictures. */
export function isModel(files: File[]): boolean {
    return files.some((file) => ["cfg", "weights", "safetensors", "names"].includes(ending(file)));
}

/**
 * The network that some files make: a .safetensors, or a .cfg with its .weights; class names beside them.
 * @throws PageError that names what is missing.
 */
export function fromFiles(files: File[]): ModelFiles {
    const of = (...endings: string[]) => files.find((file) => endings.includes(ending(file)));
    const [bundle, cfg, weights, names] = [of("safetensors"), of("cfg"), of("weights"), of("names", "txt")];
    const model = bundle ?? cfg;
    const listed = files.map((file) => file.name).join(", ");
    if (!model) throw new PageError("model", `${listed}: expected a .cfg or a .safetensors among the files.`);
    if (!bundle && !weights) throw new PageError("model", `${listed}: expected the .weights beside ${model.name}.`);
    return {
        title: model.name.replace(/\.[^.]+$/, ""),
        model,
        modelName: model.name,
        ...(weights && !bundle ? { weights, weightsName: weights.name } : {}),
        ...(names ? { names, namesName: names.name } : {}),
    };
}
