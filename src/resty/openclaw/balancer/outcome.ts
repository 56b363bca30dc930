/** What an answer says of the node that gave it. Pure Lua, any phase. */
import type { Outcome } from "./node";
import type { StatusList } from "./status_list";

const NOT_MODIFIED = 304;
const CLIENT_CLOSED_REQUEST = 499;
const GATEWAY_TIMEOUT = 504;

const known = new LuaTable<string, Outcome>();

function judge(status: number | undefined): Outcome {
    if (status === undefined || status === CLIENT_CLOSED_REQUEST) return "neutral";
    if (status >= 500) return "failed";
    // Other 4xx answers are the client's doing, and "not modified" took no work: both are quick, which tells nothing of
    // how long the node's work takes.
    return status < 400 && status !== NOT_MODIFIED ? "ok" : "neutral";
}

/**
 * The outcome of a try, from its part of `$upstream_status`; "-" or nothing means that the client left first. Whether the
 * node said that it is busy, `busy_statuses` knows; which of its own answers are failures, `of_answer`.
 */
export function of_status(status: string): Outcome {
    const before = known.get(status);
    if (before !== undefined) return before;
    const outcome = judge(tonumber(status));
    // Upstreams may answer with any three digits, so this holds a thousand texts at most.
    if (status.length === 3) known.set(status, outcome);
    return outcome;
}

/** The outcome of a try that the node answered itself. `failures`: the statuses that speak against it. */
export function of_answer(failures: StatusList, status: string): Outcome {
    const outcome = of_status(status);
    if (outcome === "ok" || tonumber(status) === CLIENT_CLOSED_REQUEST) return outcome;
    return failures.has(status) ? "failed" : "neutral";
}

/**
 * Whether a neutral outcome comes from an answer of the node, such as 304, 404 or 501: not from a client that left, or that
 * gave no time.
 */
export function is_of_node(status: string): boolean {
    const number = tonumber(status);
    return number !== undefined && number !== CLIENT_CLOSED_REQUEST && number !== GATEWAY_TIMEOUT;
}
