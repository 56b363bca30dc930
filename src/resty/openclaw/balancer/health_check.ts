/**
 * Checks the nodes of an upstream at regular intervals, in the background of the one worker that leads.
 *
 * A check runs in a timer of its own, so that slow nodes hold nobody up; at most 10 at a time, the longest due first,
 * and never two of one node; of all upstreams together as many as `places` has. What a verdict means is for the caller to say; `verdicts` keeps count.
 */
import type { BusyStatuses } from "./busy_statuses";
import * as probes from "./health_check/probe";
import { settings_of } from "./health_check/options";
import type { Options, Settings } from "./health_check/options";
import type { Verdict } from "./health_check/verdicts";
import * as places from "./places";
import * as faults from "../core/metrics/fault";
import type { Faults } from "../core/metrics/fault";
import type { Counter } from "../core/metrics/metric_handles";
import * as metric_registry from "../core/metrics/metric_registry";
import type { Family, Registry } from "../core/metrics/metric_registry";
import * as random from "../core/bytes/random";

/** What is checked: anything with a node. */
export interface Checked {
    readonly node: CheckedNode;
    /** The node's name for TLS, where it has one. */
    readonly server_name?: string | undefined;
}

interface CheckedNode {
    readonly address: string;
    readonly host: string;
    /** 0 for a unix socket. */
    readonly port: number;
}

/** Takes the verdict of one check, why it is none of "pass", and how long a busy node asks to be left alone. */
export type Report<Peer> = (
    this: void,
    peer: Peer,
    verdict: Verdict,
    why: string | undefined,
    retry_after_seconds: number | undefined,
) => void;

/** When a node's turn is. */
interface Turn {
    peer: Checked;
    due_at: number;
    /** The last tick that had the node in its list. */
    tick: number;
}

/** A check that is under way. */
interface Check {
    readonly turn: Turn;
    readonly since: number;
}

export interface HealthCheck {
    readonly settings: Settings;
    readonly upstream: string;
    readonly checks: Family<Counter>;
    readonly faults: Faults;
    turns: LuaTable<CheckedNode, Turn>;
    readonly under_way: LuaTable<CheckedNode, Check>;
    under_way_count: number;
    ticks: number;
    ticked_at: number;
    report: Report<Checked>;
    tick<Peer extends Checked>(peers: readonly Peer[], now: number, report: Report<Peer>): void;
    stop(): void;
}

/** Of one upstream; and of all in this worker. */
const MOST_UNDER_WAY = 10;
const PLACES = places.new(100);
/** The first check of a node comes within so many seconds. */
const FIRST_SECONDS = 1;
/** Without a tick for so long, in seconds, another worker may lead by now. */
const STALE_SECONDS = 1;
/** A check that is so late, in seconds, was lost: nginx drops timers when too many run. */
const LOST_SECONDS = 10;

/** Whether this worker has heard of late that it leads. */
function is_current(health_check: HealthCheck): boolean {
    return ngx.now() - health_check.ticked_at <= STALE_SECONDS && !ngx.worker.exiting();
}

/** Gives the place of a check free. */
function free(health_check: HealthCheck, node: CheckedNode): void {
    health_check.under_way.delete(node);
    health_check.under_way_count -= 1;
    places.give_back(PLACES);
}

/** Books the end of a check; false when its verdict has come too late for anybody to care. */
function finish(health_check: HealthCheck, check: Check): boolean {
    const node = check.turn.peer.node;
    if (health_check.under_way.get(node) !== check) return false;
    free(health_check, node);
    return health_check.turns.get(node) === check.turn && is_current(health_check);
}

/** The node that has been due for the longest time and is not being checked. */
function next_due(health_check: HealthCheck, now: number): Turn | undefined {
    let longest: Turn | undefined;
    for (const [node, turn] of health_check.turns) {
        const is_longer = turn.due_at <= now && (longest === undefined || turn.due_at < longest.due_at);
        if (is_longer && !health_check.under_way.has(node)) longest = turn;
    }
    return longest;
}

function run(premature: boolean, health_check: HealthCheck, check: Check): void {
    if (premature) {
        finish(health_check, check);
        return;
    }
    const { node, server_name } = check.turn.peer;
    const [verdict, why, retry_after] = probes.probe(health_check.settings, node.host, node.port, server_name);
    if (!finish(health_check, check)) return;
    health_check.checks.labels(health_check.upstream, node.address, verdict).inc();
    health_check.report(check.turn.peer, verdict, why, retry_after);
}

