/**
 * Delivers jobs in the background of one worker, the one that holds the store's lock: the oldest first, at a rate, several at a
 * time; while the link is down one now and then, as a trial.
 *
 * The system releases the lock when the worker ends, for whatever reason, and another worker continues. Each job is locked as
 * well while it is sent: a worker that exits finishes its attempts while another one already delivers the rest.
 */
import type { File } from "../core/files/files";
import * as files from "../core/files/files";
import * as guard from "../core/metrics/guard";
import * as clock from "../core/time/clock";
import * as attempt from "./attempt";
import * as backlogs from "./backlog";
import * as callbacks from "./callbacks";
import type { Delivery } from "./delivery";
import * as deliveries from "./delivery";
import * as tokens from "./delivery_token";
import * as expiry from "./expiry";
import type { Jobs } from "./jobs";
import type { Link } from "./link";
import * as links from "./link";
import * as responses from "./responses";
import { RESPONSE_HEAD_BYTES } from "./settings";
import * as stores from "./store";
import * as reserves from "./store/reserve";
import * as usages from "./store/usage";
import type { StoreScan } from "./store_scan";
import * as scans from "./store_scan";

export interface Dispatcher {
    readonly jobs: Jobs;
    readonly link: Link;
    /** Held by the worker that delivers; nothing in the others. */
    lock: File | undefined;
    /** When this worker last tried to get the lock. */
    tried_at: MonotonicTime | undefined;
    /** What is delivered, and the scan of its store: new ones each time that this worker gets the lock. */
    delivery: Delivery;
    scan: StoreScan;
    /** Whether a round is going on. */
    is_busy: boolean;
    is_started: boolean;
}

const ROUND_SECONDS = 0.1;
const LOCK_SECONDS = 1;

/** Releases the lock, so that another worker can deliver. What is being sent goes on. */
function release(dispatcher: Dispatcher): void {
    if (dispatcher.lock === undefined) return;
    files.close(dispatcher.lock);
    dispatcher.lock = undefined;
}

/** The lock of the store, whose folders it makes. Nil when another worker has it, or on failure with why. */
function take_lock(dispatcher: Dispatcher): LuaMultiReturn<[lock: File | undefined, err?: string]> {
    const { store } = dispatcher.jobs;
    const [prepared, prepare_err] = stores.prepare(store);
    if (prepared === undefined) return $multi(undefined, prepare_err);
    const [file, err] = stores.open_lock(store);
    if (file === undefined) return $multi(undefined, err);
    if (files.lock(file)) return $multi(file);
    files.close(file);
    return $multi(undefined);
}

/** Tries to become the worker that delivers, at most once a second. */
function acquire(dispatcher: Dispatcher): boolean {
    const { jobs, link, tried_at } = dispatcher;
    const now = clock.now();
    if (tried_at !== undefined && now - tried_at < LOCK_SECONDS) return false;
    dispatcher.tried_at = now;
    const [lock, err] = take_lock(dispatcher);
    if (err !== undefined) jobs.faults.report("store", err);
    if (lock === undefined) return false;
    dispatcher.lock = lock;
    dispatcher.delivery = deliveries.new(jobs, link);
    dispatcher.scan = scans.new(dispatcher.delivery);
    reserves.look_again(jobs.reserve);
    // Now, while there is room for it. An attempt creates it as well, and reports a failure.
    tokens.read_or_create(jobs.token);
    return true;
}

/** Whether the response to one more attempt has room in the store. */
function has_room(delivery: Delivery): boolean {
    const { settings } = delivery.jobs;
    const each = settings.max_answer_bytes + RESPONSE_HEAD_BYTES;
    const attempts = backlogs.sending_count(delivery.backlog) + 1;
    return responses.total_bytes(delivery.responses) + attempts * each <= settings.max_bytes;
}

/** Whether the link lets another attempt through; while it is down, only one at a time. To be asked last, as it takes a trial. */
function may_try(delivery: Delivery): boolean {
    if (links.is_up(delivery.link)) return true;
    return backlogs.sending_count(delivery.backlog) === 0 && links.may_try(delivery.link);
}

function may_begin(dispatcher: Dispatcher): boolean {
    const { delivery } = dispatcher;
    const { backlog, jobs } = delivery;
    // An exiting worker may have released it meanwhile.
    if (dispatcher.lock === undefined) return false;
    if (!backlogs.may_begin(backlog) || backlogs.sending_count(backlog) >= jobs.settings.concurrency) return false;
    return backlogs.has_ready(backlog) && has_room(delivery) && may_try(delivery);
}

function begin_attempts(dispatcher: Dispatcher): void {
    while (may_begin(dispatcher)) {
        const id = backlogs.begin(dispatcher.delivery.backlog);
        if (id === undefined) return;
        ngx.thread.spawn(attempt.run, dispatcher.delivery, id);
    }
}

function maintain_reserve(jobs: Jobs): void {
    const problem = reserves.maintain(jobs.reserve);
    if (problem === undefined) return;
    jobs.faults.report("store", "no request is stored, as there is no room for responses: ", problem);
}

function show(delivery: Delivery): void {
    const [, oldest] = backlogs.oldest(delivery.backlog);
    usages.show(delivery.jobs.usage, delivery.responses, oldest);
}

/** Does all that there is to do now. */
function work(this: void, dispatcher: Dispatcher): void {
    const { delivery, jobs, scan } = dispatcher;
    if (!scans.run(scan)) return;
    scans.sweep(scan);
    expiry.run(delivery);
    maintain_reserve(jobs);
    backlogs.grow_allowance(delivery.backlog);
    begin_attempts(dispatcher);
    callbacks.begin_due(delivery.callbacks);
    show(delivery);
}

/** One round, in a timer of its own, which lives until the attempts that it begins have ended. */
function round(premature: boolean, dispatcher: Dispatcher): void {
    if (premature || ngx.worker.exiting()) return release(dispatcher);
    if (dispatcher.is_busy) return;
    if (dispatcher.lock === undefined && !acquire(dispatcher)) return;
    dispatcher.is_busy = true;
    guard.call(dispatcher.jobs.faults, "delivery", work, dispatcher);
    dispatcher.is_busy = false;
}

/** Makes the store's folders, and begins to deliver as soon as this worker gets the lock. Phases: init_worker. */
export function start(dispatcher: Dispatcher): void {
    const { jobs } = dispatcher;
    // The first job may come before a worker has the lock.
    const [prepared, prepare_err] = stores.prepare(jobs.store);
    if (prepared === undefined) jobs.faults.report("store", prepare_err);
    if (dispatcher.is_started) return;
    const [ok, err] = ngx.timer.every(ROUND_SECONDS, round, dispatcher);
    dispatcher.is_started = ok;
    if (!ok) jobs.faults.report("timer", "this worker delivers no jobs: ", err);
}

/** Lets another worker deliver. Phases: exit_worker. */
export function stop(dispatcher: Dispatcher): void {
    release(dispatcher);
}

/** What delivers the jobs of one route over its link. Phases: init. */
function create(jobs: Jobs, link: Link): Dispatcher {
    const delivery = deliveries.new(jobs, link);
    return {
        jobs,
        link,
        lock: undefined,
        tried_at: undefined,
        delivery,
        scan: scans.new(delivery),
        is_busy: false,
        is_started: false,
    };
}
export { create as new };
