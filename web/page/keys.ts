// The keys, as in the viewer's window.

export const KEYS = [
    ["Space", " ", "stand still, go on"],
    ["Up", "ArrowUp", "fewer boxes: score threshold up"],
    ["Down", "ArrowDown", "more boxes: score threshold down"],
    ["PageUp", "PageUp", "boxes may overlap more"],
    ["PageDown", "PageDown", "boxes may overlap less"],
    ["H", "h", "figures"],
    ["N", "n", "next network"],
    ["P", "p", "f32 or f16"],
    ["S", "s", "save the picture"],
    ["F", "f", "full screen"],
    ["C", "c", "camera; the next one"],
    ["M", "m", "mirror"],
    ["?", "?", "these keys"],
] as const;

export type Key = (typeof KEYS)[number][1];

/** Calls `act` for keys that no control has a use for itself. */
export function listen(act: (key: Key) => void): void {
    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
        const target = event.target instanceof Element ? event.target : document.body;
        const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
        const known = KEYS.find(([, code]) => code === key);
        if (!known || target.closest("input:not([type=checkbox]), select, textarea") || document.querySelector("dialog[open]")) return;
        // Buttons and folds are pressed with the space bar.
        if (key === " " && target.closest("button, summary, input, a")) return;
        event.preventDefault();
        act(known[1]);
    });
}
