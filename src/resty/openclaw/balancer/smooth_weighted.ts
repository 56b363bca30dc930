/**
 * Smooth weighted round robin, as nginx does it: every candidate gains its weight, the one that has most is taken and
 * pays the sum of all weights back. Source: ngx_http_upstream_get_peer in nginx's ngx_http_upstream_round_robin.c.
 */
import type { Candidates } from "./model";

/** What a peer has gained and not yet paid, and what it gains at each turn. */
export interface Turns {
    credit: number;
    gain: number;
}

/** For a peer that has not had a turn. Pure Lua, any phase. */
export function none(): Turns {
    return { credit: 0, gain: 1 };
}

/** The place of the candidate whose turn it is, by their gains. Pure Lua, any phase. */
export function take(candidates: Candidates<Turns>): number {
    const peers = candidates.peers;
    let best = -1;
    let most = -math.huge;
    let sum = 0;
    for (const place of $range(0, candidates.count - 1)) {
        const turns = peers[place]!.learned;
        const credit = turns.credit + turns.gain;
        turns.credit = credit;
        sum += turns.gain;
        if (credit > most) {
            best = place;
            most = credit;
        }
    }
    peers[best]!.learned.credit = most - sum;
    return best;
}
