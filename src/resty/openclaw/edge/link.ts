/**
 * Whether somebody answers at the other end of a link that comes and goes: one record for all workers, in the common
 * block, so it outlives reloads.
 *
 * The link goes down after `fall` attempts that got no answer, all begun after the last answer came. While it is down, one
 * attempt is let through now and then, and it is up again after `rise` answers in a row. So one bad moment changes nothing,
 * and a link that comes and goes is not believed at once. Health checks, where there are any, are believed at once.
 *
 * A job that reached the other end and got no answer is no such attempt: it may be the job that nobody can answer. Only
 * the first time that happens to a job, and only where no client was answered lately, it counts like one.
 *
 * Times are those of `clock`. Two workers that write at one moment may lose a count, which costs one attempt more.
 */
import * as clock from "../core/time/clock";
import type { Counter } from "../core/metrics/metric_handles";
import * as metric_registry from "../core/metrics/metric_registry";
import type { Registry } from "../core/metrics/metric_registry";
import * as shared_memory from "../core/memory/shared_memory";
import type { Names } from "../core/memory/shared_memory/names";

export interface Settings {
    /** Attempts without an answer after which the link is down. */
    readonly fall: number;
    /** Answers in a row after which it is up again. */
    readonly rise: number;
    /** How often an attempt is let through while it is down. */
    readonly probe_seconds: number;
}

/** Whether health checks find nobody at the other end. */
export type Check = (this: void) => boolean;

export interface Link extends Settings {
    readonly name: string;
    readonly names: Names;
    readonly record: Doubles;
    readonly trial: string;
    readonly went_up: Counter;
    readonly went_down: Counter;
    readonly is_cut: Check | undefined;
}

const DOWN = 0;
/** Attempts in a row that got no answer, while the link is up. */
const FAILED = 1;
/** Answers in a row, while it is down. */
const ANSWERED = 2;
/** When it last went up or down. */
const CHANGED = 3;
const LAST_FAILURE = 4;
/** At most a second old while all is well. */
const LAST_ANSWER = 5;
const NEXT_TRIAL = 6;
const NEXT_BACKGROUND_TRIAL = 7;
/** What health checks said last. */
const CUT = 8;
/** When a client's request was last answered; at most a second old while all is well. */
const LAST_LIVE = 9;
/** Jobs that got no answer while the link is down, since a client's request was tried in vain. */
const SILENT = 10;
const NEXT_LIVE_TRIAL = 11;
const SLOTS = 12;

/** While clients have been answered within so many seconds, jobs that get no answer say nothing of the link. */
const LIVE_SECONDS = 60;
/** After so many jobs without an answer, the next trial is a client's. */
const SILENT_TRIALS = 3;
/** Answers of a link that is up are noted so often, so that most of them write nothing. */
const SECONDS_BETWEEN_NOTES = 1;
/** How long a worker that dies in the middle of a choice keeps the others from it. */
const CHOICE_SECONDS = 1;

const links_by_registry = new LuaTable<Registry, Link[]>();

function begin_anew(link: Link, is_down: boolean): void {
    const record = link.record;
    const now = clock.now();
    record.set(DOWN, is_down ? 1 : 0);
    record.set(FAILED, 0);
    record.set(ANSWERED, 0);
    record.set(SILENT, 0);
    record.set(NEXT_LIVE_TRIAL, now);
    record.set(CHANGED, now);
    record.set(NEXT_TRIAL, now + link.probe_seconds);
    record.set(NEXT_BACKGROUND_TRIAL, now + link.probe_seconds);
}

function go_down(link: Link, why: string): void {
    begin_anew(link, true);
    link.went_down.inc();
    ngx.log(ngx.WARN, "edge: the link of ", link.name, " is down: ", why);
}

function go_up(link: Link, why: string): void {
    begin_anew(link, false);
    link.went_up.inc();
    ngx.log(ngx.WARN, "edge: the link of ", link.name, " is up again: ", why);
}

/** What checks say is news only once: after that it is attempts that count, lest wrong checks keep a good link down. */
function follow_checks(link: Link, check: Check): void {
    const record = link.record;
    const is_cut = check();
    if (is_cut === (record.get(CUT) === 1)) return;
    // A reload may have changed what is checked.
    if (ngx.worker.exiting()) return;
    record.set(CUT, is_cut ? 1 : 0);
    const is_down = record.get(DOWN) === 1;
    if (is_cut && !is_down) go_down(link, "health checks find nobody there");
    else if (!is_cut && is_down) go_up(link, "health checks pass");
}

/** Whether the link is up. Phases: any but init. */
export function is_up(link: Link): boolean {
    if (link.is_cut !== undefined) follow_checks(link, link.is_cut);
    return link.record.get(DOWN) === 0;
}

/** Whether the next trial of that kind has been due for so many seconds; true for one caller of all workers. */
function take_turn(link: Link, next_trial: number, patience: number): boolean {
    const record = link.record;
    const now = clock.now();
    if (now < record.get(next_trial) + patience) return false;
    // Others may have seen the same. Without room in the dict nobody can be kept out.
    const [won, err] = link.names.safe_add(link.trial, 1, CHOICE_SECONDS);
    if (won !== true && err === "exists") return false;
    const is_due = now >= record.get(next_trial) + patience;
    if (is_due) record.set(next_trial, now + link.probe_seconds);
    link.names.delete(link.trial);
    return is_due;
}