/** Starts checks as long as there are nodes due and places free. */
function start(health_check: HealthCheck, now: number): void {
    const settings = health_check.settings;
    while (health_check.under_way_count < MOST_UNDER_WAY) {
        const turn = next_due(health_check, now);
        if (turn === undefined) {
            places.leave(PLACES, health_check);
            return;
        }
        if (!places.take(PLACES, health_check, now)) return;
        const check: Check = { turn, since: now };
        const [ok, err] = ngx.timer.at(0, run, health_check, check);
        if (!ok) {
            places.give_back(PLACES);
            health_check.faults.report("timer", "cannot check ", turn.peer.node.address, ": ", err);
            return;
        }
        turn.due_at = now + settings.interval_seconds * (1 + settings.jitter * (2 * random.share() - 1));
        health_check.under_way.set(turn.peer.node, check);
        health_check.under_way_count += 1;
    }
}

/** Gives the places of lost checks free. */
function forget_lost(health_check: HealthCheck, now: number): void {
    const latest = now - health_check.settings.timeout_seconds - LOST_SECONDS;
    for (const [node, check] of health_check.under_way) {
        if (check.since < latest) {
            free(health_check, node);
            health_check.faults.report("lost_check", "a check of ", node.address, " has not come to its end");
        }
    }
}

/** Gives turns to nodes that are new, and takes them from nodes that are gone. */
function follow(health_check: HealthCheck, peers: readonly Checked[], now: number): void {
    const turns = health_check.turns;
    const tick = health_check.ticks + 1;
    health_check.ticks = tick;
    for (const peer of peers) {
        const turn = turns.get(peer.node) as Turn | undefined;
        if (turn === undefined) {
            const wait = math.min(health_check.settings.interval_seconds, FIRST_SECONDS) * random.share();
            turns.set(peer.node, { peer, due_at: now + wait, tick });
        } else {
            turn.peer = peer;
            turn.tick = tick;
        }
    }
    for (const [node, turn] of turns) {
        if (turn.tick !== tick) turns.delete(node);
    }
}

/**
 * Starts what checks are due; `report` is told later how they end, unless the node has gone or this worker has stopped by
 * then. To be called about ten times a second in the worker that leads, and in no other; after a second without a call, all
 * begins anew. Phases: timer.
 * @param peers the nodes that the upstream has now; a node is known by its table `node`
 * @param now the time as `ngx.now` has it
 */
function tick(this: HealthCheck, peers: readonly Checked[], now: number, report: Report<Checked>): void {
    if (now < this.ticked_at || now - this.ticked_at > STALE_SECONDS) {
        this.stop();
    }
    this.ticked_at = now;
    this.report = report;
    follow(this, peers, now);
    forget_lost(this, now);
    start(this, now);
}

/**
 * Forgets all turns, as another worker leads; the verdicts of checks that are under way are dropped. Costs nothing where
 * nothing goes on. Phases: any.
 */
function stop(this: HealthCheck): void {
    if (this.ticked_at === 0) return;
    this.ticked_at = 0;
    places.leave(PLACES, this);
    this.turns = new LuaTable();
}

const metatable = { __index: { tick, stop } };

function nobody(this: void): void {
    return;
}

/**
 * The checks of one upstream's nodes; nothing where there are no options. Phases: init.
 * @param options the upstream's `health_check`, see docs/balancer.md
 * @param upstream its name in the metrics
 * @param busy the answers by which a node says that it has no room
 */
function create(
    options: Options | undefined,
    registry: Registry,
    upstream: string,
    busy: BusyStatuses,
): HealthCheck | undefined {
    if (options === undefined) return undefined;
    const fields = {
        settings: settings_of(options, busy),
        upstream,
        checks: metric_registry.counter(
            registry,
            "openclaw_health_checks_total",
            "Active checks of a node by how they ended: pass, fail, or busy.",
            ["upstream", "node", "result"],
        ),
        faults: faults.new("health_check", registry),
        turns: new LuaTable<CheckedNode, Turn>(),
        under_way: new LuaTable<CheckedNode, Check>(),
        under_way_count: 0,
        ticks: 0,
        ticked_at: 0,
        report: nobody,
    };
    // The compiler compares no generic methods.
    return setmetatable(fields, metatable) as unknown as HealthCheck;
}
export { create as new };
