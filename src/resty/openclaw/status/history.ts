/**
 * Samples of the totals in shared memory. The difference between a sample and the totals now is what came since. Every worker
 * takes its own samples, every five seconds, in memory of its own; while there are no requests the last sample stands for the
 * next ones, too.
 */
import * as ffi from "ffi";
import type { Region } from "../core/memory/shared_memory";
import * as shared_memory from "../core/memory/shared_memory";
import type { Registry } from "../core/metrics/metric_registry";
import type { SeriesList } from "../core/metrics/metric_registry/series_list";
import * as series_list from "../core/metrics/metric_registry/series_list";
import type { Activity } from "./activity";
import * as activities from "./activity";
import type { Family, Index } from "./series";
import * as series_of from "./series";

/** How a series is kept. */
export interface Plan {
    readonly name: string;
    /** Keeps the count and the sum of a histogram instead of its buckets, for as long as the charts go back. */
    readonly is_charted?: true;
}

/** One series and its samples. */
export interface Track {
    /** Of its slot, which another series may get when this one is dropped. */
    readonly generation: number;
    /** How many numbers a sample has. */
    readonly width: number;
    /** How many samples are kept; older ones are written over. */
    readonly depth: number;
    /** 0 for those from before it existed. */
    readonly samples: Doubles;
    /** The last sample it was in. */
    last: number;
}

export interface Tracks {
    readonly plan: Plan;
    /** The kind and bounds that the samples were taken with; where these change, they start again. */
    meaning: string;
    by_slot: LuaMap<number, Track>;
}

export interface History {
    readonly registry: Registry;
    readonly index: Index;
    readonly tracks: LuaMap<string, Tracks>;
    /** When each step was: monotonic times. */
    readonly times: Doubles;
    /** The number of the sample that holds for each step. */
    readonly sample_at: Doubles;
    /** The number of the last step, which count from 1; 0 before there is one. */
    step: number;
    /** The number of the last whole sample, which count from 1; 0 before there is one. */
    newest: number;
    readonly activity: Activity;
    is_sampling: boolean;
}

/** Seconds from one sample to the next. */
export const STEP_SECONDS = 5;
/** Steps from the oldest sample of the window to the newest: a minute. */
export const WINDOW_STEPS = 12;
/** Points of a chart: five minutes. */
export const POINTS = 60;

/** One more than a page reads, so that it can go on with its oldest sample while the next one is taken. */
const WINDOW_DEPTH = WINDOW_STEPS + 2;
const CHART_DEPTH = POINTS + 2;

const PLANS: Plan[] = [
    { name: "openclaw_requests_total" },
    { name: "openclaw_request_duration_seconds" },
    { name: "openclaw_request_first_byte_seconds" },
    { name: "openclaw_cache_requests_total" },
    { name: "openclaw_inference_prompt_tokens_total" },
    { name: "openclaw_inference_completion_tokens_total" },
    { name: "openclaw_inference_first_token_seconds" },
    { name: "openclaw_inference_tokens_per_second" },
    { name: "openclaw_upstream_tries_total" },
    { name: "openclaw_upstream_answers_total" },
    { name: "openclaw_upstream_try_duration_seconds", is_charted: true },
    { name: "openclaw_queue_requests_total" },
    { name: "openclaw_queue_wait_seconds" },
    { name: "openclaw_image_jobs_total" },
];

/** How many numbers a sample of such a series has: the buckets, or what is made of them; else the one total. */
function width_of(plan: Plan, family: Family): number {
    if (family.kind !== "histogram") return 1;
    return plan.is_charted === true ? 2 : family.bounds.length + 1;
}

/** Reads what a series has counted so far: a sample of it. Phases: any. */
export function read_now(region: Region, plan: Plan, family: Family, slot: number, into: Doubles, at: number): void {
    if (family.kind !== "histogram") {
        into.set(at, shared_memory.total(region, slot));
        return;
    }
    const last = family.bounds.length;
    if (plan.is_charted !== true) {
        for (const bucket of $range(0, last)) into.set(at + bucket, shared_memory.total(region, slot + bucket));
        return;
    }
    let count = 0;
    for (const bucket of $range(0, last)) count += shared_memory.total(region, slot + bucket);
    into.set(at, count);
    into.set(at + 1, shared_memory.total(region, slot + last + 1));
}

function new_track(plan: Plan, family: Family, generation: number, number: number): Track {
    const width = width_of(plan, family);
    const depth = plan.is_charted === true ? CHART_DEPTH : WINDOW_DEPTH;
    const samples = ffi.new("double[?]", width * depth) as unknown as Doubles;
    return { generation, width, depth, samples, last: number };
}

