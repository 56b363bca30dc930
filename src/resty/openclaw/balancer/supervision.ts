/**
 * The background work of the balancers. Ten times a second each worker applies changes of the lists and calls the policies, and
 * one worker of the machine, the leader, runs the health checks and the DNS look-ups. While no node has requests, a worker looks
 * for changes twice a second, and does the rest every five seconds.
 */
import * as random from "../core/bytes/random";
import type { Leader } from "../core/memory/leader";
import type { Faults } from "../core/metrics/fault";
import * as guard from "../core/metrics/guard";
import type { Registry } from "../core/metrics/metric_registry";
import * as clock from "../core/time/clock";
import type { HealthCheck } from "./health_check";
import type { CheckResult } from "./health_check/health_state";
import * as health_state from "./health_check/health_state";
import * as membership_of from "./membership";
import type { Peer, Upstream } from "./model";
import * as nodes from "./node";
import * as outlier_detection from "./outlier_detection";
import * as peer_of from "./peer";
import * as retry_budget from "./retry_budget";
import * as upstreams from "./upstream";
import type { WaitingRoom } from "./waiting_room";
import * as waiting_rooms from "./waiting_room";

export interface Supervised extends Upstream {
    readonly faults: Faults;
    readonly health_check: HealthCheck | undefined;
    /** If there is work for one worker of the machine. */
    readonly leader: Leader | undefined;
    readonly fallback: Supervised | undefined;
    /** Where its requests wait; nothing without the option `queue`. */
    readonly room: WaitingRoom | undefined;
    is_supervised: boolean;
    ticked_at: MonotonicTime | undefined;
    /** Whether this worker led when it last asked, and when it asks again if it did not. */
    leads: boolean;
    next_ask: MonotonicTime | undefined;
}

const TICK_SECONDS = 0.1;
/** The interval of the timer; a timer costs more than a look whether there is anything to do. */
const WATCH_SECONDS = 0.5;
const TICKS_OF_A_WATCH = 5;
/** The interval of ticks of an upstream while no node has requests. */
const IDLE_SECONDS = 5;
/** Nodes count as active for so many seconds after the last request: it may be answered after the last tick. */
const QUIET_SECONDS = 2;
/** The least interval at which a worker that does not lead asks whether it is to lead; at most it is twice as long. */
const ASK_SECONDS = 0.5;

/** All upstreams of this worker. */
const supervised: Supervised[] = [];
let is_ticking = false;

/** Applies the result of a health check. */
function apply_check_result(
    upstream: Supervised,
    peer: Peer,
    result: CheckResult,
    why: string | undefined,
    retry_after: number | undefined,
): void {
    const { fails, passes } = upstream.health_check!.settings;
    const news = health_state.note(peer.checks, result, fails, passes);
    const who = `node ${peer.node.address} of upstream "${upstream.name}"`;
    if (news === "down") {
        ngx.log(ngx.WARN, "balancer: ", who, " is down: ", why);
    } else if (news === "up") {
        peer_of.begin_slow_start(peer);
        ngx.log(ngx.WARN, "balancer: ", who, " is up again");
    } else if (news === "recovered" && outlier_detection.is_ejected(peer.record)) {
        // The requests failed for the same reason as the checks, which is gone.
        outlier_detection.reset(peer.record);
    }
    if (result === "busy") outlier_detection.note_busy(peer.record, clock.now(), retry_after);
}

function lead(upstream: Supervised, now: MonotonicTime): void {
    const leader = upstream.leader!;
    const [leads, err] = leader.leads();
    upstream.leads = leads;
    upstream.next_ask = later(now, ASK_SECONDS * (1 + random.share()));
    if (err !== undefined) upstream.faults.report("no_leader", "nobody checks the nodes: ", err);
    if (!leads) {
        upstream.health_check?.stop();
        return;
    }
    upstream.membership.discovery?.tick(now);
    upstream.health_check?.tick(upstream.pool.peers, now, (peer, result, why, retry_after) =>
        apply_check_result(upstream, peer, result, why, retry_after),
    );
}

