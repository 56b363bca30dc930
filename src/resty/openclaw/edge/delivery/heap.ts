/** Texts of which the first in the order of bytes is at hand: a binary heap (Williams, 1964). */

export type Heap = string[];

/** The first of all; nothing when there is none. Phases: any. */
export function first(heap: Heap): string | undefined {
    return heap[0];
}

/** Adds a text. Phases: any. */
export function push(heap: Heap, text: string): void {
    let at = heap.length;
    while (at > 0) {
        const parent = math.floor((at - 1) / 2);
        if (heap[parent]! <= text) break;
        heap[at] = heap[parent]!;
        at = parent;
    }
    heap[at] = text;
}

/** Takes the first of all out; nothing when there is none. Phases: any. */
export function pop(heap: Heap): string | undefined {
    const top = heap[0];
    const last = table.remove(heap);
    const count = heap.length;
    if (last === undefined || count === 0) return top;
    let at = 0;
    while (true) {
        let child = 2 * at + 1;
        if (child >= count) break;
        if (child + 1 < count && heap[child + 1]! < heap[child]!) child += 1;
        if (last <= heap[child]!) break;
        heap[at] = heap[child]!;
        at = child;
    }
    heap[at] = last;
    return top;
}
