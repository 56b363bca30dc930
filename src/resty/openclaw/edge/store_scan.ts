/**
 * Looks what is in the store: all of it when a worker begins to deliver, later for jobs that are new. By what it finds it corrects
 * the counts in the shared dict. Phases: timers; yields.
 */
import * as clock from "../core/time/clock";
import * as backlogs from "./backlog";
import * as callbacks from "./callbacks";
import type { Delivery } from "./delivery";
import * as responses from "./responses";
import * as stores from "./store";
import * as usages from "./store/usage";

export interface StoreScan {
    readonly delivery: Delivery;
    /** Whether all of the store was looked at. */
    is_complete: boolean;
    /** How many jobs had been announced when they were last looked for. */
    announced: number;
    /** When jobs are counted next; nothing: now. */
    count_at: MonotonicTime | undefined;
    /** When abandoned files are removed next; nothing: now. */
    sweep_at: MonotonicTime | undefined;
    /** How many jobs had ever been begun, and since when that is so. */
    begun: number;
    begun_at: MonotonicTime | undefined;
}

/** Jobs that a scan has found. */
interface Found {
    readonly delivery: Delivery;
    readonly shares: usages.Shares;
    jobs: number;
    bytes: number;
}

/** What workers have counted of jobs, at one moment. */
interface Counted {
    readonly jobs: number;
    readonly bytes: number;
    readonly begun: number;
    /** Jobs that are being written. */
    readonly under_way: number;
}

/** No job takes so many seconds to be written. */
const WRITING_SECONDS = 10;
/** How often jobs are counted; sooner when a count is not reliable. */
const COUNT_SECONDS = 60;
const RECOUNT_SECONDS = 5;
/** How often abandoned files are looked for. */
const SWEEP_SECONDS = 120;

/** A scan of the store from which is delivered. Phases: any. */
function create(delivery: Delivery): StoreScan {
    return {
        delivery,
        is_complete: false,
        announced: 0,
        count_at: undefined,
        sweep_at: undefined,
        begun: 0,
        begun_at: undefined,
    };
}
export { create as new };

function visit_job(this: void, found: Found, id: string): void {
    const { backlog, jobs } = found.delivery;
    const bytes = backlogs.bytes_of(backlog, id) ?? stores.size(jobs.store, "pending", id);
    // It was removed meanwhile.
    if (bytes === undefined) return;
    backlogs.add(backlog, id, bytes);
    found.jobs += 1;
    found.bytes += bytes;
    usages.tally(found.shares, id, bytes);
}

function visit_response(this: void, delivery: Delivery, id: string): void {
    responses.find(delivery.responses, id);
}

function visit_callback(this: void, delivery: Delivery, id: string): void {
    callbacks.add(delivery.callbacks, id);
}

function read_counted(scan: StoreScan): Counted {
    const { usage } = scan.delivery.jobs;
    const now = clock.now();
    const begun = usages.begun(usage);
    if (begun !== scan.begun) {
        scan.begun = begun;
        scan.begun_at = now;
    }
    // What was begun longer ago will not be finished: its worker has ended.
    const may_be_written = scan.begun_at !== undefined && now - scan.begun_at < WRITING_SECONDS;
    const under_way = may_be_written ? usages.under_way(usage) : 0;
    return { jobs: usages.jobs(usage), bytes: usages.bytes(usage), begun, under_way };
}

/** How many jobs may have been found or missed, as they came or went during the scan. */
function doubtful_jobs(before: Counted, after: Counted): number {
    return math.abs(after.jobs - before.jobs) + after.begun - before.begun + before.under_way;
}

/** Corrects the counts, as far as what was found is reliable. */
function correct(scan: StoreScan, found: Found, before: Counted, after: Counted): void {
    const { usage } = scan.delivery.jobs;
    const jobs_off = found.jobs - before.jobs;
    const doubtful = doubtful_jobs(before, after);
    const is_sure = doubtful === 0 && after.bytes === before.bytes;
    if (is_sure || math.abs(jobs_off) > doubtful) {
        usages.correct(usage, jobs_off, found.bytes - before.bytes);
    }
    if (is_sure) usages.correct_shares(usage, found.shares);
    scan.count_at = later(clock.now(), is_sure ? COUNT_SECONDS : RECOUNT_SECONDS);
}

/** Finds jobs that are new. On failure nil and why. */
function scan_jobs(scan: StoreScan): Result<true> {
    const { delivery } = scan;
    const { store, usage } = delivery.jobs;
    const announced = usages.announced(usage);
    const before = read_counted(scan);
    const found: Found = { delivery, shares: new LuaMap(), jobs: 0, bytes: 0 };
    const [ok, err] = stores.each(store, "pending", visit_job, found);
    if (ok === undefined) return $multi(undefined, err);
    scan.announced = announced;
    correct(scan, found, before, read_counted(scan));
    return $multi(true);
}

/** Finds everything. On failure nil and why. */
function scan_all(scan: StoreScan): Result<true> {
    const { delivery } = scan;
    const { store } = delivery.jobs;
    // In this order: a job that another worker ends meanwhile is found as a job or as a response.
    const [jobs_found, jobs_err] = scan_jobs(scan);
    if (jobs_found === undefined) return $multi(undefined, jobs_err);
    const [responses_found, responses_err] = stores.each(store, "done", visit_response, delivery);
    if (responses_found === undefined) return $multi(undefined, responses_err);
    const [callbacks_found, callbacks_err] = stores.each(store, "callbacks", visit_callback, delivery);
    if (callbacks_found === undefined) return $multi(undefined, callbacks_err);
    scan.is_complete = true;
    return $multi(true);
}

/** Whether to look for jobs: it is time to count them, or there are new ones and no known one is ready. */
function must_look_for_jobs(scan: StoreScan): boolean {
    const { backlog, jobs } = scan.delivery;
    if (scan.count_at === undefined || clock.now() >= scan.count_at) return true;
    if (usages.announced(jobs.usage) === scan.announced) return false;
    return !backlogs.has_ready(backlog);
}

/** Looks at the store, if there may be something new. False when nothing is known, as the store cannot be read. */
export function run(scan: StoreScan): boolean {
    if (scan.is_complete && !must_look_for_jobs(scan)) return true;
    const [ok, err] = scan.is_complete ? scan_jobs(scan) : scan_all(scan);
    if (ok === undefined) scan.delivery.jobs.faults.report("store", "cannot look for jobs: ", err);
    return scan.is_complete;
}

/** Removes files that workers began to write and never finished, every two minutes. */
export function sweep(scan: StoreScan): void {
    const now = clock.now();
    if (scan.sweep_at !== undefined && now < scan.sweep_at) return;
    scan.sweep_at = later(now, SWEEP_SECONDS);
    const [ok, err] = stores.sweep_incoming(scan.delivery.jobs.store);
    if (ok === undefined) scan.delivery.jobs.faults.report("store", "cannot remove abandoned files: ", err);
}
