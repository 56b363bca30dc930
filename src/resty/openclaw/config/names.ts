/** The names of what stands in a table. Pure Lua. */

/** The keys of a table whose keys are names, sorted: Lua gives them in any order. Phases: any. */
export function sorted(map: object): string[] {
    const names: string[] = [];
    for (const [name] of pairs(map)) names.push(name as string);
    table.sort(names);
    return names;
}
