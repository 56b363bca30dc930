/** What is wrong with a configuration: a list of sentences, so that a user gets to know all of it at once. Phases: init. */

export type Problems = string[];

/** The path of an option in a table. The outermost one is "setup:", so that its options are "setup: routes" and so on. */
export function child(path: string, name: string): string {
    return string.byte(path, -1) === string.byte(":") ? `${path} ${name}` : `${path}.${name}`;
}

/** How a path begins a sentence of its own. */
export function beginning(path: string): string {
    return string.byte(path, -1) === string.byte(":") ? path : `${path}:`;
}

/** How a value is shown in a sentence: strings in quotes, tables by their kind only. */
export function shown(value: unknown): string {
    if (value === undefined) return "nothing";
    // %q writes a line break as a backslash and the break itself; the sentence is to stay on one line.
    if (typeof value === "string") return string.gsub(string.format("%q", value), "\n", "n")[0];
    if (type(value) === "table") return next(value as object)[0] === undefined ? "an empty table" : "a table";
    return tostring(value);
}

/** The sentence on an option that has a wrong value. */
export function sentence(path: string, expected: string, given: unknown): string {
    return `${path} must be ${expected}, got ${shown(given)}`;
}

/** The sentence on an option that is no table. What stands in its place is not shown: it may be a secret. */
export function add_no_table(problems: Problems, path: string, expected: string, given: unknown): void {
    const what = typeof given === "string" ? "a string" : shown(given);
    problems.push(`${path} must be ${expected}, got ${what}`);
}

/** Adds the sentence on an option that has a wrong value. */
export function add(problems: Problems, path: string, expected: string, given: unknown): void {
    problems.push(sentence(path, expected, given));
}

/** Raises the sentence on an option that has a wrong value. */
export function refuse(path: string, expected: string, given: unknown): never {
    error(sentence(path, expected, given), 0);
}

/** Raises all problems, one a line, if there are any. */
export function raise(problems: Problems): void {
    if (problems.length > 0) error(table.concat(problems, "\n"), 0);
}
