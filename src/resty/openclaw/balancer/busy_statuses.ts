/**
 * Which answers say that a node has no room for any request. Other answers, such as a 429 to a client that has used up its quota,
 * say nothing about the node, and go to the client unchanged.
 */
import * as retry_after from "../core/http/retry_after";
import type { StatusList } from "./status_list";

export type BusyStatuses = StatusList;

const SERVICE_UNAVAILABLE = 503;
/** From here on a status is a failure, unless the node says when to retry. */
const LOWEST_FAILURE = 500;

/** The default of the option `busy_statuses`. */
export const DEFAULTS: number[] = [SERVICE_UNAVAILABLE];

/**
 * Whether an answer says that its node has no room. A 5xx does so only with a valid `Retry-After`; without one the node may have
 * failed, see `failure_statuses`. Phases: any.
 * @param given the answer's Retry-After
 */
export function is_busy(known: BusyStatuses, status: string, given: string | undefined): boolean {
    const number = known.get(status);
    if (number === undefined) return false;
    return number < LOWEST_FAILURE || retry_after.seconds(given) !== undefined;
}

/** Whether an answer with this status may say that its node has no room. Phases: any. */
export function may_be_busy(known: BusyStatuses, status: string): boolean {
    return known.has(status);
}
