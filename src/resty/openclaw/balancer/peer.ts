/**
 * A node in the service of one upstream: its weight there, whether it is to be spared, and how its answers to this
 * upstream went. What all workers must agree on stands in the common block, by upstream and address, so it outlives
 * reloads, and as long as some worker has the peer, changes of the list.
 */
import * as ffi from "ffi";
import * as clock from "../core/time/clock";
import type { Registry } from "../core/metrics/metric_registry";
import * as held_rows from "../core/memory/shared_memory/held_rows";
import * as ejection from "./ejection";
import * as verdicts from "./health_check/verdicts";
import * as lessons from "./lesson";
import * as nodes from "./node";
import type { Node } from "./node";
import * as try_figures from "./try_figures";
import type { Peer } from "./model";

export type State = "healthy" | "busy" | "down" | "half_open" | "draining";

const BEGINNINGS = 0;
/** What the node had answered when the peer began. */
const ANSWERED = 1;
const BEGINNING_SLOTS = 2;

/** What its row has, first the slot for its holders. */
const ROW_SLOTS = 1 + ejection.SLOTS + verdicts.SLOTS + BEGINNING_SLOTS + lessons.SLOTS;

/** A peer that begins may hold so many requests more than it has answered, */
const SLOW_START = 4;
/** until it has answered so many. */
const STARTED = 100;

/** Notes that the peer begins anew: it is new, or was down. All workers load it with care and learn anew. Phases: any. */
export function begin_anew(peer: Peer): void {
    peer.beginning.set(ANSWERED, nodes.answered(peer.node));
    peer.beginning.set(BEGINNINGS, peer.beginning.get(BEGINNINGS) + 1);
    ejection.forgive(peer.record);
}

/**
 * The peer of an upstream at a node, with nothing learned. Phases: any. On failure nil and why: there is no shared memory
 * left.
 * @param is_checked whether there are health checks that may say that it is up again
 */
function create(registry: Registry, upstream: string, node: Node, is_checked: boolean): Result<Peer> {
    const region = registry.region;
    const name = try_figures.row_name(upstream, node.address);
    const [row, err] = held_rows.take(region, name, ROW_SLOTS, 0, clock.now());
    if (row === undefined) return $multi(undefined, err);
    const record = pointer_add(region.common, row.slot + 1);
    const checks = pointer_add(record, ejection.SLOTS);
    const beginning = pointer_add(checks, verdicts.SLOTS);
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
        beginning,
        lesson: pointer_add(beginning, BEGINNING_SLOTS),
        known_beginning: 0,
        is_starting: false,
        figures: try_figures.new(registry, upstream, node.address),
        learned: undefined,
        tried_in: 0,
        upstream: undefined,
    };
    nodes.join(node);
    if (peer.beginning.get(BEGINNINGS) === 0) begin_anew(peer);
    // What checks found before a reload took them away would hold for ever.
    if (!is_checked) ffi.fill(checks, verdicts.SLOTS * 8);
    return $multi(peer);
}
export { create as new };

/** Whether this worker may use the peer, which it holds from now on; after a reload another may have its memory. Phases: any. */
export function hold(peer: Peer): boolean {
    const region = peer.node.region;
    const is_its =
        ngx.get_phase() === "init" ? held_rows.is_current(region, peer.row) : held_rows.hold(region, peer.row);
    return is_its && nodes.hold(peer.node);
}

/** Whether the memory of the peer and its node is still their own. Phases: any. */
export function is_current(peer: Peer): boolean {
    return held_rows.is_current(peer.node.region, peer.row) && nodes.is_current(peer.node);
}

/** Lets go of a peer that is no more in force; false while this worker has requests there. Phases: any but init. */
export function let_go(registry: Registry, peer: Peer): boolean {
    if (peer.requests > 0) return false;
    held_rows.release(peer.node.region, peer.row);
    nodes.leave(registry, peer.node);
    return true;
}

/** Whether the peer has begun anew since this worker last asked. Phases: any. */
export function has_begun(peer: Peer): boolean {
    const beginnings = peer.beginning.get(BEGINNINGS);
    if (beginnings === peer.known_beginning) return false;
    peer.known_beginning = beginnings;
    peer.is_starting = true;
    return true;
}

/** Whether a peer that began lately has as much to do as it may for now. Phases: any. */
export function is_loaded_enough(peer: Peer): boolean {
    if (!peer.is_starting) return false;
    const answered = nodes.answered(peer.node) - peer.beginning.get(ANSWERED);
    if (answered >= STARTED) peer.is_starting = false;
    return peer.is_starting && nodes.in_flight(peer.node) >= SLOW_START + answered;
}

/** What an operator would call its state. Phases: any. */
export function state(peer: Peer, now: number): State {
    if (peer.is_draining) return "draining";
    if (verdicts.is_down(peer.checks) || ejection.seconds_ejected(peer.record, now) > 0) return "down";
    if (ejection.seconds_busy(peer.record, now) > 0) return "busy";
    return ejection.is_ejected(peer.record) ? "half_open" : "healthy";
}

/** Seconds until the peer may be sent requests again; 0 for one that may be now. Phases: any. */
export function seconds_left(peer: Peer, now: number): number {
    return math.max(ejection.seconds_ejected(peer.record, now), ejection.seconds_busy(peer.record, now));
}
