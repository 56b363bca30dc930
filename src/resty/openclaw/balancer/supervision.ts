/**
 * What goes on beside the requests: ten times a second each worker follows changes and lets its policy learn, and one
 * worker of the machine checks the nodes' health and asks the DNS. While no node has requests a worker looks for changes
 * twice a second, and after all else every five seconds.
 */
import type { Faults } from "../core/metrics/fault";
import type { Leader } from "../core/memory/leader";
import type { Registry } from "../core/metrics/metric_registry";
import * as random from "../core/bytes/random";
import * as request from "../core/request/request";
import * as ejection from "./ejection";
import type { HealthCheck } from "./health_check";
import * as verdicts from "./health_check/verdicts";
import type { Verdict } from "./health_check/verdicts";
import * as membership_of from "./membership";
import * as nodes from "./node";
import * as peer_of from "./peer";
import * as retry_budget from "./retry_budget";
import * as upstreams from "./upstream";
import type { Peer, Upstream } from "./model";

export interface Supervised extends Upstream {
    readonly faults: Faults;
    readonly health_check: HealthCheck | undefined;
    /** Where there is work for one worker of the machine. */
    readonly leader: Leader | undefined;
    readonly fallback: Supervised | undefined;
    is_supervised: boolean;
    /** When it was last looked after. */
    ticked_at: number;
    /** Whether this worker led at last, and when it asks again if not. */
    leads: boolean;
    next_ask: number;
}

const TICK_SECONDS = 0.1;
/** How often it looks whether there is anything to do: a timer costs more than the look. */
const WATCH_SECONDS = 0.5;
const TICKS_OF_A_WATCH = 5;
/** How often it looks after an upstream while no node has a request. */
const IDLE_SECONDS = 5;
/** Requests may have been answered so long after the last one began, where nothing has looked since. */
const QUIET_SECONDS = 2;
/** How often it asks whether it is to lead, at least; at most twice as long. */
const ASK_SECONDS = 0.5;

/** The upstreams of this worker that it looks after. */
const supervised: Supervised[] = [];
let is_ticking = false;

/** What the verdict of a check changes. */
function take_verdict(
    upstream: Supervised,
    peer: Peer,
    verdict: Verdict,
    why: string | undefined,
    retry_after: number | undefined,
): void {
    const { fails, passes } = upstream.health_check!.settings;
    const news = verdicts.note(peer.checks, verdict, fails, passes);
    const who = `node ${peer.node.address} of upstream "${upstream.name}"`;
    if (news === "down") {
        ngx.log(ngx.WARN, "balancer: ", who, " is down: ", why);
    } else if (news === "up") {
        peer_of.begin_anew(peer);
        ngx.log(ngx.WARN, "balancer: ", who, " is up again");
    } else if (news === "recovered" && ejection.is_ejected(peer.record)) {
        // What its requests have suffered from is what the checks have seen, and that is over.
        ejection.forgive(peer.record);
    }
    if (verdict === "busy") ejection.refused(peer.record, request.now(), retry_after);
}

function lead(upstream: Supervised, now: number): void {
    const leader = upstream.leader!;
    const [leads, err] = leader.leads();
    upstream.leads = leads;
    upstream.next_ask = now + ASK_SECONDS * (1 + random.share());
    if (err !== undefined) upstream.faults.report("no_leader", "nobody checks the nodes: ", err);
    if (!leads) {
        upstream.health_check?.stop();
        return;
    }
    upstream.membership.discovery?.tick(now);
    upstream.health_check?.tick(upstream.pool.peers, now, (peer, verdict, why, retry_after) =>
        take_verdict(upstream, peer, verdict, why, retry_after),
    );
}

function follow(upstream: Supervised, now: number): void {
    const membership = upstream.membership;
    const is_late = math.abs(now - upstream.ticked_at) >= IDLE_SECONDS;
    // Without a block nobody sees which nodes this worker holds.
    if (is_late && (membership.lacks_some || membership.registry.region.followed !== undefined)) {
        membership_of.look_again(membership);
    }
    upstreams.refresh(upstream);
    membership_of.settle(membership);
    nodes.settle(membership.registry);
    retry_budget.fill(upstream.budget, math.min(math.max(0, now - upstream.ticked_at), IDLE_SECONDS));
    upstream.ticked_at = now;
    upstream.policy.tick?.(upstream.pool.peers, now);
}

/** Whether something is to be done for the upstream; `is_active`: some node has had a request of late. */
function is_due(upstream: Supervised, now: number, is_active: boolean): boolean {
    const membership = upstream.membership;
    if (is_active || membership.has_leaving || membership_of.has_changed(membership)) return true;
    const since = now - upstream.ticked_at;
    return since >= IDLE_SECONDS || since < 0;
}

/** Whether this worker leads or is to ask whether it does. */
function may_lead(upstream: Supervised, now: number): boolean {
    if (upstream.leader === undefined) return false;
    return upstream.leads || now >= upstream.next_ask || now < upstream.next_ask - 2 * ASK_SECONDS;
}

function attempt(
    work: (this: void, upstream: Supervised, now: number) => void,
    upstream: Supervised,
    now: number,
): void {
    const [ok, err] = pcall(work, upstream, now);
    if (!ok) upstream.faults.report("tick", upstream.name, ": ", err);
}

/** Whether any node has had a request of late. */
function is_active_at(registry: Registry, now: number): boolean {
    return !(math.abs(now - nodes.last_active(registry)) > QUIET_SECONDS);
}

/** Returns whether there is more to do in a tenth of a second. */
function see_to_all(all: readonly Supervised[], now: number): boolean {
    let registry: Registry | undefined;
    let is_active = false;
    let has_work = false;
    for (const upstream of all) {
        // Nearly always they have one registry.
        if (upstream.membership.registry !== registry) {
            registry = upstream.membership.registry;
            is_active = is_active_at(registry, now);
            has_work = has_work || is_active;
        }
        if (is_due(upstream, now, is_active)) attempt(follow, upstream, now);
        if (may_lead(upstream, now)) attempt(lead, upstream, now);
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
        if (!see_to_all(all, request.now()) || round === TICKS_OF_A_WATCH) return;
        ngx.sleep(TICK_SECONDS);
        // The watch that nginx ends then gives the work up.
        if (ngx.worker.exiting()) return;
    }
}

/** Begins it in this worker, once. Phases: init_worker, or any that may start a timer. */
export function begin(upstream: Supervised): void {
    if (upstream.is_supervised) return;
    upstream.is_supervised = true;
    if (upstream.fallback !== undefined) begin(upstream.fallback);
    supervised.push(upstream);
    if (is_ticking) return;
    // One timer for all: hundreds of them would be most of what an idle worker does.
    const [ok, err] = ngx.timer.every(WATCH_SECONDS, watch, supervised);
    is_ticking = ok !== undefined && ok !== false;
    if (!is_ticking) upstream.faults.report("timer", err);
}

/** Leaves the work for one to another worker. Phases: exit_worker. */
export function stop(upstream: Supervised): void {
    upstream.leader?.resign();
}
