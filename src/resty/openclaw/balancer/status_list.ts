/** Options that list statuses of answers. */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import * as problem from "../config/problems";

/** Statuses as in `$upstream_status`, with their numbers. */
export type StatusList = LuaMap<string, number>;

const LOWEST_STATUS = 400;
const HIGHEST_STATUS = 599;

const LIST = kinds.list_or_none_of(
    kinds.of<number>(
        "status",
        "a status from 400 to 599",
        (given) => typeof given === "number" && given % 1 === 0 && given >= LOWEST_STATUS && given <= HIGHEST_STATUS,
    ),
);

/** A list of statuses, which may be empty. */
export const STATUSES: Kind<number[]> = {
    name: "list of statuses, 400 to 599",
    read: (given, path, problems) => {
        if (type(given) === "table") return LIST.read(given, path, problems);
        problem.add_no_table(problems, path, "a list of statuses from 400 to 599", given);
        return [];
    },
};

/** The list as a map. Phases: init. */
export function of(statuses: readonly number[]): StatusList {
    const found: StatusList = new LuaMap();
    for (const status of statuses) found.set(tostring(status), status);
    return found;
}
