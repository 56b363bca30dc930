/** Why a peer gets no requests, or only a probe, as the API and the metrics show it. */
import * as health_state from "./health_check/health_state";
import type { Peer } from "./model";
import * as outlier_detection from "./outlier_detection";

export type Reason = "draining" | "failed_checks" | "failed_requests" | "busy";

/** All reasons. If several apply, the first one is shown. */
export const REASONS: Reason[] = ["draining", "failed_checks", "failed_requests", "busy"];

/** Why a peer is left out, one of `REASONS`; nothing if it is not. Phases: any. */
export function reason(peer: Peer, now: MonotonicTime): Reason | undefined {
    if (peer.is_draining) return "draining";
    if (health_state.is_down(peer.checks)) return "failed_checks";
    if (outlier_detection.seconds_ejected(peer.record, now) > 0) return "failed_requests";
    if (outlier_detection.seconds_busy(peer.record, now) > 0) return "busy";
    // Its ejection is over, and one request probes it.
    return outlier_detection.is_ejected(peer.record) ? "failed_requests" : undefined;
}

/** In how many seconds a peer may get requests again; nothing if that does not depend on time. Phases: any. */
export function seconds(peer: Peer, now: MonotonicTime): number | undefined {
    const why = reason(peer, now);
    if (why === "busy") return outlier_detection.seconds_busy(peer.record, now);
    if (why !== "failed_requests") return undefined;
    return math.max(
        outlier_detection.seconds_ejected(peer.record, now),
        outlier_detection.seconds_busy(peer.record, now),
    );
}
