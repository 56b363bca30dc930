/** What an answer says about its node. Pure Lua, any phase. */
import type { Outcome } from "./node";
import type { StatusList } from "./status_list";

const NOT_MODIFIED = 304;
const CLIENT_CLOSED_REQUEST = 499;
const GATEWAY_TIMEOUT = 504;

const known = new LuaMap<string, Outcome>();

function judge(status: number | undefined): Outcome {
    if (status === undefined || status === CLIENT_CLOSED_REQUEST) return "neutral";
    if (status >= 500) return "failed";
    // Other 4xx answers are caused by the client, and 304 takes no work. Both are quick, which says nothing about how long the
    // node's work takes.
    return status < 400 && status !== NOT_MODIFIED ? "ok" : "neutral";
}

/**
 * The outcome of a try, by its part of `$upstream_status`; "-" or nothing means that the client left first. See also
 * `busy_statuses`, and `of_answer` for the node's own answers.
 */
export function of_status(status: string): Outcome {
    const before = known.get(status);
    if (before !== undefined) return before;
    const outcome = judge(tonumber(status));
    // Nodes may answer with any three digits, so the map has at most a thousand entries.
    if (status.length === 3) known.set(status, outcome);
    return outcome;
}

/** The outcome of a try that the node itself answered. `failures`: the statuses that count as failures. */
export function of_answer(failures: StatusList, status: string): Outcome {
    const outcome = of_status(status);
    if (outcome === "ok" || tonumber(status) === CLIENT_CLOSED_REQUEST) return outcome;
    return failures.has(status) ? "failed" : "neutral";
}

/**
 * Whether a neutral outcome comes from an answer of the node, such as 304, 404 or 501, and not from a client that left or had a
 * short deadline.
 */
export function is_of_node(status: string): boolean {
    const number = tonumber(status);
    return number !== undefined && number !== CLIENT_CLOSED_REQUEST && number !== GATEWAY_TIMEOUT;
}
