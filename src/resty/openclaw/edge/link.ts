/**
 * Whether the other end of a link responds, when the link comes and goes: one record for all workers, in the common block, which
 * survives reloads.
 *
 * The link goes down after `fall` attempts without a response, all begun after the last response. While it is down, one attempt
 * is let through now and then, as a trial, and it is up again after `rise` responses in a row. So one bad moment changes
 * nothing, and a link that comes and goes stays down. Health checks, if there are any, take effect at once.
 *
 * A job that reached the other end and got no response does not count as such an attempt, as the job itself may be the
 * cause. It counts only the first time for each job, and only if no client got a response lately.
 *
 * Two workers that write at the same moment may lose a count, which costs one more attempt.
 */
import * as shared_memory from "../core/memory/shared_memory";
import type { Names } from "../core/memory/shared_memory/names";
import type { Entries } from "../core/metrics/gauges";
import * as gauges from "../core/metrics/gauges";
import type { Counter } from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import * as clock from "../core/time/clock";

export interface Settings {
    /** Number of attempts without a response after which the link is down. */
    readonly fall: number;
    /** Number of responses in a row after which it is up again. */
    readonly rise: number;
    /** Seconds between two attempts that are let through while it is down. */
    readonly probe_seconds: number;
}

/** Whether all health checks of the other end fail. */
export type Check = (this: void) => boolean;

export interface Link extends Settings {
    readonly name: string;
    readonly names: Names;
    readonly record: Doubles;
    /** The key in the dict that one worker holds while it takes a trial. */
    readonly trial_key: string;
    readonly went_up: Counter;
    readonly went_down: Counter;
    readonly is_cut: Check | undefined;
}

const DOWN = 0;
/** Attempts in a row without a response, while the link is up. */
const FAILED = 1;
/** Responses in a row, while it is down. */
const ANSWERED = 2;
/** When it last went up or down. */
const CHANGED = 3;
const LAST_FAILURE = 4;
/** Written once a second at most while the link is up and no attempt failed. */
const LAST_RESPONSE = 5;
const NEXT_TRIAL = 6;
const NEXT_BACKGROUND_TRIAL = 7;
/** Whether all health checks failed when they were last asked. */
const CUT = 8;
/** When a client's request last got a response; written once a second at most. */
const LAST_LIVE_RESPONSE = 9;
/** Jobs that got no response while the link is down, since the last trial of a client's request. */
const UNANSWERED = 10;
const NEXT_LIVE_TRIAL = 11;
const SLOTS = 12;

/** When a client got a response within so many seconds, jobs without a response tell nothing about the link. */
const LIVE_SECONDS = 60;
/** After so many jobs without a response, the next trial is a client's. */
const MOST_UNANSWERED = 3;
/** Responses of a link that is up are noted no more often, so that most of them write nothing. */
const SECONDS_BETWEEN_NOTES = 1;
/** For how long a worker that is killed while it takes a trial keeps the others from taking one. */
const TRIAL_KEY_SECONDS = 1;

const links_by_registry: Entries<Link> = new LuaMap();

/** A moment in the record. */
function moment(link: Link, slot: number): MonotonicTime {
    return link.record.get(slot) as MonotonicTime;
}

function reset(link: Link, is_down: boolean): void {
    const record = link.record;
    const now = clock.now();
    record.set(DOWN, is_down ? 1 : 0);
    record.set(FAILED, 0);
    record.set(ANSWERED, 0);
    record.set(UNANSWERED, 0);
    record.set(NEXT_LIVE_TRIAL, now);
    record.set(CHANGED, now);
    record.set(NEXT_TRIAL, later(now, link.probe_seconds));
    record.set(NEXT_BACKGROUND_TRIAL, later(now, link.probe_seconds));
}

function go_down(link: Link, why: string): void {
    reset(link, true);
    link.went_down.inc();
    ngx.log(ngx.WARN, "edge: the link of ", link.name, " is down: ", why);
}

function go_up(link: Link, why: string): void {
    reset(link, false);
    link.went_up.inc();
    ngx.log(ngx.WARN, "edge: the link of ", link.name, " is up again: ", why);
}

/** Follows a change of the checks once. After that attempts count, so that wrong checks do not keep a good link down. */
function follow_checks(link: Link, check: Check): void {
    const record = link.record;
    const is_cut = check();
    if (is_cut === (record.get(CUT) === 1)) return;
    // A reload may have changed what is checked.
    if (ngx.worker.exiting()) return;
    record.set(CUT, is_cut ? 1 : 0);
    const is_down = record.get(DOWN) === 1;
    if (is_cut && !is_down) go_down(link, "all health checks fail");
    else if (!is_cut && is_down) go_up(link, "health checks pass");
}

/** Whether the link is up. Phases: any but init. */
export function is_up(link: Link): boolean {
    if (link.is_cut !== undefined) follow_checks(link, link.is_cut);
    return link.record.get(DOWN) === 0;
}

/** Takes the next trial of that kind, if it has been due for `patience` seconds; true for one caller of all workers. */
function take_trial(link: Link, next_trial: number, patience: number): boolean {
    const record = link.record;
    const now = clock.now();
    if (now < later(moment(link, next_trial), patience)) return false;
    // Other workers may see the same. If the dict is full, several of them may take it.
    const [won, err] = link.names.safe_add(link.trial_key, 1, TRIAL_KEY_SECONDS);
    if (won !== true && err === "exists") return false;
    const is_due = now >= later(moment(link, next_trial), patience);
    if (is_due) record.set(next_trial, later(now, link.probe_seconds));
    link.names.delete(link.trial_key);
    return is_due;
}

