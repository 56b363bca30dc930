/** Options that list statuses of answers. */
import * as read from "../options";
import type { Options } from "../options";

/** The statuses, as `$upstream_status` has them, with what they are as numbers. */
export type StatusList = LuaTable<string, number>;

const LOWEST_STATUS = 400;
const HIGHEST_STATUS = 599;
const EXPECTED = "a list of statuses from 400 to 599";

function add(owner: string, name: string, statuses: StatusList, status: unknown): void {
    if (typeof status !== "number" || status % 1 !== 0 || status < LOWEST_STATUS || status > HIGHEST_STATUS) {
        read.refuse(owner, name, EXPECTED, status);
    }
    statuses.set(tostring(status), status);
}

/** What an option of this kind says; raises when it is wrong. Phases: init. */
export function read_statuses(owner: string, options: Options, name: string, defaults: number[]): StatusList {
    const given = options[name] ?? defaults;
    const found: StatusList = new LuaTable();
    if (type(given) !== "table") read.refuse(owner, name, EXPECTED, given);
    for (const [, status] of pairs(given as Record<string, unknown>)) add(owner, name, found, status);
    return found;
}
export { read_statuses as read };