/** The track of a series; nothing for one that is newer than the last sample. Phases: any. */
export function find(tracks: Tracks | undefined, list: SeriesList, place: number): Track | undefined {
    const track = tracks?.by_slot.get(series_list.slot(list, place));
    return track?.generation === series_list.generation(list, place) ? track : undefined;
}

/** Takes a sample of each series of a family, and forgets the series that are gone. */
function sample_family(
    region: Region,
    index: Index,
    tracks: Tracks,
    family: Family,
    number: number,
    yield_if_due: (this: void) => void,
): void {
    const plan = tracks.plan;
    const list = family.series;
    for (const place of $range(0, list.count - 1)) {
        if (!series_of.is_current(index, family, place)) continue;
        const slot = series_list.slot(list, place);
        let track = find(tracks, list, place);
        if (track === undefined) {
            track = new_track(plan, family, series_list.generation(list, place), number);
            tracks.by_slot.set(slot, track);
        }
        track.last = number;
        read_now(region, plan, family, slot, track.samples, (number % track.depth) * track.width);
        yield_if_due();
    }
    // Nobody else adds to the table meanwhile: of two samples one waits for the other.
    for (const [slot, track] of tracks.by_slot) {
        if (track.last !== number) tracks.by_slot.delete(slot);
        yield_if_due();
    }
}

/** Notes that the newest sample holds for one more step. */
function note_step(history: History, now: MonotonicTime): void {
    const step = history.step + 1;
    history.times.set(step % CHART_DEPTH, now);
    history.sample_at.set(step % CHART_DEPTH, history.newest);
    history.step = step;
}

/** When a step was. Phases: any. */
export function time_of(history: History, step: number): MonotonicTime {
    return history.times.get(step % CHART_DEPTH) as MonotonicTime;
}

/** The number of the sample that holds for a step. Phases: any. */
export function sample_at(history: History, step: number): number {
    return history.sample_at.get(step % CHART_DEPTH);
}

/**
 * Takes a sample of everything. Calls `yield_if_due` after each series: see `time_slice.paced`. Phases: any in which that may be
 * called; not while another sample is being taken.
 */
export function sample(history: History, now: MonotonicTime, yield_if_due: (this: void) => void): void {
    const number = history.newest + 1;
    series_of.refresh(history.index, yield_if_due);
    for (const [name, tracks] of history.tracks) {
        const family = series_of.family(history.index, name);
        const meaning = family === undefined ? "" : `${family.kind} ${family.bounds_text}`;
        if (meaning !== tracks.meaning) {
            tracks.meaning = meaning;
            tracks.by_slot = new LuaMap<number, Track>();
        }
        if (family !== undefined) {
            sample_family(history.registry.region, history.index, tracks, family, number, yield_if_due);
            yield_if_due();
        }
    }
    history.newest = number;
    note_step(history, now);
}

function sample_or_not(this: void, history: History, now: MonotonicTime, yield_if_due: (this: void) => void): void {
    if (activities.look(history.activity) || history.newest === 0) sample(history, now, yield_if_due);
    else note_step(history, now);
}

/**
 * Takes a sample where there have been requests, unless the one before is still being taken. Phases: timers.
 */
export function tick(history: History, now: MonotonicTime, yield_if_due: (this: void) => void): void {
    if (history.is_sampling) return;
    history.is_sampling = true;
    const [ok, err] = pcall(sample_or_not, history, now, yield_if_due);
    history.is_sampling = false;
    if (!ok) error(err, 0);
}

/** What a number of a series was in a sample; 0 before it existed. Phases: any. */
export function before(track: Track | undefined, number: number, place: number): number {
    if (track === undefined) return 0;
    return track.samples.get((number % track.depth) * track.width + place);
}

/** The history of a registry, without any sample. Phases: any. */
function create(registry: Registry): History {
    const tracks = new LuaMap<string, Tracks>();
    for (const plan of PLANS) tracks.set(plan.name, { plan, meaning: "", by_slot: new LuaMap<number, Track>() });
    return {
        registry,
        index: series_of.of(registry),
        tracks,
        times: ffi.new("double[?]", CHART_DEPTH) as unknown as Doubles,
        sample_at: ffi.new("double[?]", CHART_DEPTH) as unknown as Doubles,
        step: 0,
        newest: 0,
        activity: activities.none(),
        is_sampling: false,
    };
}
export { create as new };