/** Seconds since the last tick. */
function seconds_since_tick({ ticked_at }: Supervised, now: MonotonicTime): number {
    return ticked_at === undefined ? math.huge : now - ticked_at;
}

function tick(upstream: Supervised, now: MonotonicTime): void {
    const membership = upstream.membership;
    const seconds = seconds_since_tick(upstream, now);
    // Other workers do not see which nodes a worker without a block holds.
    if (seconds >= IDLE_SECONDS && (membership.is_incomplete || membership.registry.region.followed !== undefined)) {
        membership_of.invalidate(membership);
    }
    upstreams.refresh(upstream);
    membership_of.release_retired(membership);
    nodes.release_retired(membership.registry);
    // The budget is full before the first tick.
    if (seconds < math.huge) retry_budget.fill(upstream.budget, math.min(seconds, IDLE_SECONDS));
    upstream.ticked_at = now;
    upstream.policy.tick?.(upstream.pool.peers, now);
    if (upstream.room !== undefined) waiting_rooms.tick(upstream.room, now);
}

/** Whether the upstream needs a tick. `is_active`: whether any node is active. */
function is_due(upstream: Supervised, now: MonotonicTime, is_active: boolean): boolean {
    const membership = upstream.membership;
    if (is_active || membership.has_retired || membership_of.has_changed(membership)) return true;
    return seconds_since_tick(upstream, now) >= IDLE_SECONDS;
}

/** Whether this worker leads, or is to ask whether it does. */
function may_lead(upstream: Supervised, now: MonotonicTime): boolean {
    if (upstream.leader === undefined) return false;
    return upstream.leads || upstream.next_ask === undefined || now >= upstream.next_ask;
}

/** Calls a function that may raise. */
function call(
    work: (this: void, upstream: Supervised, now: MonotonicTime) => void,
    upstream: Supervised,
    now: MonotonicTime,
): void {
    guard.call_for(upstream.faults, "tick", upstream.name, work, upstream, now);
}

/** Does the work that is due; returns whether there is more to do in a tenth of a second. */
function tick_all(all: readonly Supervised[], now: MonotonicTime): boolean {
    let registry: Registry | undefined;
    let is_active = false;
    let has_work = false;
    for (const upstream of all) {
        // Nearly always they share one registry.
        if (upstream.membership.registry !== registry) {
            registry = upstream.membership.registry;
            is_active = nodes.is_any_active(registry, now, QUIET_SECONDS);
            has_work = has_work || is_active;
        }
        if (is_due(upstream, now, is_active)) call(tick, upstream, now);
        if (may_lead(upstream, now)) call(lead, upstream, now);
        has_work = has_work || upstream.leads;
    }
    return has_work;
}

function give_up(upstream: Supervised): void {
    upstream.health_check?.stop();
    upstream.leader?.resign();
}

function watch(premature: boolean, all: readonly Supervised[]): void {
    if (premature) {
        for (const upstream of all) give_up(upstream);
        return;
    }
    for (const round of $range(1, TICKS_OF_A_WATCH)) {
        if (!tick_all(all, clock.now()) || round === TICKS_OF_A_WATCH) return;
        ngx.sleep(TICK_SECONDS);
        // nginx calls the timer once more in a worker that exits, which gives the work up.
        if (ngx.worker.exiting()) return;
    }
}

/** Starts the background work of an upstream in this worker, once. Phases: init_worker, or any that may start a timer. */
export function begin(upstream: Supervised): void {
    if (upstream.is_supervised) return;
    upstream.is_supervised = true;
    if (upstream.fallback !== undefined) begin(upstream.fallback);
    supervised.push(upstream);
    if (is_ticking) return;
    // One timer for all: an idle worker would spend most of its time on hundreds of them.
    const [ok, err] = ngx.timer.every(WATCH_SECONDS, watch, supervised);
    is_ticking = ok !== undefined && ok !== false;
    if (!is_ticking) upstream.faults.report("timer", err);
}

/** Gives the lead up. Phases: exit_worker. */
export function stop(upstream: Supervised): void {
    upstream.leader?.resign();
}
