/** Looks at what is on the disk: all of it when a worker begins to deliver, later what came since. Phases: timers; yields. */
import * as answers from "./answers";
import * as backlogs from "./backlog";
import * as clock from "../../core/time/clock";
import * as callback_delivery from "../callback_delivery";
import type { Delivery } from "../model";
import * as stores from "../store";
import * as scan from "../store/scan";
import * as usages from "../store/usage";

/** What a look at the jobs has found. */
interface Count {
    readonly delivery: Delivery;
    readonly shares: usages.Shares;
    jobs: number;
    bytes: number;
}

/** What workers have counted of jobs, at one moment. */
interface Tally {
    readonly jobs: number;
    readonly bytes: number;
    readonly begun: number;
    /** Being written. */
    readonly under_way: number;
}

/** Nobody writes a job for so long, in seconds. */
const WRITING_SECONDS = 10;
/** How often jobs are counted; sooner when it was not sure what had been found. */
const COUNT_SECONDS = 60;
const UNSURE_SECONDS = 5;
/** How often what nobody finished is looked for. */
const SWEEP_SECONDS = 120;

function visit_job(this: void, count: Count, id: string): void {
    const { backlog, jobs } = count.delivery;
    const known = backlog.bytes.get(id) as number | undefined;
    const bytes = known ?? stores.size(jobs.store, "pending", id);
    // It has gone meanwhile.
    if (bytes === undefined) return;
    backlogs.add(backlog, id, bytes);
    count.jobs += 1;
    count.bytes += bytes;
    usages.tally(count.shares, id, bytes);
}

function visit_answer(this: void, delivery: Delivery, id: string): void {
    answers.find(delivery.answers, delivery.jobs.store, id);
}

function visit_callback(this: void, delivery: Delivery, id: string): void {
    callback_delivery.add(delivery.callbacks, id);
}

function read_tally(delivery: Delivery): Tally {
    const { usage } = delivery.jobs;
    const now = clock.now();
    const begun = usages.begun(usage);
    if (begun !== delivery.begun) {
        delivery.begun = begun;
        delivery.begun_at = now;
    }
    // Workers that are gone never end what they have begun.
    const under_way = now - delivery.begun_at < WRITING_SECONDS ? usages.under_way(usage) : 0;
    return { jobs: usages.jobs(usage), bytes: usages.bytes(usage), begun, under_way };
}

/** Jobs that may have been found or not, as they came or went meanwhile. */
function doubtful_jobs(before: Tally, after: Tally): number {
    return math.abs(after.jobs - before.jobs) + after.begun - before.begun + before.under_way;
}

/** Puts right what is counted, as far as what was found tells. */
function correct(delivery: Delivery, count: Count, before: Tally, after: Tally): void {
    const jobs_off = count.jobs - before.jobs;
    const doubtful = doubtful_jobs(before, after);
    const is_sure = doubtful === 0 && after.bytes === before.bytes;
    if (is_sure || math.abs(jobs_off) > doubtful) {
        usages.correct(delivery.jobs.usage, jobs_off, count.bytes - before.bytes);
    }
    if (is_sure) usages.correct_shares(delivery.jobs.usage, count.shares);
    delivery.count_at = clock.now() + (is_sure ? COUNT_SECONDS : UNSURE_SECONDS);
}

/** Finds the jobs that are new. On failure nil and why. */
export function look_for_jobs(delivery: Delivery): Result<true> {
    const announced = usages.announced(delivery.jobs.usage);
    const before = read_tally(delivery);
    const count: Count = { delivery, shares: new LuaTable(), jobs: 0, bytes: 0 };
    const [ok, err] = scan.each(delivery.jobs.store, "pending", visit_job, count);
    if (ok === undefined) return $multi(undefined, err);
    delivery.announced = announced;
    correct(delivery, count, before, read_tally(delivery));
    return $multi(true);
}

/** Removes what was begun and never finished, by workers that were killed, where that was not done lately. */
export function sweep(delivery: Delivery): void {
    const now = clock.now();
    if (now < delivery.sweep_at) return;
    delivery.sweep_at = now + SWEEP_SECONDS;
    const [ok, err] = scan.sweep_incoming(delivery.jobs.store);
    if (ok === undefined) delivery.jobs.faults.report("store", "cannot sweep: ", err);
}

/** Finds everything. On failure nil and why. */
export function first(delivery: Delivery): Result<true> {
    const { store } = delivery.jobs;
    // In this order: what another worker ends meanwhile is found in one place or the other.
    const [jobs_seen, jobs_err] = look_for_jobs(delivery);
    if (jobs_seen === undefined) return $multi(undefined, jobs_err);
    const [answers_seen, answers_err] = scan.each(store, "done", visit_answer, delivery);
    if (answers_seen === undefined) return $multi(undefined, answers_err);
    const [callbacks_seen, callbacks_err] = scan.each(store, "callbacks", visit_callback, delivery);
    if (callbacks_seen === undefined) return $multi(undefined, callbacks_err);
    return $multi(true);
}
