/** Finds options in the wrong table. Phases: init. */
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";

/**
 * A copy of a table without the options that belong to another one. For each of these a problem is added, which ends in `where`: where
 * the option belongs. Phases: init.
 */
export function take_out(
    given: object,
    path: string,
    problems: Problems,
    is_elsewhere: (this: void, name: string) => boolean,
    where: string,
): Record<string, unknown> {
    const kept: Record<string, unknown> = {};
    const misplaced: string[] = [];
    for (const [name, value] of pairs(given as Record<string, unknown>)) {
        if (typeof name === "string" && is_elsewhere(name)) misplaced.push(name);
        else kept[name] = value;
    }
    table.sort(misplaced);
    for (const name of misplaced) problems.push(`${problem.beginning(path)} unknown option "${name}"; ${where}`);
    return kept;
}
