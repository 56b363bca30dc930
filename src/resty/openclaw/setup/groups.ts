/** Reads tables of tables: one for each name, or one after the other. Phases: init. */
import * as read from "../options";

/** A table of options of its own for each name. Raises when it is none. */
export function named_groups(options: read.Options, name: string): LuaTable<string, unknown> {
    const groups = (read.group("setup", options, name) ?? {}) as unknown as LuaTable<string, unknown>;
    for (const [key] of groups) {
        if (type(key) !== "string" || key === "") read.refuse("setup", name, "a table whose keys are names", key);
    }
    return groups;
}

/**
 * A list of tables. A variable that does not exist leaves a hole in a list, which `for of` would take for its end. Raises
 * when it is none.
 */
export function list_of_tables(owner: string, options: read.Options, name: string): Record<string, unknown>[] {
    const entries = read.list(owner, options, name);
    for (const place of $range(1, entries.length)) {
        const entry = entries[place - 1];
        if (type(entry) !== "table") read.refuse(owner, `${name}[${place}]`, "a table", entry);
    }
    return entries as Record<string, unknown>[];
}
