/**
 * Readers for the tables users write. Each returns the value or its default, or keeps nginx from starting with one
 * sentence that names the option, what was expected and what was given. Phases: init. Pure Lua: no nginx needed.
 *
 * `owner` is how the sentence starts: a plugin ("body_digest") or a place in a larger table ('balancer "cluster"').
 */

export type Options = Readonly<Record<string, unknown>>;

/** How a value is shown in a sentence: strings in quotes, tables by their kind only. */
function shown(value: unknown): string {
    if (value === undefined) return "nothing";
    // %q writes a line break as a backslash and the break itself; the sentence is to stay on one line.
    if (typeof value === "string") return string.gsub(string.format("%q", value), "\n", "n")[0];
    if (type(value) === "table") return "a table";
    return tostring(value);
}

/** Stops with `owner: "name" must be <expected>, got <value>`. Never returns. */
export function refuse(owner: string, name: string, expected: string, value: unknown): never {
    error(string.format('%s: "%s" must be %s, got %s', owner, name, expected, shown(value)), 0);
}

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

function nearest(name: string, known: string[]): string | undefined {
    // Past half of the word's letters two words only look alike by accident.
    let best: string | undefined;
    let best_distance = math.max(2, name.length / 2);
    for (const candidate of known) {
        const edits = distance(name, candidate);
        if (edits < best_distance) {
            best = candidate;
            best_distance = edits;
        }
    }
    return best;
}

/** Refuses a value that is not a table, and any option that is not in `known`, naming the nearest known one. */
export function check(owner: string, options: unknown, known: string[]): Options {
    if (type(options) !== "table") error(`${owner}: options must be a table, got ${shown(options)}`, 0);
    const is_known = new LuaSet<string>();
    for (const name of known) is_known.add(name);
    for (const [name] of pairs(options as Record<string, unknown>)) {
        if (!is_known.has(name)) {
            const close = nearest(tostring(name), known);
            const hint = close === undefined ? `known are ${table.concat(known, ", ")}` : `did you mean "${close}"?`;
            error(`${owner}: unknown option ${shown(name)}; ${hint}`, 0);
        }
    }
    return options as Options;
}

/** Text with at least one letter. */
export function text(owner: string, options: Options, name: string, fallback?: string): string {
    const value = options[name] ?? fallback;
    if (typeof value !== "string" || value === "") refuse(owner, name, "a text", value);
    return value;
}

/** True or false. */
export function flag(owner: string, options: Options, name: string, fallback: boolean): boolean {
    const value = options[name];
    if (value === undefined) return fallback;
    if (typeof value !== "boolean") refuse(owner, name, "true or false", value);
    return value;
}

/** A number above 0 (and not NaN, not infinite). */
export function positive(owner: string, options: Options, name: string, fallback?: number): number {
    const value = options[name] ?? fallback;
    if (typeof value !== "number" || !(value > 0) || value === math.huge) {
        refuse(owner, name, "a number above 0", value);
    }
    return value;
}

/** A number from 0 to 1. */
export function share(owner: string, options: Options, name: string, fallback: number): number {
    const value = options[name] ?? fallback;
    if (typeof value !== "number" || !(value >= 0 && value <= 1)) {
        refuse(owner, name, "a number from 0 to 1", value);
    }
    return value;
}

/** A whole number from `least` up, to `most` where that is given. */
export function whole(
    owner: string,
    options: Options,
    name: string,
    least: number,
    fallback?: number,
    most = math.huge,
): number {
    const value = options[name] ?? fallback;
    if (typeof value !== "number" || value < least || value % 1 !== 0 || value === math.huge) {
        refuse(owner, name, `a whole number from ${least} up`, value);
    }
    if (value > most) refuse(owner, name, `a whole number from ${least} to ${most}`, value);
    return value;
}

/** One of a few words. */
export function one_of<T extends string>(
    owner: string,
    options: Options,
    name: string,
    words: readonly T[],
    fallback?: T,
): T {
    const value = options[name] ?? fallback;
    for (const word of words) {
        if (value === word) return word;
    }
    return refuse(owner, name, `one of ${table.concat(words as T[], ", ")}`, value);
}

/** A list (a Lua array) with at least one entry; the entries are for the caller to read. */
export function list(owner: string, options: Options, name: string, fallback?: unknown[]): unknown[] {
    const value = options[name] ?? fallback;
    if (type(value) !== "table" || (value as unknown[]).length === 0) {
        refuse(owner, name, "a list with at least one entry", value);
    }
    return value as unknown[];
}

/** A table of options of its own, or nothing. */
export function group(owner: string, options: Options, name: string): Options | undefined {
    const value = options[name];
    if (value !== undefined && type(value) !== "table") refuse(owner, name, "a table", value);
    return value as Options | undefined;
}

/** A function, or nothing. */
export function callback<T>(owner: string, options: Options, name: string): T | undefined {
    const value = options[name];
    if (value !== undefined && type(value) !== "function") refuse(owner, name, "a function", value);
    return value as T | undefined;
}
