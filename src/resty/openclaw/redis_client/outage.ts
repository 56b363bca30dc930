/** What the log says of a Redis that does not reply: where it is, what it does not do, and what happens meanwhile. */

/** The parts of the sentence, which are the same for all failures of a route. */
export interface Outage {
    /** Where Redis is. */
    readonly address: string;
    /** What it does not do, such as "count requests"; and what it does when it is back, such as "counts requests". */
    readonly fails_to: string;
    readonly does_again: string;
    /** Whose requests: ' of the route "analyze"'; empty without a gateway. */
    readonly of_route: string;
    /** What happens to them meanwhile. */
    readonly meanwhile: string;
}

/** Redis repeats the words of a command that it does not know, which may be secret. */
const WORDS = ", with args";
/** Longer errors are cut. */
const MOST_BYTES = 200;

/** ' of the route "analyze"'; empty without a route. Phases: init. */
export function of_route(route: string): string {
    return route === "" ? "" : ` of the route "${route}"`;
}

function without_words(err: string): string {
    const [words] = string.find(err, WORDS, 1, true);
    return string.sub(err, 1, math.min(MOST_BYTES, words === undefined ? MOST_BYTES : words - 1));
}

/** The sentence; `err`: what failed, `routes`: how many use this Redis. Phases: any. */
export function sentence(outage: Outage, err: string, routes: number): string {
    const others = routes > 1 ? ` (${routes} routes use it)` : "";
    const beginning = `Redis at ${outage.address}${others} does not ${outage.fails_to}${outage.of_route}`;
    return `${beginning}: ${without_words(err)}; meanwhile ${outage.meanwhile}`;
}

/** The sentence when it does again. Phases: any. */
export function last_sentence(outage: Outage): string {
    return `Redis at ${outage.address} replies again, and ${outage.does_again}`;
}
