/** What is looked at in turns, some at a time, so that no look takes long however many there are. */
export interface Turns<Item> {
    readonly items: Item[];
    /** Whose turn it is. */
    at: number;
}

/** So many are looked at each time. */
const AT_ONCE = 256;

/** Nothing yet. Phases: any, usually where a module is loaded. */
function create<Item>(): Turns<Item> {
    return { items: [], at: 0 };
}
export { create as new };

/** Adds an item. Phases: any. */
export function add<Item>({ items }: Turns<Item>, item: Item): void {
    items.push(item);
}

/** Removes the item at a place; the last one takes the place. */
function remove<Item>(items: Item[], at: number): void {
    const last = items.length - 1;
    items[at] = items[last]!;
    table.remove(items, last + 1);
}

/**
 * Looks at the items whose turn it is, and removes those that do not stay. Returns whether there are any left. Phases: any, as `stays`, which
 * must not add any.
 */
export function look<Item>(
    turns: Turns<Item>,
    stays: (this: void, item: Item, now: MonotonicTime) => boolean,
    now: MonotonicTime,
): boolean {
    const { items } = turns;
    for (const _ of $range(1, math.min(AT_ONCE, items.length))) {
        if (turns.at >= items.length) turns.at = 0;
        if (stays(items[turns.at]!, now)) turns.at += 1;
        else remove(items, turns.at);
    }
    return items.length > 0;
}
