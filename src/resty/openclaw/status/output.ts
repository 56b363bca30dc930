/** Collects the parts of a document, and sends them off a few at a time. */

export interface Output {
    parts: string[];
    /** Takes a piece of the document; others have their turn then. */
    readonly send: (this: void, piece: string) => void;
}

/** So many parts go out in one piece: about half a millisecond for each. */
const AT_ONCE = 20;

/** Sends what there is. */
export function flush(output: Output): void {
    const piece = table.concat(output.parts);
    output.parts = [];
    output.send(piece);
}

/** Adds a part. */
export function put(output: Output, part: string): void {
    output.parts.push(part);
    if (output.parts.length >= AT_ONCE) flush(output);
}

/** The names of a table, sorted, as documents have them. Phases: any. */
export function sorted<T>(named: LuaTable<string, T>): string[] {
    const names: string[] = [];
    for (const [name] of named) names.push(name);
    table.sort(names);
    return names;
}
