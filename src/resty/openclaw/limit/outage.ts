/** What the log says of a Redis that does not reply: where it is, which requests it does not count, and what happens to them. */
import type { OnError, Options } from "./redis_options";
import * as redis_options from "./redis_options";

/** The parts of the sentence, which are the same for all failures of a route. */
export interface Outage {
    /** Where Redis is. */
    readonly address: string;
    /** Whose requests: ' of the route "analyze"'; empty without a gateway. */
    readonly of_route: string;
    /** What happens to them meanwhile. */
    readonly meanwhile: string;
}

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
        address: redis_options.address(options),
        of_route: route === "" ? "" : ` of the route "${route}"`,
        meanwhile: table.concat(effects, ", "),
    };
}
export { create as new };

/** The sentence; `err`: what failed, `routes`: how many use this Redis. Phases: any. */
export function sentence(outage: Outage, err: string, routes: number): string {
    const others = routes > 1 ? ` (${routes} routes use it)` : "";
    const beginning = `Redis at ${outage.address}${others} does not count requests${outage.of_route}`;
    return `${beginning}: ${err}; meanwhile ${outage.meanwhile}`;
}

/** The sentence when it does again. Phases: any. */
export function last_sentence(outage: Outage): string {
    return `Redis at ${outage.address} replies again, and counts requests`;
}
