/**
 * Checks the nodes of an upstream at regular intervals, in the background of the leader.
 *
 * Each check runs in its own timer, so that slow nodes do not delay others. At most 10 run concurrently for one upstream, and as
 * many as `places` allows for all upstreams; never two of one node; the one that is due for the longest time goes first. The caller
 * decides what a result changes, see `health_state`.
 */
import * as random from "../core/bytes/random";
import type { Faults } from "../core/metrics/fault";
import * as faults from "../core/metrics/fault";
import type { Counter } from "../core/metrics/metric_handles";
import type { Family, Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import * as clock from "../core/time/clock";
import type { BusyStatuses } from "./busy_statuses";
import type { CheckResult } from "./health_check/health_state";
import type { Options, Settings } from "./health_check/options";
import { settings_of } from "./health_check/options";
import * as probes from "./health_check/probe";
import type { Peer } from "./model";
import type { Node } from "./node";
import * as places from "./places";

/** Gets the result of one check; why it is not "pass"; and for how long a busy node asks to get no requests. */
export type Report = (
    this: void,
    peer: Peer,
    result: CheckResult,
    why: string | undefined,
    retry_after_seconds: number | undefined,
) => void;

/** When a node is to be checked. */
interface Schedule {
    peer: Peer;
    due_at: MonotonicTime;
    /** The number of the last tick that had the node in its list. */
    tick: number;
}

/** A check that is running. */
interface Check {
    readonly schedule: Schedule;
    readonly since: MonotonicTime;
}

export interface HealthCheck {
    readonly settings: Settings;
    readonly upstream: string;
    readonly checks: Family<Counter>;
    readonly faults: Faults;
    schedules: LuaMap<Node, Schedule>;
    readonly running: LuaMap<Node, Check>;
    running_count: number;
    ticks: number;
    /** The last tick; nothing before the first one, and after `stop`. */
    ticked_at: MonotonicTime | undefined;
    report: Report;
    tick(peers: readonly Peer[], now: MonotonicTime, report: Report): void;
    stop(): void;
}

/** Concurrent checks of one upstream; and of all upstreams in this worker. */
const MOST_RUNNING = 10;
const PLACES = places.new(100);
/** The first check of a node comes within so many seconds. */
const FIRST_SECONDS = 1;
/** After so many seconds without a tick, another worker may lead. */
const STALE_SECONDS = 1;
/** A check that ends so many seconds too late was lost: nginx drops timers if too many run. */
const LOST_SECONDS = 10;

/** Whether this worker led a moment ago. */
function is_current({ ticked_at }: HealthCheck): boolean {
    return ticked_at !== undefined && clock.now() - ticked_at <= STALE_SECONDS && !ngx.worker.exiting();
}

/** Releases the place of a check. */
function free(health_check: HealthCheck, node: Node): void {
    health_check.running.delete(node);
    health_check.running_count -= 1;
    places.give_back(PLACES);
}

/** Records the end of a check; false if its result came too late. */
function finish(health_check: HealthCheck, check: Check): boolean {
    const node = check.schedule.peer.node;
    if (health_check.running.get(node) !== check) return false;
    free(health_check, node);
    return health_check.schedules.get(node) === check.schedule && is_current(health_check);
}

/** The node that has been due for the longest time and is not being checked. */
function next_due(health_check: HealthCheck, now: MonotonicTime): Schedule | undefined {
    let longest: Schedule | undefined;
    for (const [node, schedule] of health_check.schedules) {
        const is_longer = schedule.due_at <= now && (longest === undefined || schedule.due_at < longest.due_at);
        if (is_longer && !health_check.running.has(node)) longest = schedule;
    }
    return longest;
}

function run(premature: boolean, health_check: HealthCheck, check: Check): void {
    if (premature) {
        finish(health_check, check);
        return;
    }
    const { node, server_name } = check.schedule.peer;
    const [result, why, retry_after] = probes.probe(health_check.settings, node.host, node.port, server_name);
    if (!finish(health_check, check)) return;
    health_check.checks.labels(health_check.upstream, node.address, result).inc();
    health_check.report(check.schedule.peer, result, why, retry_after);
}

/** Starts checks as long as nodes are due and places are free. */
function start(health_check: HealthCheck, now: MonotonicTime): void {
    const settings = health_check.settings;
    while (health_check.running_count < MOST_RUNNING) {
        const schedule = next_due(health_check, now);
        if (schedule === undefined) {
            places.leave(PLACES, health_check);
            return;
        }
        if (!places.take(PLACES, health_check, now)) return;
        const check: Check = { schedule, since: now };
        const [ok, err] = ngx.timer.at(0, run, health_check, check);
        if (!ok) {
            places.give_back(PLACES);
            health_check.faults.report("timer", "cannot check ", schedule.peer.node.address, ": ", err);
            return;
        }
        const wait = settings.interval_seconds * (1 + settings.jitter * (2 * random.share() - 1));
        schedule.due_at = later(now, wait);
        health_check.running.set(schedule.peer.node, check);
        health_check.running_count += 1;
    }
}

/** Releases the places of lost checks. */
function forget_lost(health_check: HealthCheck, now: MonotonicTime): void {
    const latest = now - health_check.settings.timeout_seconds - LOST_SECONDS;
    for (const [node, check] of health_check.running) {
        if (check.since < latest) {
            free(health_check, node);
            health_check.faults.report("lost_check", "a check of ", node.address, " has not come to its end");
        }
    }
}

/** Schedules new nodes, and forgets those that are no longer in the list. */
function follow(health_check: HealthCheck, peers: readonly Peer[], now: MonotonicTime): void {
    const { schedules } = health_check;
    const tick = health_check.ticks + 1;
    health_check.ticks = tick;
    for (const peer of peers) {
        const schedule = schedules.get(peer.node);
        if (schedule === undefined) {
            const wait = math.min(health_check.settings.interval_seconds, FIRST_SECONDS) * random.share();
            schedules.set(peer.node, { peer, due_at: later(now, wait), tick });
        } else {
            schedule.peer = peer;
            schedule.tick = tick;
        }
    }
    for (const [node, schedule] of schedules) {
        if (schedule.tick !== tick) schedules.delete(node);
    }
}

/**
 * Starts the checks that are due. `report` gets their results later, unless the node has been removed or this worker has stopped
 * by then. To be called about ten times a second in the leader, and in no other worker; after a second without a call all
 * schedules begin again. Phases: timer.
 * @param peers the nodes that the upstream has now
 */
function tick(this: HealthCheck, peers: readonly Peer[], now: MonotonicTime, report: Report): void {
    if (this.ticked_at !== undefined && now - this.ticked_at > STALE_SECONDS) this.stop();
    this.ticked_at = now;
    this.report = report;
    follow(this, peers, now);
    forget_lost(this, now);
    start(this, now);
}

/**
 * Forgets all schedules, as another worker leads; the results of running checks are dropped. Costs nothing if it is stopped
 * already. Phases: any.
 */
function stop(this: HealthCheck): void {
    if (this.ticked_at === undefined) return;
    this.ticked_at = undefined;
    places.leave(PLACES, this);
    this.schedules = new LuaMap();
}

const metatable = { __index: { tick, stop } };

function ignore(this: void): void {
    return;
}

/**
 * The checks of one upstream's nodes; nothing without options. Phases: init.
 * @param options the upstream's `health_check`, see docs/balancer.md
 * @param upstream its name in the metrics
 * @param busy the statuses with which a node says that it has no room
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
        schedules: new LuaMap<Node, Schedule>(),
        running: new LuaMap<Node, Check>(),
        running_count: 0,
        ticks: 0,
        ticked_at: undefined,
        report: ignore,
    };
    return setmetatable(fields, metatable);
}
export { create as new };
