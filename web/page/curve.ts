// A curve that grows: losses, step by step.

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [240, 80];

/** Draws into an <svg>. */
export class Curve {
    readonly #line: SVGPolylineElement;
    /** By step, from 1: a step that is done again has its newest loss. */
    #losses: number[] = [];

    constructor(
        readonly svg: SVGSVGElement,
        readonly name: string,
    ) {
        svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
        svg.setAttribute("preserveAspectRatio", "none");
        this.#line = document.createElementNS(SVG, "polyline");
        svg.replaceChildren(this.#line);
    }

    /** Of a training that begins. */
    clear(): void {
        this.#losses = [];
        this.#line.setAttribute("points", "");
    }

    /** The loss of a step, of so many. */
    add(step: number, steps: number, loss: number): void {
        this.#losses.length = step - 1;
        this.#losses.push(loss);
        const most = Math.max(...this.#losses, Number.MIN_VALUE);
        const points = this.#losses.map((value, n) => {
            const [x, y] = [(WIDTH * n) / Math.max(1, steps - 1), HEIGHT * (1 - value / most)];
            return `${x.toFixed(1)},${y.toFixed(1)}`;
        });
        this.#line.setAttribute("points", points.join(" "));
        this.svg.setAttribute("aria-label", `${this.name}: ${(this.#losses[0] ?? loss).toFixed(2)} in the first step, ${loss.toFixed(2)} in step ${step}`);
    }

    /** The first loss and the last one. */
    get ends(): [number, number] {
        return [this.#losses[0] ?? 0, this.#losses.at(-1) ?? 0];
    }
}