/**
 * Whether an attempt may be made: always while the link is up; while it is down once each `probe_seconds` in all workers. The
 * caller that gets true makes the attempt. Phases: any but init.
 */
export function may_try(link: Link): boolean {
    return is_up(link) || take_trial(link, NEXT_TRIAL, 0);
}

/**
 * The same for a client's request. For `patience` seconds trials are left to jobs, as their clients do not wait. But after some jobs
 * without a response a request is let through at once, as these jobs may be the cause. Phases: any but init.
 */
export function may_try_live(link: Link, patience: number): boolean {
    if (is_up(link)) return true;
    if (link.record.get(UNANSWERED) < MOST_UNANSWERED) return take_trial(link, NEXT_TRIAL, patience);
    const is_chosen = take_trial(link, NEXT_LIVE_TRIAL, 0);
    // Only its response lets another request follow, as a client has to wait for a trial without one.
    if (is_chosen) link.record.set(UNANSWERED, 0);
    return is_chosen;
}

/**
 * The same for background updates of the cache. They have trials of their own: otherwise the request that starts an update, which
 * may end without an attempt, would always take the trial. Phases: any but init.
 */
export function may_try_in_background(link: Link): boolean {
    return is_up(link) || take_trial(link, NEXT_BACKGROUND_TRIAL, 0);
}

/**
 * Notes a response with any status. `at`: when it began; `is_live`: whether a client waits for it. Phases: any but init.
 */
export function answered(link: Link, at = clock.now(), is_live = true): void {
    const record = link.record;
    const is_down = record.get(DOWN) === 1;
    if (is_live && at - moment(link, LAST_LIVE_RESPONSE) >= SECONDS_BETWEEN_NOTES) record.set(LAST_LIVE_RESPONSE, at);
    const is_noted = at - moment(link, LAST_RESPONSE) < SECONDS_BETWEEN_NOTES;
    if (!is_down && is_noted && record.get(FAILED) === 0) return;
    // A response that began before the last failure tells nothing new.
    if (at < moment(link, LAST_FAILURE) || at < moment(link, CHANGED)) return;
    record.set(LAST_RESPONSE, math.max(at, moment(link, LAST_RESPONSE)));
    record.set(FAILED, 0);
    if (!is_down) return;
    if (is_live) record.set(UNANSWERED, MOST_UNANSWERED);
    record.set(ANSWERED, record.get(ANSWERED) + 1);
    if (record.get(ANSWERED) >= link.rise) go_up(link, "it responds");
}

/** Notes an attempt without a response. `began`: when it began. Phases: any but init. */
export function failed(link: Link, began = clock.now()): void {
    const record = link.record;
    // When others got responses meanwhile, it was not the link that failed.
    if (began < moment(link, LAST_RESPONSE) || began < moment(link, CHANGED)) return;
    record.set(LAST_FAILURE, clock.now());
    record.set(ANSWERED, 0);
    record.set(UNANSWERED, 0);
    if (record.get(DOWN) === 1) return;
    record.set(FAILED, record.get(FAILED) + 1);
    if (record.get(FAILED) >= link.fall) go_down(link, `${link.fall} attempts got no response`);
}

/**
 * Notes a job that reached the other end and got no response. `began`: when the attempt began; `is_first`: whether this is the
 * first time for the job. True when the job is to blame rather than the link. Phases: any but init.
 */
export function unanswered(link: Link, began: MonotonicTime, is_first: boolean): boolean {
    const record = link.record;
    if (record.get(DOWN) === 1) {
        record.set(UNANSWERED, record.get(UNANSWERED) + 1);
        return false;
    }
    if (is_first && clock.now() - moment(link, LAST_LIVE_RESPONSE) > LIVE_SECONDS) failed(link, began);
    return true;
}

function show(registry: Registry, links: readonly Link[]): void {
    gauges.of(registry, "openclaw_edge_link_up", "1 while the link of a route is up, else 0.", ["route"], (sample) => {
        for (const link of links) sample(is_up(link) ? 1 : 0, link.name);
    });
}

/** Shows a link, unless one of its name is shown already. */
function publish(registry: Registry, link: Link): void {
    for (const other of links_by_registry.get(registry) ?? []) {
        if (other.name === link.name) return;
    }
    gauges.add(links_by_registry, registry, link, show);
}

/**
 * The link of that name; it is up when nginx starts. Raises when there is no shared memory left. Phases: init.
 * @param is_cut whether all health checks fail, if there are any; called often, so it must be fast
 */
function create(registry: Registry, name: string, settings: Settings, is_cut?: Check): Link {
    const [slot, err] = shared_memory.slot(registry.region, `link of ${name}`, SLOTS);
    if (slot === undefined) error(`edge: no shared memory for the link of ${name}: ${err}`, 0);
    const changes = metric_registry.counter(
        registry,
        "openclaw_edge_link_changes_total",
        "How often the link of a route went up or down.",
        ["route", "state"],
    );
    const link: Link = {
        fall: settings.fall,
        rise: settings.rise,
        probe_seconds: settings.probe_seconds,
        name,
        names: registry.region.names,
        record: pointer_add(registry.region.common, slot),
        trial_key: `edge:trial:${name}`,
        went_up: changes.labels(name, "up"),
        went_down: changes.labels(name, "down"),
        is_cut,
    };
    publish(registry, link);
    return link;
}
export { create as new };
