/** A name and its look-ups in this worker: never two at a time, each in its own timer. */
import * as random from "../../core/bytes/random";
import type { Names } from "../../core/memory/shared_memory/names";
import type { Faults } from "../../core/metrics/fault";
import type { Counter } from "../../core/metrics/metric_handles";
import type { Registry } from "../../core/metrics/metric_registry";
import * as metric_registry from "../../core/metrics/metric_registry";
import * as places from "../places";
import type { Entry } from "./entries";
import { from_text, to_text } from "./entries";
import type { Answer } from "./look_up";
import { look_up } from "./look_up";
import type { Name } from "./name";
import type { Settings } from "./settings";

/** What the names of one upstream share. */
export interface Common {
    readonly owner: string;
    readonly settings: Settings;
    readonly dict: Names;
    readonly faults: Faults;
}

export interface Watched {
    readonly common: Common;
    /** As the user wrote it. */
    readonly text: string;
    readonly name: Name;
    /** The key of its answer in the dict. */
    readonly key: string;
    readonly lookups: Record<"ok" | "failed", Counter>;
    state: "idle" | "starting" | "running";
    /** When the last look-up was started, or when its end was noticed; nothing until then. */
    since: MonotonicTime | undefined;
    /** Seconds from one look-up to the next. */
    wait: number;
    /** Look-ups in a row without a complete answer. */
    failures: number;
    /** The last answer, as in the dict and as a list. */
    answer: string | undefined;
    entries: readonly Entry[];
}

/** Concurrent look-ups of all names in this worker. */
const PLACES = places.new(50);
/** nginx silently drops timers above its limit; a look-up that has not started after so many seconds is lost. */
const START_SECONDS = 5;
const MOST_RETRY_SECONDS = 30;
/** Only later, not earlier: a caching server would answer with the rest of the present TTL. */
const JITTER = 0.05;

/** Watches a name, which is due at once. Phases: init. */
export function watch(common: Common, registry: Registry, text: string, name: Name): Watched {
    const lookups = metric_registry.counter(
        registry,
        "openclaw_dns_lookups_total",
        "Look-ups of a name of nodes by how they ended: ok, or failed, where the answer before stays.",
        ["name", "result"],
    );
    return {
        common,
        text,
        name,
        key: `dns:${text}`,
        lookups: { ok: lookups.labels(text, "ok"), failed: lookups.labels(text, "failed") },
        state: "idle",
        since: undefined,
        wait: 0,
        failures: 0,
        answer: undefined,
        entries: [],
    };
}

/** The answer in the dict; nothing before the first one. Phases: any. */
export function answer_of(watched: Watched): string | undefined {
    return watched.common.dict.get<string>(watched.key)[0];
}

/** The answer as a list; nothing before the first one. Phases: any. */
export function entries_of(watched: Watched): readonly Entry[] | undefined {
    const answer = answer_of(watched);
    if (answer === undefined) return undefined;
    if (answer !== watched.answer) {
        watched.entries = from_text(answer);
        watched.answer = answer;
    }
    return watched.entries;
}

/** 1 s, 2 s, 4 s and so on, at most 30 s. */
function retry_seconds(failures: number): number {
    return math.min(2 ** math.min(failures - 1, 10), MOST_RETRY_SECONDS);
}

function pause(watched: Watched, seconds: number): void {
    watched.wait = seconds * (1 + JITTER * random.share());
}

function warn(watched: Watched, err: unknown): void {
    const { faults, owner } = watched.common;
    faults.report("dns", owner, ": ", watched.text, ": ", err);
}

function fail(watched: Watched, err: unknown): void {
    warn(watched, err);
    watched.lookups.failed.inc();
    watched.failures += 1;
    pause(watched, retry_seconds(watched.failures));
}

function keep(watched: Watched, answer: Answer): void {
    const { dict, settings } = watched.common;
    const [stored, err] = dict.safe_set(watched.key, to_text(answer.entries));
    if (stored !== true) return fail(watched, err);
    watched.lookups.ok.inc();
    if (answer.warning !== undefined) warn(watched, answer.warning);
    watched.failures = answer.is_complete ? 0 : watched.failures + 1;
    const seconds = math.min(math.max(answer.seconds, settings.least_seconds), settings.most_seconds);
    pause(watched, answer.is_complete ? seconds : math.min(seconds, retry_seconds(watched.failures)));
}

function refresh(watched: Watched): void {
    const [answer, err] = look_up(watched.common.settings, watched.name, entries_of(watched) ?? []);
    if (answer === undefined) fail(watched, err);
    else keep(watched, answer);
}

/** Ends a look-up. */
function end(watched: Watched): void {
    watched.state = "idle";
    places.give_back(PLACES);
}

function run(premature: boolean, watched: Watched): void {
    // The timer of a look-up that was given up as lost may run after all.
    if (watched.state !== "starting") return;
    watched.state = "running";
    if (!premature && !ngx.worker.exiting()) {
        const [ok, err] = pcall(refresh, watched);
        if (!ok) fail(watched, err);
    }
    end(watched);
    watched.since = undefined;
}

/** Whether a look-up is running, or is about to start. */
export function is_busy(watched: Watched, now: MonotonicTime): boolean {
    if (watched.state !== "starting") return watched.state === "running";
    return now < later(watched.since!, START_SECONDS);
}

/** Gives up a look-up that has not started in time. Phases: any. */
export function forget_lost(watched: Watched, now: MonotonicTime): void {
    if (watched.state === "starting" && !is_busy(watched, now)) end(watched);
}

/** Whether it is time for the next look-up. */
export function is_due(watched: Watched, now: MonotonicTime): boolean {
    if (watched.since === undefined) watched.since = now;
    return now >= later(watched.since, watched.wait);
}

/**
 * Starts a look-up for an upstream in the background. False if too many are running in this worker: then ask again within a
 * second, or `give_up`. Phases: those that have timers.
 */
export function start(watched: Watched, upstream: object, now: MonotonicTime): boolean {
    if (!places.take(PLACES, upstream, now)) return false;
    watched.state = "starting";
    watched.since = now;
    // The library never closes its sockets; they are closed when the timer ends.
    const [ok, err] = ngx.timer.at(0, run, watched);
    if (ok) return true;
    end(watched);
    fail(watched, err);
    return true;
}

/** Stops waiting for a place, as the upstream has no look-up to start. Costs nothing if nobody waits. Phases: any. */
export function give_up(upstream: object): void {
    places.leave(PLACES, upstream);
}
