/**
 * Delivers jobs through the gateway's own listener, in the background of the one worker that holds the lock of the store:
 * the oldest first, at a rate, so many at a time; while the link is down one now and then, as a trial.
 *
 * The lock is the system's, so it ends with the worker, however that ends, and another one goes on. A job is locked by
 * itself while it is delivered: a worker that exits ends what it has begun while another delivers the rest already.
 */
import type { Delivery } from "./model";
import * as answers from "./delivery/answers";
import * as attempt from "./delivery/attempt";
import * as backlogs from "./delivery/backlog";
import * as expiry from "./delivery/expiry";
import * as survey from "./delivery/survey";
import * as callback_delivery from "./callback_delivery";
import * as clock from "../core/time/clock";
import * as files from "../core/files/files";
import type { Jobs } from "./model";
import * as marks from "./jobs/mark";
import { ANSWER_HEAD_BYTES } from "./jobs/settings";
import * as links from "./link";
import * as stores from "./store";
import * as reserves from "./store/reserve";
import * as usages from "./store/usage";

const TICK_SECONDS = 0.1;
const LOCK_SECONDS = 1;
/** What may begin at once after a pause: so many seconds' worth, and at least one. */
const BURST_SECONDS = 0.2;

/** Forgets the store, and lets others have it. What is being delivered goes on. */
function release(delivery: Delivery): void {
    if (delivery.lock === undefined) return;
    files.close(delivery.lock);
    delivery.lock = undefined;
}

/** Tries to become the one that delivers; at most once a second. */
function acquire(delivery: Delivery): boolean {
    const { store, faults } = delivery.jobs;
    const now = clock.now();
    if (delivery.tried_at > 0 && now - delivery.tried_at < LOCK_SECONDS) return false;
    delivery.tried_at = now;
    const [prepared, prepare_err] = stores.prepare(store);
    if (prepared === undefined) {
        faults.report("store", prepare_err);
        return false;
    }
    const [file, err] = files.open(`${store.folder}/lock`, "lock");
    if (file === undefined) {
        faults.report("store", err);
        return false;
    }
    if (!files.lock(file)) {
        files.close(file);
        return false;
    }
    delivery.lock = file;
    delivery.has_looked = false;
    delivery.sweep_at = 0;
    reserves.doubt(delivery.jobs.reserve);
    // Now, while there is room for it. Deliveries make it as well, and say what is wrong.
    marks.secret_of(delivery.jobs.mark);
    delivery.backlog = backlogs.new();
    delivery.answers = answers.new();
    delivery.callbacks = callback_delivery.new(delivery.jobs);
    return true;
}

/** Whether jobs are to be looked for: none is known whose turn it is, but there are new ones; or it is time to count them. */
function must_look(delivery: Delivery): boolean {
    if (!delivery.has_looked || clock.now() >= delivery.count_at) return true;
    if (usages.announced(delivery.jobs.usage) === delivery.announced) return false;
    return backlogs.next(delivery.backlog, clock.now()) === undefined;
}

/** Finds out what there is to do; false where the store cannot be read. */
function look(delivery: Delivery): boolean {
    if (!must_look(delivery)) return true;
    const [looked, err] = delivery.has_looked ? survey.look_for_jobs(delivery) : survey.first(delivery);
    if (looked === undefined) delivery.jobs.faults.report("store", "cannot look for jobs: ", err);
    else delivery.has_looked = true;
    return delivery.has_looked;
}

/** Lets the allowance grow with the time. */
function allow(delivery: Delivery): void {
    const { rate } = delivery.jobs.settings;
    const now = clock.now();
    const grown = delivery.allowance + (now - delivery.allowed_at) * rate;
    delivery.allowance = math.min(grown, math.max(1, rate * BURST_SECONDS));
    delivery.allowed_at = now;
}

/** Whether the answer to one more delivery has its place on the disk. */
function has_room(delivery: Delivery): boolean {
    const { settings } = delivery.jobs;
    const each = settings.max_answer_bytes + ANSWER_HEAD_BYTES;
    return delivery.answers.total_bytes + (delivery.backlog.flying_count + 1) * each <= settings.max_bytes;
}

/** Whether the link lets another delivery through; while it is down, only one that is alone. To be asked last. */
function may_try(delivery: Delivery): boolean {
    const { link } = delivery.jobs;
    if (links.is_up(link)) return true;
    return delivery.backlog.flying_count === 0 && links.may_try(link);
}

function may_begin(delivery: Delivery): boolean {
    const now = clock.now();
    // A worker that exits may have let go of it meanwhile.
    if (delivery.lock === undefined) return false;
    if (delivery.allowance < 1 || delivery.backlog.flying_count >= delivery.jobs.settings.concurrency) return false;
    if (now < delivery.paused_until) return false;
    return backlogs.next(delivery.backlog, now) !== undefined && has_room(delivery) && may_try(delivery);
}

function begin(delivery: Delivery): void {
    while (may_begin(delivery)) {
        const id = backlogs.next(delivery.backlog, clock.now())!;
        backlogs.begin(delivery.backlog);
        delivery.allowance -= 1;
        ngx.thread.spawn(attempt.run, delivery, id);
    }
}

function show(delivery: Delivery): void {
    const [, since = 0] = backlogs.oldest(delivery.backlog);
    const { count, failed_count, total_bytes } = delivery.answers;
    usages.show(delivery.jobs.usage, count - failed_count, failed_count, total_bytes, since);
}

/** All that there is to do now. */
function work(this: void, delivery: Delivery): void {
    if (!look(delivery)) return;
    survey.sweep(delivery);
    expiry.run(delivery);
    reserves.keep(delivery.jobs.reserve);
    allow(delivery);
    begin(delivery);
    callback_delivery.begin_due(delivery.callbacks);
    show(delivery);
}

/** Each in a timer of its own, which lives until the deliveries that it begins have ended. */
function tick(premature: boolean, delivery: Delivery): void {
    if (premature || ngx.worker.exiting()) return release(delivery);
    if (delivery.is_busy) return;
    if (delivery.lock === undefined && !acquire(delivery)) return;
    delivery.is_busy = true;
    const [ok, err] = pcall(work, delivery);
    delivery.is_busy = false;
    if (!ok) delivery.jobs.faults.report("delivery", err);
}

/** Begins to deliver whenever this worker can have the lock. Phases: init_worker. */
export function start(delivery: Delivery): void {
    if (delivery.is_watched) return;
    const [ok, err] = ngx.timer.every(TICK_SECONDS, tick, delivery);
    delivery.is_watched = ok;
    if (!ok) delivery.jobs.faults.report("timer", "no jobs are delivered by this worker: ", err);
}

/** Lets another worker deliver. Phases: exit_worker. */
export function stop(delivery: Delivery): void {
    release(delivery);
}

/** What delivers the jobs of one store. Phases: init. */
function create(jobs: Jobs): Delivery {
    return {
        jobs,
        backlog: backlogs.new(),
        answers: answers.new(),
        callbacks: callback_delivery.new(jobs),
        has_looked: false,
        announced: 0,
        count_at: 0,
        sweep_at: 0,
        begun: 0,
        begun_at: 0,
        lock: undefined,
        tried_at: 0,
        allowance: 1,
        allowed_at: clock.now(),
        failures: 0,
        paused_until: 0,
        is_busy: false,
        is_watched: false,
    };
}
export { create as new };
