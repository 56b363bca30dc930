/**
 * Which answers say that a node has no room: a verdict on the node, for all who ask it. Any other answer of that kind, such
 * as a 429 to one client that has used up its quota, says nothing of the node, and goes to its client as it is.
 */
import * as read from "../options";
import type { Options } from "../options";
import * as retry_after from "../retry_after";

/** The statuses, as `$upstream_status` has them, with what they are as numbers. */
export type BusyStatuses = LuaTable<string, number>;

const SERVICE_UNAVAILABLE = 503;
const LOWEST_STATUS = 400;
const HIGHEST_STATUS = 599;
/** From here on a status is a failure, unless the node says when to come again. */
const LOWEST_FAILURE = 500;

function with_status(owner: string, statuses: BusyStatuses, status: unknown): void {
    if (typeof status !== "number" || status % 1 !== 0 || status < LOWEST_STATUS || status > HIGHEST_STATUS) {
        read.refuse(owner, "busy_statuses", "a list of statuses from 400 to 599", status);
    }
    statuses.set(tostring(status), status);
}

/** What the option `busy_statuses` says: 503 where it is not given. Raises when it is wrong. Phases: init. */
export function statuses(owner: string, options: Options): BusyStatuses {
    const given = options.busy_statuses ?? [SERVICE_UNAVAILABLE];
    const found: BusyStatuses = new LuaTable();
    if (type(given) !== "table") read.refuse(owner, "busy_statuses", "a list of statuses from 400 to 599", given);
    for (const [, status] of pairs(given as Record<string, unknown>)) with_status(owner, found, status);
    return found;
}

/**
 * Whether an answer says that its node has no room. One of 5xx does only with a legal `Retry-After`: without, the node
 * has failed. Phases: any.
 * @param given the answer's Retry-After; looked at only where the status may be one
 */
export function is_busy(known: BusyStatuses, status: string, given: string | undefined): boolean {
    const number = known.get(status) as number | undefined;
    if (number === undefined) return false;
    return number < LOWEST_FAILURE || retry_after.seconds(given) !== undefined;
}

/** Whether an answer with this status may say that its node has no room. Phases: any. */
export function may_be_busy(known: BusyStatuses, status: string): boolean {
    return known.has(status);
}
