/** The problems of a configuration: a list of error messages, so that the user sees all of them at once. Phases: init. */

export type Problems = string[];

/** A value as shown in error messages: strings in quotes, tables as their type only. */
export function shown(value: unknown): string {
    if (value === undefined) return "nothing";
    // %q writes a line break as a backslash and a line break, but the message must stay on one line.
    if (typeof value === "string") return string.gsub(string.format("%q", value), "\n", "n")[0];
    if (type(value) === "table") return next(value as object)[0] === undefined ? "an empty table" : "a table";
    return tostring(value);
}

/** The path of an option in a table. The outermost one is "setup:", so that its options are "setup: routes" and so on. */
export function child(path: string, name: string): string {
    const is_outermost = string.byte(path, -1) === string.byte(":");
    const [is_plain] = string.find(name, "^[%w_.%-]+$");
    // A name with a line break would make two sentences of one.
    if (is_plain === undefined) return `${is_outermost ? `${path} ` : path}[${shown(name)}]`;
    return is_outermost ? `${path} ${name}` : `${path}.${name}`;
}

/** A path as it is named inside a message that begins with another one: "setup:" is said once. */
export function inner(path: string): string {
    const [bare] = string.gsub(path, "^setup: ", "");
    return bare;
}

/** The beginning of an error message about a path. */
export function beginning(path: string): string {
    return string.byte(path, -1) === string.byte(":") ? path : `${path}:`;
}

/** The error message for an option with a wrong value. */
export function sentence(path: string, expected: string, given: unknown): string {
    return `${path} must be ${expected}, got ${shown(given)}`;
}

/** The error message for an option that is not a table. The value is not shown, because it may be a secret. */
export function add_no_table(problems: Problems, path: string, expected: string, given: unknown): void {
    const what = typeof given === "string" ? "a string" : shown(given);
    problems.push(`${path} must be ${expected}, got ${what}`);
}

/** Adds the error message for an option with a wrong value. */
export function add(problems: Problems, path: string, expected: string, given: unknown): void {
    problems.push(sentence(path, expected, given));
}

/** Raises the error message for an option with a wrong value. */
export function refuse(path: string, expected: string, given: unknown): never {
    error(sentence(path, expected, given), 0);
}

/** Raises all problems, one per line, if there are any. */
export function raise(problems: Problems): void {
    if (problems.length > 0) error(table.concat(problems, "\n"), 0);
}
