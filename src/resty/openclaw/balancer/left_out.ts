/** Why a peer gets no requests, or only one that tries it, as an operator is told. */
import * as ejection from "./ejection";
import * as verdicts from "./health_check/verdicts";
import type { Peer } from "./model";

export type Reason = "draining" | "failed_checks" | "failed_requests" | "busy";

/** All of them, in the order in which the first that holds is told. */
export const REASONS: Reason[] = ["draining", "failed_checks", "failed_requests", "busy"];

/** Why a peer is left out, in the words of `REASONS`; nothing where it is not. Phases: any. */
export function reason(peer: Peer, now: number): Reason | undefined {
    if (peer.is_draining) return "draining";
    if (verdicts.is_down(peer.checks)) return "failed_checks";
    if (ejection.seconds_ejected(peer.record, now) > 0) return "failed_requests";
    if (ejection.seconds_busy(peer.record, now) > 0) return "busy";
    // Its time is over, and one request tries it.
    return ejection.is_ejected(peer.record) ? "failed_requests" : undefined;
}

/** In how many seconds a peer may get requests again; nothing where that is not a matter of time. Phases: any. */
export function seconds(peer: Peer, now: number): number | undefined {
    const why = reason(peer, now);
    if (why === "busy") return ejection.seconds_busy(peer.record, now);
    if (why !== "failed_requests") return undefined;
    return math.max(ejection.seconds_ejected(peer.record, now), ejection.seconds_busy(peer.record, now));
}
