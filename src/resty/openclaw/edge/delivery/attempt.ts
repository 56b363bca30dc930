/** One delivery of one job, in a light thread of its own. */
import * as answers from "./answers";
import * as backlogs from "./backlog";
import * as callback_delivery from "../callback_delivery";
import * as completion from "./completion";
import type { Delivery } from "../model";
import * as endings from "./ending";
import * as judgement from "./judgement";
import * as sending from "./sending";
import * as clock from "../../core/time/clock";
import * as files from "../../core/files/files";
import type { File } from "../../core/files/files";
import * as mark from "../jobs/mark";
import * as stores from "../store";
import * as body_source from "../store/body_source";
import * as records from "../store/record";
import type { StoredRecord } from "../store/record";
import * as reserves from "../store/reserve";

/** Another worker may be delivering a job while it exits; its end is looked for so often. */
const BUSY_SECONDS = 1;

function deliver(delivery: Delivery, id: string, file: File, found: StoredRecord): void {
    const [secret, secret_err] = mark.secret_of(delivery.jobs.mark);
    if (secret === undefined) {
        delivery.jobs.faults.report("store", "cannot keep the secret of deliveries: ", secret_err);
        if (files.is_full(secret_err)) reserves.spend(delivery.jobs.reserve, 0);
        return judgement.hold(delivery, id, judgement.THROUGH_PAUSE_SECONDS);
    }
    const job: sending.Job = { id, head: found.head, began: clock.now() };
    const [answer, err] = sending.send(delivery, job, secret, body_source.new(file, found));
    if (answer === undefined) judgement.judge_silence(delivery, job, err);
    else judgement.judge(delivery, job, answer);
}

/** Another worker, which had begun with it before, has ended the job. */
function yield_to_other(delivery: Delivery, id: string): void {
    const { backlog, jobs } = delivery;
    answers.find(delivery.answers, jobs.store, id);
    backlogs.forget(backlog, id);
    if (stores.has(jobs.store, "callbacks", id)) callback_delivery.add(delivery.callbacks, id);
}

/** A job's file cannot be opened. */
function miss(delivery: Delivery, id: string, err: string): void {
    const { backlog, jobs } = delivery;
    if (!stores.has(jobs.store, "pending", id)) return yield_to_other(delivery, id);
    jobs.faults.report("store", "cannot open a job: ", err);
    backlogs.postpone(backlog, id, clock.now() + judgement.THROUGH_PAUSE_SECONDS);
}

/** With the job's file open. */
function attempt(this: void, delivery: Delivery, id: string, file: File): void {
    const { backlog, jobs } = delivery;
    if (!files.lock(file)) return backlogs.postpone(backlog, id, clock.now() + BUSY_SECONDS);
    if (!stores.has(jobs.store, "pending", id)) return yield_to_other(delivery, id);
    if (answers.find(delivery.answers, jobs.store, id)) return completion.resume(delivery, id);
    const [found, err, torn] = records.read(file);
    if (found !== undefined) return deliver(delivery, id, file, found);
    jobs.faults.report("broken", "job ", id, " cannot be read: ", err);
    if (torn !== true) return backlogs.postpone(backlog, id, clock.now() + judgement.THROUGH_PAUSE_SECONDS);
    completion.finish(delivery, id, {}, endings.failure("job_broken", "failed"));
}

/** Delivers a job, which the backlog has begun. Phases: timers; yields. Never raises. */
export function run(this: void, delivery: Delivery, id: string): void {
    const { backlog, jobs } = delivery;
    const [file, open_err] = stores.open(jobs.store, "pending", id);
    if (file === undefined) return miss(delivery, id, open_err);
    const [ok, err] = pcall(attempt, delivery, id, file);
    // This ends the lock as well.
    files.close(file);
    if (ok) return;
    jobs.faults.report("delivery", err);
    backlogs.postpone(backlog, id, clock.now() + judgement.THROUGH_PAUSE_SECONDS);
}
