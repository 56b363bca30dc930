/**
 * A peer is a node as one upstream uses it: its weight, its state, and the results of its requests there. What all workers must
 * agree on is kept in the common block, by upstream and address. So it survives reloads, and changes of the list as long as some
 * worker has the peer.
 */
import * as ffi from "ffi";
import * as held_rows from "../core/memory/shared_memory/held_rows";
import type { Registry } from "../core/metrics/metric_registry";
import * as clock from "../core/time/clock";
import * as health_state from "./health_check/health_state";
import type { Peer } from "./model";
import type { Node } from "./node";
import * as nodes from "./node";
import * as outlier_detection from "./outlier_detection";
import * as try_figures from "./try_figures";
import * as warm_start from "./warm_start";

export type State = "healthy" | "busy" | "down" | "half_open" | "draining";

/** The number of slow starts so far. */
const STARTS = 0;
/** How many requests the node had answered when the last one began. */
const ANSWERED = 1;
const SLOW_START_SLOTS = 2;

/** The slots of its row; the first one counts its holders. */
const ROW_SLOTS = 1 + outlier_detection.SLOTS + health_state.SLOTS + SLOW_START_SLOTS + warm_start.SLOTS;

/** During a slow start, the in-flight limit of a peer is this plus the number of its answers so far. */
const SLOW_START_IN_FLIGHT = 4;
/** A slow start ends after so many answers. */
const SLOW_START_ANSWERS = 100;

/** Begins a slow start of a peer that is new, or was down. All workers forget what they have learned of it. Phases: any. */
export function begin_slow_start(peer: Peer): void {
    peer.slow_start.set(ANSWERED, nodes.answered(peer.node));
    peer.slow_start.set(STARTS, peer.slow_start.get(STARTS) + 1);
    outlier_detection.reset(peer.record);
}

/**
 * A peer, with nothing learned. Phases: any. On failure nil and why: there is no shared memory left.
 * @param is_checked whether there are health checks, which may mark it as up again
 */
function create(registry: Registry, upstream: string, node: Node, is_checked: boolean): Result<Peer> {
    const region = registry.region;
    const name = try_figures.row_name(upstream, node.address);
    const [row, err] = held_rows.take(region, name, ROW_SLOTS, 0, clock.now());
    if (row === undefined) return $multi(undefined, err);
    const record = pointer_add(region.common, row.slot + 1);
    const checks = pointer_add(record, outlier_detection.SLOTS);
    const slow_start = pointer_add(checks, health_state.SLOTS);
    const peer: Peer = {
        node,
        row,
        requests: 0,
        weight: 1,
        is_draining: false,
        server_name: undefined,
        host_header: "",
        record,
        checks,
        slow_start,
        warm_start: pointer_add(slow_start, SLOW_START_SLOTS),
        known_start: 0,
        is_in_slow_start: false,
        figures: try_figures.new(registry, upstream, node.address),
        learned: undefined,
        tried_in: 0,
        upstream: undefined,
    };
    nodes.join(node);
    if (peer.slow_start.get(STARTS) === 0) begin_slow_start(peer);
    // After a reload that removes the health checks, nothing else would mark it as up.
    if (!is_checked) ffi.fill(checks, health_state.SLOTS * 8);
    return $multi(peer);
}
export { create as new };

/**
 * Holds the memory of a peer for this worker. False if another peer has it by now, which a reload may cause. Phases: any.
 */
export function hold(peer: Peer): boolean {
    const region = peer.node.region;
    const is_its =
        ngx.get_phase() === "init" ? held_rows.is_current(region, peer.row) : held_rows.hold(region, peer.row);
    return is_its && nodes.hold(peer.node);
}

/** Whether the peer and its node still have their memory. Phases: any. */
export function is_current(peer: Peer): boolean {
    return held_rows.is_current(peer.node.region, peer.row) && nodes.is_current(peer.node);
}

/** Releases the memory of a retired peer; false while this worker has requests there. Phases: any but init. */
export function release(registry: Registry, peer: Peer): boolean {
    if (peer.requests > 0) return false;
    held_rows.release(peer.node.region, peer.row);
    nodes.leave(registry, peer.node);
    return true;
}

/** Whether the peer had a slow start since this worker last asked. Phases: any. */
export function has_restarted(peer: Peer): boolean {
    const starts = peer.slow_start.get(STARTS);
    if (starts === peer.known_start) return false;
    peer.known_start = starts;
    peer.is_in_slow_start = true;
    return true;
}

/** The in-flight limit of a peer; infinity unless it is in a slow start. Phases: any. */
export function slow_start_limit(peer: Peer): number {
    if (!peer.is_in_slow_start) return math.huge;
    const answered = nodes.answered(peer.node) - peer.slow_start.get(ANSWERED);
    if (answered >= SLOW_START_ANSWERS) peer.is_in_slow_start = false;
    return peer.is_in_slow_start ? SLOW_START_IN_FLIGHT + answered : math.huge;
}

/** Whether a peer in a slow start has reached its in-flight limit. Phases: any. */
export function is_at_slow_start_limit(peer: Peer): boolean {
    return peer.is_in_slow_start && nodes.in_flight(peer.node) >= slow_start_limit(peer);
}

/** Its state, as the API and the metrics show it. Phases: any. */
export function state(peer: Peer, now: MonotonicTime): State {
    if (peer.is_draining) return "draining";
    if (health_state.is_down(peer.checks) || outlier_detection.seconds_ejected(peer.record, now) > 0) return "down";
    if (outlier_detection.seconds_busy(peer.record, now) > 0) return "busy";
    return outlier_detection.is_ejected(peer.record) ? "half_open" : "healthy";
}

/** Seconds until the peer may get requests again; 0 if it may get them now. Phases: any. */
export function seconds_left(peer: Peer, now: MonotonicTime): number {
    return math.max(
        outlier_detection.seconds_ejected(peer.record, now),
        outlier_detection.seconds_busy(peer.record, now),
    );
}
