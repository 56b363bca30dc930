/**
 * The keys of a JWKS at a URL in this worker: fetched by one worker, and taken over from shared memory by all others, each parsing them
 * once, in a timer. Fetches that fail change nothing until the keys are too old.
 */
import type { Leader } from "../../../core/memory/leader";
import * as leaders from "../../../core/memory/leader";
import type { Faults } from "../../../core/metrics/fault";
import * as faults from "../../../core/metrics/fault";
import * as guard from "../../../core/metrics/guard";
import type { Counter } from "../../../core/metrics/metric_handles";
import type { Registry } from "../../../core/metrics/metric_registry";
import * as clock from "../../../core/time/clock";
import * as time_slice from "../../../core/time/time_slice";
import type { Algorithm } from "../algorithms";
import * as key_set from "../key_set";
import type { KeySet } from "../model";
import type { Place } from "./fetch";
import type { Shared } from "./shared";
import * as shared_keys from "./shared";

/** In seconds. */
export interface Times {
    /** From one fetch to the next, where the answer does not say. */
    readonly usual: number;
    /** The least and the most that an answer can make of it. */
    readonly least: number;
    readonly most: number;
    /** The longest wait after failures. */
    readonly retry: number;
    /** How long keys are used after they were last fetched. */
    readonly stale: number;
    /** Between two fetches because of unknown keys. */
    readonly ask: number;
    /** How long a request waits for one. */
    readonly wait: number;
}

export const TIMES: Times = { usual: 300, least: 60, most: 3600, retry: 60, stale: 86400, ask: 30, wait: 1 };

/** A fetch of this worker. */
export interface Fetch {
    readonly started_at: MonotonicTime;
    /** Whether it is because the time has come; otherwise because of an unknown key. */
    readonly is_due: boolean;
    is_over: boolean;
}

export interface Feed {
    /** The path of the option, with which messages begin. */
    readonly option: string;
    readonly place: Place;
    readonly times: Times;
    readonly shared: Shared;
    readonly leader: Leader;
    readonly faults: Faults;
    /** By the routes that use it. */
    readonly failures: LuaMap<string, Counter>;
    readonly needs: (readonly Algorithm[])[];
    keys: KeySet | undefined;
    generation: number;
    /** The number of the text that `keys` are from, or that was found to be wrong. */
    held: number;
    /** When this worker fetched keys for which there was no room in shared memory; 0 if never. */
    alone_at: MonotonicTime;
    is_parsing: boolean;
    fetch: Fetch | undefined;
}

/** Reports a fault, and what it means for the keys in use. */
export function report(feed: Feed, why: unknown): void {
    const effect = feed.keys === undefined ? "no keys are loaded" : "the keys loaded before stay in use";
    feed.faults.report("jwks", feed.option, ": ", feed.place.name, ": ", why, "; ", effect);
}

/** When the keys in use were last fetched; 0 if never. Phases: any. */
export function loaded_at(feed: Feed): MonotonicTime {
    return math.max(shared_keys.fetched_at(feed.shared), feed.alone_at) as MonotonicTime;
}

function is_fresh(feed: Feed, now: MonotonicTime): boolean {
    const moment = loaded_at(feed);
    return moment !== 0 && now < later(moment, feed.times.stale);
}

/** Whether there are newer keys than this worker's. Phases: any. */
export function is_behind(feed: Feed, now: MonotonicTime): boolean {
    return shared_keys.version(feed.shared) !== feed.held && is_fresh(feed, now);
}

/** Uses these keys from now on, which are from the text of that number. */
export function use(feed: Feed, keys: KeySet | undefined, held: number): void {
    feed.keys = keys;
    feed.held = held;
    feed.generation += 1;
}

/** The keys of a text, if any fit the routes of the feed. Phases: any; may yield in timers. On failure nil and why, without anything of the text. */
export function parse(feed: Feed, text: string): Result<KeySet> {
    const pause = ngx.get_phase() === "timer" ? time_slice.paced(time_slice.yield_now) : undefined;
    // What it raises may show what stands there.
    const [ok, keys, err] = guard.protected_call(key_set.parse, text, feed.needs, pause);
    if (!ok) return $multi(undefined, "the JWKS cannot be read: an error inside the gateway");
    if (keys === undefined) return $multi(undefined, err as string);
    return $multi(keys as KeySet);
}

/** Parses the text of that number. */
function take(feed: Feed, version: number): void {
    const text = shared_keys.text(feed.shared, version);
    if (text === undefined) {
        // Either there is a newer one by now, or it is lost.
        if (shared_keys.version(feed.shared) !== version) return;
        feed.held = version;
        shared_keys.set_due(feed.shared, 0 as MonotonicTime);
        return;
    }
    const [keys, err] = parse(feed, text);
    // Parsing pauses: this worker may have fetched newer ones meanwhile.
    if (shared_keys.version(feed.shared) !== version) return;
    if (keys !== undefined) return use(feed, keys, version);
    // Another version of this software may have stored it.
    feed.held = version;
    report(feed, err);
}

/** Takes over newer keys, and gives up those that are too old. Phases: init, timers; may yield in timers. */
export function update(feed: Feed): void {
    const now = clock.now();
    if (feed.alone_at !== 0 && shared_keys.fetched_at(feed.shared) >= feed.alone_at) {
        // There is room again, and the text there may be the one of before.
        feed.alone_at = 0 as MonotonicTime;
        feed.held = 0;
    }
    if (!is_fresh(feed, now)) {
        if (feed.keys === undefined) return;
        use(feed, undefined, 0);
        report(feed, `not fetched for ${feed.times.stale} seconds`);
    } else if (is_behind(feed, now) && !feed.is_parsing) {
        feed.is_parsing = true;
        const [ok, err] = pcall(take, feed, shared_keys.version(feed.shared));
        feed.is_parsing = false;
        if (!ok) report(feed, err);
    }
}

/** The feed of a URL, with the keys that workers before a reload have fetched. Raises when there is no memory. Phases: init. */
function create(registry: Registry, option: string, place: Place, url: string, times: Times): Feed {
    const shared = shared_keys.new(registry.region, url);
    const feed: Feed = {
        option,
        place,
        times,
        shared,
        leader: leaders.new(registry.region.names, `jwks ${shared.id}`),
        faults: faults.new("auth", registry),
        failures: new LuaMap(),
        needs: [],
        keys: undefined,
        generation: 0,
        held: 0,
        alone_at: 0 as MonotonicTime,
        is_parsing: false,
        fetch: undefined,
    };
    update(feed);
    return feed;
}
export { create as new };
