/** What the log says of a Redis that does not reply: which requests it does not count, and what happens to them at each limit. */
import * as redis_client from "../redis_client";
import type { Outage } from "../redis_client/outage";
import * as outages from "../redis_client/outage";
import type { OnError, Options } from "./redis_options";

export type { Outage };

export const sentence = outages.sentence;
export const last_sentence = outages.last_sentence;

/** What matters of a limit. */
interface Limit {
    readonly name: string;
    readonly on_error: OnError;
    readonly is_dry_run: boolean;
}

const EFFECTS: Record<OnError, string> = {
    local: 'each gateway applies its part of the limit "%s" (on_error = "local")',
    open: 'the limit "%s" accepts all requests (on_error = "open")',
    closed: 'the limit "%s" rejects all requests with 503 (on_error = "closed")',
};
const ON_TRIAL = 'the limit "%s" accepts all requests (dry_run = true)';

function effect_of(limit: Limit): string {
    const effect = limit.is_dry_run && limit.on_error === "closed" ? ON_TRIAL : EFFECTS[limit.on_error];
    return string.format(effect, limit.name);
}

/** The parts for the Redis limits of a route. Phases: init. */
function create(options: Options, route: string, limits: readonly Limit[]): Outage {
    const effects: string[] = [];
    for (const limit of limits) effects.push(effect_of(limit));
    return {
        address: redis_client.address(options),
        fails_to: "count requests",
        does_again: "counts requests",
        of_route: outages.of_route(route),
        meanwhile: table.concat(effects, ", "),
    };
}
export { create as new };
