/** How many tokens a request has used, when it has ended. The variables are those that `inference` sets. */
import type { Faults } from "../core/metrics/fault";
import * as cache_status from "../core/request/cache_status";
import * as request from "../core/request/request";
import * as upstream_tries from "../core/request/upstream_tries";

/**
 * "nothing": no node has made an answer; "tokens": so many, where a prompt without a number counts as it was guessed; "reserved": what
 * was reserved, as nothing else is known.
 */
export type Usage = LuaMultiReturn<
    | [what: "nothing" | "reserved", prompt?: undefined, completion?: undefined]
    | [what: "tokens", prompt: number | undefined, completion: number]
>;

const PROMPT = "openclaw_prompt_tokens";
const COMPLETION = "openclaw_completion_tokens";
const FINISH_REASON = "openclaw_finish_reason";

const FIRST_REDIRECT = 300;
const CLIENT_LEFT = 499;
const ACCEPTED = 202;

/** Answers from the cache of nginx cost no node anything. */
const CACHED: Record<string, boolean | undefined> = { HIT: true, STALE: true, UPDATING: true, REVALIDATED: true };

/** Larger numbers count as this one. */
const MOST = 1e9;

function number_in(name: string): number | undefined {
    const text = request.variable(name);
    if (text === undefined || text === "") return undefined;
    const number = tonumber(text);
    // The variables may be others' too. NaN is no number of tokens either.
    return number !== undefined && number >= 0 ? math.min(MOST, number) : undefined;
}

/** Of a request that no node has answered: one that `edge` has stored will be answered later, and then costs nothing more. */
function unanswered(): Usage {
    return $multi(request.status() === ACCEPTED ? "reserved" : "nothing");
}

/** Of a request whose client has left before the answer began: a node that had a connection may have read the prompt. */
function left_early(): Usage {
    const seconds = upstream_tries.last(request.variable("upstream_connect_time") ?? "");
    if (tonumber(seconds) === undefined) return unanswered();
    return $multi("tokens", undefined, 0);
}

/** Whether an answer is not complete: nginx says so where the client has left, `inference` where the node has broken off. */
function is_broken(): boolean {
    return request.variable("request_completion") !== "OK" || request.variable(FINISH_REASON) === "aborted";
}

function answered(faults: Faults): Usage {
    const prompt = number_in(PROMPT);
    const completion = number_in(COMPLETION);
    if (prompt !== undefined || completion !== undefined) return $multi("tokens", prompt, completion ?? 0);
    if (is_broken()) return $multi("tokens", undefined, 0);
    // Only POST makes tokens.
    if (request.variable("request_method") !== "POST") return $multi("nothing");
    faults.report("no_usage", "an answer names no tokens, so that what was reserved counts as used");
    return $multi("reserved");
}

/** What the request at hand has used. Phases: log, after `inference`. Never raises. */
export function of_request(faults: Faults): Usage {
    if (CACHED[cache_status.present() ?? ""] === true) return $multi("nothing");
    if ((request.variable("upstream_addr") ?? "") === "") return unanswered();
    const status = tonumber(upstream_tries.last(request.variable("upstream_status") ?? ""));
    if (status === undefined || status === CLIENT_LEFT) return left_early();
    if (status >= FIRST_REDIRECT) return unanswered();
    return answered(faults);
}
