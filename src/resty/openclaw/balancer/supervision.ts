/**
 * What goes on beside the requests: ten times a second each worker follows changes and lets its policy learn, and one
 * worker of the machine checks the nodes' health and asks the DNS.
 */
import type { Faults } from "../fault";
import type { Leader } from "../leader";
import * as request from "../request";
import * as ejection from "./ejection";
import type { HealthCheck } from "./health_check";
import * as verdicts from "./health_check/verdicts";
import type { Verdict } from "./health_check/verdicts";
import * as membership_of from "./membership";
import * as nodes from "./node";
import * as peer_of from "./peer";
import type { Peer } from "./peer";
import * as retry_budget from "./retry_budget";
import * as upstreams from "./upstream";
import type { Upstream } from "./upstream";

export interface Supervised extends Upstream {
    readonly faults: Faults;
    readonly health_check: HealthCheck | undefined;
    /** Where there is work for one worker of the machine. */
    readonly leader: Leader | undefined;
    readonly fallback: Supervised | undefined;
    is_supervised: boolean;
}

const TICK_SECONDS = 0.1;

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

function lead(upstream: Supervised, leader: Leader, now: number): void {
    const [leads, err] = leader.leads();
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

function tick(premature: boolean, upstream: Supervised): void {
    const leader = upstream.leader;
    if (premature) {
        upstream.health_check?.stop();
        leader?.resign();
        return;
    }
    const now = request.now();
    upstreams.refresh(upstream);
    membership_of.settle(upstream.membership);
    nodes.settle(upstream.membership.registry);
    upstream.policy.tick?.(upstream.pool.peers, now);
    retry_budget.fill(upstream.budget, TICK_SECONDS);
    if (leader !== undefined) lead(upstream, leader, now);
}

/** Begins it in this worker, once. Phases: init_worker, or any that may start a timer. */
export function begin(upstream: Supervised): void {
    if (upstream.is_supervised) return;
    upstream.is_supervised = true;
    if (upstream.fallback !== undefined) begin(upstream.fallback);
    const [ok, err] = ngx.timer.every(TICK_SECONDS, tick, upstream);
    if (!ok) upstream.faults.report("timer", err);
}

/** Leaves the work for one to another worker. Phases: exit_worker. */
export function stop(upstream: Supervised): void {
    upstream.leader?.resign();
}
