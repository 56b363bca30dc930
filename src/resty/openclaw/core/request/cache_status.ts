/**
 * What the cache did for the request at hand, in nginx's words: `HIT`, `MISS` and so on. nginx itself says it of answers from its own cache
 * and from nodes; of those that the gateway has kept, the plugin does. nginx.conf has it as `$openclaw_cache_status`.
 */
import * as request from "./request";
import * as request_state from "./request_state";

declare module "./request_state" {
    interface RequestState {
        /** What the gateway's own store did. */
        cache_status?: string | undefined;
    }
}

/** The variable, which the plugin that notes it declares. */
export const VARIABLE = "openclaw_cache_result";

/** Those of responses that no node has made for this request. `NEAR`: it was made for a similar one. */
const FROM_CACHE: Readonly<Record<string, true | undefined>> = {
    HIT: true,
    STALE: true,
    UPDATING: true,
    REVALIDATED: true,
    NEAR: true,
};

/** Whether a response with that status comes from a cache. Phases: any. */
export function is_from_cache(status: string): boolean {
    return FROM_CACHE[status] === true;
}

/** Says it in place of nginx. Phases: access, header_filter. */
export function note(status: string): void {
    request_state.open().cache_status = status;
    request.set_variable(VARIABLE, status);
}

/** What the cache did; nothing if none was asked. Phases: header_filter, body_filter, log. */
export function present(): string | undefined {
    return request_state.present()?.cache_status ?? request.variable("upstream_cache_status");
}
