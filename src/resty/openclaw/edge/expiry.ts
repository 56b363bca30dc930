/** Removes jobs that could not be delivered in time, and responses that were stored for long enough. Phases: timers; yields. */
import type { File } from "../core/files/files";
import * as files from "../core/files/files";
import * as guard from "../core/metrics/guard";
import * as request from "../core/request/request";
import * as backlogs from "./backlog";
import type { Delivery } from "./delivery";
import * as deliveries from "./delivery";
import * as endings from "./ending";
import * as responses from "./responses";
import * as stores from "./store";
import * as ids from "./store/id";
import * as records from "./store/record";

/** In one round, so that others have their turn. */
const MOST_AT_ONCE = 16;
/** A job that is too old while it is being sent is looked at again so much later. */
const SENDING_SECONDS = 1;

/** With the file of the oldest job open. False when another worker is delivering the job. */
function expire_open(this: void, delivery: Delivery, id: string, file: File): boolean {
    const { backlog, jobs } = delivery;
    if (!files.lock(file)) return false;
    const [found] = records.read(file);
    // After a change of the clock the job may be younger than its id says.
    const age = found === undefined ? math.huge : records.age(found.head, ids.time_of(id));
    if (age <= jobs.settings.max_age_seconds) {
        backlogs.correct_oldest(backlog, later_by_wall(request.now(), -age));
        return true;
    }
    if (found?.head.callback !== undefined) {
        const ending = endings.failure("job_expired", "expired");
        const [done, err] = deliveries.end_once(delivery, id, found.head, ending);
        if (done !== undefined) return true;
        jobs.faults.report("callback", "job ", id, " expires without its callback: ", err);
    }
    deliveries.remove(delivery, id);
    jobs.metrics.jobs.get("expired").inc();
    return true;
}

function expire(delivery: Delivery, id: string): boolean {
    const [file] = stores.open(delivery.jobs.store, "pending", id);
    if (file === undefined) {
        backlogs.forget(delivery.backlog, id);
        return true;
    }
    const [, expired] = guard.call(delivery.jobs.faults, "delivery", expire_open, delivery, id, file);
    files.close(file);
    return expired === true;
}

function expire_jobs(delivery: Delivery): void {
    const { backlog, jobs } = delivery;
    const before = later_by_wall(request.now(), -jobs.settings.max_age_seconds);
    for (const _ of $range(1, MOST_AT_ONCE)) {
        const [id, made] = backlogs.oldest(backlog);
        if (id === undefined || made! >= before) return;
        // Its attempt may still succeed. One that takes long must not keep others from expiring.
        if (backlogs.is_sending(backlog, id)) {
            backlogs.correct_oldest(backlog, later_by_wall(before, SENDING_SECONDS));
        } else if (!expire(delivery, id)) return;
    }
}

function expire_responses(delivery: Delivery): void {
    const { jobs } = delivery;
    const before = later_by_wall(request.now(), -jobs.settings.keep_seconds);
    for (const _ of $range(1, MOST_AT_ONCE)) {
        const id = responses.take_older(delivery.responses, before);
        if (id === undefined) return;
        // After a change of the clock it may be younger than it seems.
        if (!responses.find(delivery.responses, id, before)) {
            const err = stores.remove(jobs.store, "done", id);
            if (err !== undefined) jobs.faults.report("store", "cannot remove a response: ", err);
        }
    }
}

/** Removes what is too old. */
export function run(delivery: Delivery): void {
    expire_jobs(delivery);
    expire_responses(delivery);
}
