/** Looks at what is on the disk: all of it when a worker begins to deliver, later what came since. Phases: timers; yields. */
import * as answers from "./answers";
import * as backlogs from "./backlog";
import * as callback_delivery from "../callback_delivery";
import type { Delivery } from "../delivery";
import * as stores from "../store";
import * as scan from "../store/scan";
import * as usages from "../store/usage";

/** What a look at the jobs has found. */
interface Count {
    readonly delivery: Delivery;
    jobs: number;
    bytes: number;
}

/** What is counted of jobs is only put right when none came for so long, in seconds: then none is on its way. */
const QUIET_SECONDS = 10;

function visit_job(this: void, count: Count, id: string): void {
    const { backlog, jobs } = count.delivery;
    const known = backlog.bytes.get(id) as number | undefined;
    const bytes = known ?? stores.size(jobs.store, "pending", id);
    // It has gone meanwhile.
    if (bytes === undefined) return;
    backlogs.add(backlog, id, bytes);
    count.jobs += 1;
    count.bytes += bytes;
}

function visit_answer(this: void, delivery: Delivery, id: string): void {
    answers.find(delivery.answers, delivery.jobs.store, id);
}

function visit_callback(this: void, delivery: Delivery, id: string): void {
    callback_delivery.add(delivery.callbacks, id);
}

/** Finds the jobs that are new. `is_sure`: what is counted of them is wrong where it differs. */
function look_for_jobs(delivery: Delivery, is_sure: boolean): Result<true> {
    const { usage, store } = delivery.jobs;
    const announced = usages.announced(usage);
    const jobs_before = usages.jobs(usage);
    const bytes_before = usages.bytes(usage);
    const count: Count = { delivery, jobs: 0, bytes: 0 };
    const [ok, err] = scan.each(store, "pending", visit_job, count);
    if (ok === undefined) return $multi(undefined, err);
    delivery.announced = announced;
    const nothing_happened =
        usages.announced(usage) === announced &&
        usages.jobs(usage) === jobs_before &&
        usages.bytes(usage) === bytes_before;
    if (is_sure || nothing_happened) {
        usages.correct(usage, count.jobs - jobs_before, count.bytes - bytes_before);
    }
    return $multi(true);
}

/** Finds everything. On failure nil and why. */
export function first(delivery: Delivery): Result<true> {
    const { store } = delivery.jobs;
    // In this order: what another worker ends meanwhile is found in one place or the other.
    const [jobs_seen, jobs_err] = look_for_jobs(delivery, true);
    if (jobs_seen === undefined) return $multi(undefined, jobs_err);
    const [answers_seen, answers_err] = scan.each(store, "done", visit_answer, delivery);
    if (answers_seen === undefined) return $multi(undefined, answers_err);
    const [callbacks_seen, callbacks_err] = scan.each(store, "callbacks", visit_callback, delivery);
    if (callbacks_seen === undefined) return $multi(undefined, callbacks_err);
    return scan.sweep_incoming(store);
}

/** Finds the jobs that came since the last look. On failure nil and why. */
export function again(delivery: Delivery): Result<true> {
    const is_quiet = delivery.announced === usages.announced(delivery.jobs.usage);
    const seconds = ngx.now() - delivery.looked_at;
    return look_for_jobs(delivery, is_quiet && seconds >= QUIET_SECONDS);
}
