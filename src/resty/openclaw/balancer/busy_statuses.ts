/**
 * Which answers say that a node has no room: a verdict on the node, for all who ask it. Any other answer of that kind, such
 * as a 429 to one client that has used up its quota, says nothing of the node, and goes to its client as it is.
 */
import * as retry_after from "../core/http/retry_after";
import type { StatusList } from "./status_list";

export type BusyStatuses = StatusList;

const SERVICE_UNAVAILABLE = 503;
/** From here on a status is a failure, unless the node says when to come again. */
const LOWEST_FAILURE = 500;

/** The statuses where the option `busy_statuses` is not given. */
export const DEFAULTS: number[] = [SERVICE_UNAVAILABLE];

/**
 * Whether an answer says that its node has no room. One of 5xx does only with a legal `Retry-After`: without, the node
 * may have failed, which `failure_statuses` knows. Phases: any.
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
