/** The keys of a table. Pure Lua. */

/** The keys of a table with string keys, sorted, because Lua has no order. Phases: any. */
export function sorted(map: object): string[] {
    const names: string[] = [];
    for (const [name] of pairs(map)) names.push(name as string);
    table.sort(names);
    return names;
}
