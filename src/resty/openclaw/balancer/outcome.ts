/** What an answer says of the node that gave it. Pure Lua, any phase. */
import type { Outcome } from "./node";

const NOT_MODIFIED = 304;
const CLIENT_CLOSED_REQUEST = 499;

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
 * node said that it is busy, `busy_statuses` knows.
 */
export function of_status(status: string): Outcome {
    const before = known.get(status);
    if (before !== undefined) return before;
    const outcome = judge(tonumber(status));
    // Upstreams may answer with any three digits, so this holds a thousand texts at most.
    if (status.length === 3) known.set(status, outcome);
    return outcome;
}

/** Whether a neutral outcome comes from an answer of the node: 304 or 4xx, but not a client that left. */
export function is_of_node(status: string): boolean {
    const number = tonumber(status);
    return number !== undefined && number < 500 && number !== CLIENT_CLOSED_REQUEST;
}
