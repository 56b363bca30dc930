/**
 * Smooth weighted round robin, as nginx does it: every candidate gains its weight, the one that has most is taken and
 * pays the sum of all weights back. Source: ngx_http_upstream_get_peer in nginx's ngx_http_upstream_round_robin.c.
 */
import * as ffi from "ffi";
import type { Candidates } from "./policy";

export interface Turns {
    /** What each node has gained and not yet paid. */
    readonly credit: Doubles;
}

/** Turns for so many nodes. */
function create(size: number): Turns {
    const credit = ffi.new("double[?]", size) as unknown as Doubles;
    return { credit };
}
export { create as new };

/** The candidate whose turn it is, by these weights. Pure Lua, any phase. */
export function take(turns: Turns, candidates: Candidates, weight: Doubles): number {
    const credit = turns.credit;
    let best = -1;
    let sum = 0;
    for (const place of $range(0, candidates.count - 1)) {
        const index = candidates.index.get(place);
        sum += weight.get(index);
        credit.set(index, credit.get(index) + weight.get(index));
        if (best < 0 || credit.get(index) > credit.get(best)) best = index;
    }
    credit.set(best, credit.get(best) - sum);
    return best;
}
