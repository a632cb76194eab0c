/** Lets so much in at once; the others wait in the order in which they came. */
export class Gate {
    #free: number;
    readonly #waiting: { places: number; enter: () => void }[] = [];

    constructor(readonly places: number) {
        this.#free = places;
    }

    /** Runs when there is room: at once if there is. With all `places` it runs alone. */
    async pass<T>(run: () => Promise<T>, places = 1): Promise<T> {
        if (this.#waiting.length === 0 && this.#free >= places) this.#free -= places;
        else await new Promise<void>((enter) => this.#waiting.push({ places, enter }));
        try {
            return await run();
        } finally {
            this.#free += places;
            this.#admit();
        }
    }

    #admit(): void {
        for (let first = this.#waiting[0]; first && this.#free >= first.places; first = this.#waiting[0]) {
            this.#free -= first.places;
            this.#waiting.shift();
            first.enter();
        }
    }
}
