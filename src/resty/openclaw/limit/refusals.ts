/** How limits refuse requests: the counters, what logs and clients are told, the response. */
import * as json_error from "../core/request/json_error";
import * as rejections from "../core/request/rejection";
import type { RequestState } from "../core/request/request_state";
import * as fields from "./fields";
import type { Limit } from "./limits";
import type { Rate } from "./rate";
import * as rates from "./rate";

const NAME = "limit";
/** The code of a request that cannot be counted, and what stands for `limit` in the reason for logs. */
const UNCOUNTED = "limit_unavailable";
/** For requests that a limit rejects because it cannot count them. */
const SECONDS_UNTIL_REDIS_REPLIES = 5;
/** Less than the resolution of nginx's clock. */
const TOLERANCE = 1e-4;

/** Refuses a request beyond the rate of a limit. `longest`: seconds until it would pass all limits. Phases: access; never returns. */
export function beyond(state: RequestState, limit: Limit, rate: Rate, level: number, longest: number): never {
    const seconds = math.max(1, math.ceil(math.min(rates.LONGEST, longest) - TOLERANCE));
    limit.counters.refused.inc();
    rejections.note_refusal(NAME, limit.name);
    fields.note_refusal(state, limit, rate, level, seconds);
    fields.show(state);
    return json_error.respond(429, "rate_limited", `The limit "${limit.name}" is ${rate.text}.`, seconds);
}

/** Refuses a request that a limit cannot count. Phases: access; never returns. */
export function uncounted(state: RequestState, limit: Limit): never {
    rejections.note_refusal(UNCOUNTED, limit.name);
    fields.forget(state);
    const message = `The limit "${limit.name}" cannot be checked at the moment.`;
    return json_error.respond(503, UNCOUNTED, message, SECONDS_UNTIL_REDIS_REPLIES);
}

/** Refuses a request that is larger than the whole budget. Phases: access; never returns. */
export function for_good(state: RequestState, limit: Limit, rate: Rate, cost: number): never {
    limit.counters.refused.inc();
    rejections.note_refusal(NAME, limit.name);
    fields.forget(state);
    const message = string.format(
        'The request may cost %d tokens, and the limit "%s" has room for %d at once.',
        cost,
        limit.name,
        rate.capacity,
    );
    return json_error.respond(400, "too_many_tokens", message);
}
