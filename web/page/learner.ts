// Teaches a network's heads what is marked in pictures, by a wasm module that is loaded only for that.
import type { LabelledBox } from "yolov4-wgpu/train";
import type { LabelledPicture, Lesson, ModelFiles, News } from "./protocol.js";

/** `tell` is told how far it is. */
export class Learner {
    #ended = new AbortController();

    constructor(readonly tell: (news: News) => void) {}

    /** The network that has learnt, with everything inside. */
    async train({ title: _, ...files }: ModelFiles, lesson: Lesson, pictures: LabelledPicture[]): Promise<Blob> {
        this.#ended = new AbortController();
        const { signal } = this.#ended;
        const { Trainer } = await import("yolov4-wgpu/train");
        const named = (blob: Blob | undefined, name: string | undefined) => blob && new File([blob], name ?? "");
        const model = named(files.model, files.modelName);
        const weights = named(files.weights, files.weightsName);
        const { classes, size, steps, flip } = lesson;
        const trainer = await Trainer.create({
            ...{ classes, size, steps, flip },
            ...(model ? { model } : {}),
            ...(weights ? { weights } : {}),
            ...(files.name === undefined ? {} : { name: files.name }),
        });
        try {
            for (const [n, { picture, boxes }] of pictures.entries()) {
                this.tell({ news: "learning", what: "pictures", done: n, all: pictures.length });
                await trainer.add(picture, boxes).catch((error: unknown) => {
                    throw of(picture, error);
                });
                // Nothing is learnt yet: there is nothing to go on with.
                if (signal.aborted) throw Object.assign(new Error(), { code: "stopped" });
            }
            for await (const { step, loss } of trainer.run({ signal })) {
                this.tell({ news: "learning", what: "steps", done: step, all: steps, loss });
            }
            return new Blob([await trainer.save()]);
        } finally {
            trainer.dispose();
        }
    }

    /** Ends after the step of now; what was learnt so far is the result. */
    stop(): void {
        this.#ended.abort();
    }

    /** The boxes of a text of labels. */
    async labels(text: File, classes: string[], width: number, height: number): Promise<LabelledBox[]> {
        const { labels } = await import("yolov4-wgpu/train");
        return labels(text, { classes, width, height });
    }
}

/** A failure with the name of its picture. */
function of(picture: Blob, error: unknown): unknown {
    if (error instanceof Error && picture instanceof File) error.message = `${picture.name}: ${error.message}`;
    return error;
}
