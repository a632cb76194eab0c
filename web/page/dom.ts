// The page's elements, by what they are.

/** The element of an id; that it is there is the page's own business. */
export function el<T extends HTMLElement = HTMLElement>(id: string): T {
    const found = document.getElementById(id);
    if (!found) throw new Error(`the page has no element #${id}`);
    return found as T;
}

export const button = (id: string) => el<HTMLButtonElement>(id);
export const input = (id: string) => el<HTMLInputElement>(id);
export const select = (id: string) => el<HTMLSelectElement>(id);

/** An entry of a select. */
export function option(value: string, text = value): HTMLOptionElement {
    const made = document.createElement("option");
    [made.value, made.textContent] = [value, text];
    return made;
}
