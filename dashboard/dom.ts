/** Makes and changes elements. Names from the gateway only become text nodes and attribute values. */

type Attributes = Record<string, string>;

export function element<K extends keyof HTMLElementTagNameMap>(
    tag: K,
    attributes: Attributes = {},
    ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
}

/** Sets a text, unless the node has it already. */
export function setText(node: Element, text: string): void {
    if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node: Element, name: string, value: string | undefined): void {
    if (value === undefined) node.removeAttribute(name);
    else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** The value behind a text, for programs that read the page. */
export function setValue(node: Element, value: string | number | boolean | null): void {
    setAttribute(node, "data-value", value === null ? "" : String(value));
}

/** Child elements by key: each is made once, and they stay in the order of the keys. */
export class Keyed<T extends { readonly root: Element }> {
    private readonly known = new Map<string, T>();

    constructor(
        private readonly parent: Element,
        private readonly make: (key: string) => T,
    ) {}

    /** Makes those that are missing, and removes the others. */
    keep(keys: readonly string[]): T[] {
        const wanted = new Set(keys);
        for (const [key, child] of this.known) {
            if (wanted.has(key)) continue;
            child.root.remove();
            this.known.delete(key);
        }
        return keys.map((key, place) => {
            const child = this.known.get(key) ?? this.make(key);
            this.known.set(key, child);
            const there = this.parent.children[place];
            if (there !== child.root) this.parent.insertBefore(child.root, there ?? null);
            return child;
        });
    }
}