/**
 * Whether an attempt makes sense: always while the link is up; while it is down for one caller each `probe_seconds`, of
 * those in all workers, which counts as the attempt. Phases: any but init.
 */
export function may_try(link: Link): boolean {
    return is_up(link) || take_turn(link, NEXT_TRIAL, 0);
}

/**
 * The same for a client's request. Trials are left to jobs, whose clients wait for nothing, for so many seconds of
 * `patience`; but after some jobs that got no answer it is a request's turn at once, as these jobs may be to blame.
 * Phases: any but init.
 */
export function may_try_live(link: Link, patience: number): boolean {
    if (is_up(link)) return true;
    if (link.record.get(SILENT) < SILENT_TRIALS) return take_turn(link, NEXT_TRIAL, patience);
    const is_chosen = take_turn(link, NEXT_LIVE_TRIAL, 0);
    // Only its answer lets another one follow: where nobody answers these wait longer than jobs may.
    if (is_chosen) link.record.set(SILENT, 0);
    return is_chosen;
}

/**
 * The same for what nginx does in the background of another attempt. It has turns of its own: the other one, which may end
 * without a try of the link, would else always come first. Phases: any but init.
 */
export function may_try_in_background(link: Link): boolean {
    return is_up(link) || take_turn(link, NEXT_BACKGROUND_TRIAL, 0);
}

/**
 * Notes an answer, of whatever status. `at`: when it began, on the scale of `clock`; `is_live`: whether a client waits for
 * it. Phases: any but init.
 */
export function answered(link: Link, at = clock.now(), is_live = true): void {
    const record = link.record;
    const is_down = record.get(DOWN) === 1;
    if (is_live && at - record.get(LAST_LIVE) >= SECONDS_BETWEEN_NOTES) record.set(LAST_LIVE, at);
    const is_noted = at - record.get(LAST_ANSWER) < SECONDS_BETWEEN_NOTES;
    if (!is_down && is_noted && record.get(FAILED) === 0) return;
    // What came before the last failure tells nothing new, though it may end now.
    if (at < record.get(LAST_FAILURE) || at < record.get(CHANGED)) return;
    record.set(LAST_ANSWER, math.max(at, record.get(LAST_ANSWER)));
    record.set(FAILED, 0);
    if (!is_down) return;
    if (is_live) record.set(SILENT, SILENT_TRIALS);
    record.set(ANSWERED, record.get(ANSWERED) + 1);
    if (record.get(ANSWERED) >= link.rise) go_up(link, "it answers");
}

/** Notes an attempt that got no answer. `began`: when it began, on the scale of `clock`. Phases: any but init. */
export function failed(link: Link, began = clock.now()): void {
    const record = link.record;
    // Where others were answered meanwhile it is not the link that failed.
    if (began < record.get(LAST_ANSWER) || began < record.get(CHANGED)) return;
    record.set(LAST_FAILURE, clock.now());
    record.set(ANSWERED, 0);
    record.set(SILENT, 0);
    if (record.get(DOWN) === 1) return;
    record.set(FAILED, record.get(FAILED) + 1);
    if (record.get(FAILED) >= link.fall) go_down(link, `${link.fall} attempts got no answer`);
}

/**
 * Notes a job that reached the other end and got no answer. `began`: as of `failed`; `is_first`: whether that is new of this
 * job. True where the job is to blame rather than the link: then it counts as one of the job's tries. Phases: any but init.
 */
export function silent(link: Link, began: MonotonicTime, is_first: boolean): boolean {
    const record = link.record;
    if (record.get(DOWN) === 1) {
        record.set(SILENT, record.get(SILENT) + 1);
        return false;
    }
    if (is_first && clock.now() - record.get(LAST_LIVE) > LIVE_SECONDS) failed(link, began);
    return true;
}

function show(registry: Registry, link: Link): void {
    const known = links_by_registry.get(registry) as Link[] | undefined;
    if (known !== undefined) {
        for (const other of known) {
            if (other.name === link.name) return;
        }
        known.push(link);
        return;
    }
    const links: Link[] = [link];
    links_by_registry.set(registry, links);
    metric_registry.collect(registry, {
        name: "openclaw_edge_link_up",
        kind: "gauge",
        help: "1 while somebody answers at the other end of a route's link, else 0.",
        collect: (emit) => {
            for (const one of links) emit(metric_registry.label_text(["route"], [one.name]), is_up(one) ? 1 : 0);
        },
    });
}

/**
 * The link of that name; up when nginx starts. Raises when there is no shared memory left. Phases: init.
 * @param is_cut what health checks say, where there are any: asked often, so it must cost next to nothing
 */
function create(registry: Registry, name: string, settings: Settings, is_cut?: Check): Link {
    const [slot, err] = shared_memory.slot(registry.region, `link of ${name}`, SLOTS);
    if (slot === undefined) error(`edge: no shared memory for the link of ${name}: ${err}`, 0);
    const changes = metric_registry.counter(
        registry,
        "openclaw_edge_link_changes_total",
        "How often a route's link went up or down.",
        ["route", "state"],
    );
    const link: Link = {
        fall: settings.fall,
        rise: settings.rise,
        probe_seconds: settings.probe_seconds,
        name,
        names: registry.region.names,
        record: pointer_add(registry.region.common, slot),
        trial: `edge:trial:${name}`,
        went_up: changes.labels(name, "up"),
        went_down: changes.labels(name, "down"),
        is_cut,
    };
    show(registry, link);
    return link;
}
export { create as new };
