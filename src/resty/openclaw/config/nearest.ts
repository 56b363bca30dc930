/** Finds the known word that is most similar to a misspelled one. Pure Lua. */

/** Edits (insert, remove, replace) that turn one word into the other: Wagner and Fischer, 1974. */
function distance(left: string, right: string): number {
    let previous = new LuaTable<number, number>();
    for (const column of $range(0, right.length)) previous.set(column, column);
    for (const row of $range(1, left.length)) {
        const current = new LuaTable<number, number>();
        current.set(0, row);
        for (const column of $range(1, right.length)) {
            const replace = string.byte(left, row) === string.byte(right, column) ? 0 : 1;
            current.set(
                column,
                math.min(previous.get(column) + 1, current.get(column - 1) + 1, previous.get(column - 1) + replace),
            );
        }
        previous = current;
    }
    return previous.get(right.length);
}

/** The known word that is most similar to a word; nothing if none is similar. Phases: any. */
export function nearest(word: string, known: readonly string[]): string | undefined {
    // If more than half of the letters differ, the similarity is accidental.
    let best: string | undefined;
    let best_distance = math.max(2, word.length / 2);
    for (const candidate of known) {
        const edits = distance(word, candidate);
        if (edits < best_distance) {
            best = candidate;
            best_distance = edits;
        }
    }
    return best;
}

/** How a sentence on an unknown name goes on: with the one that was most likely meant, else with all there are. Phases: any. */
export function or_known(given: unknown, known: readonly string[]): string {
    const close = nearest(tostring(given), known);
    return close === undefined ? `known are ${table.concat(known as string[], ", ")}` : `did you mean "${close}"?`;
}

/** How a sentence goes on that refuses a value: with the known word that was most likely meant, or with nothing. Phases: any. */
export function hint(given: unknown, known: readonly string[]): string {
    const close = typeof given === "string" ? nearest(given, known) : undefined;
    return close === undefined ? "" : `; did you mean "${close}"?`;
}
