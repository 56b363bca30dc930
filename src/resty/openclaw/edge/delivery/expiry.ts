/** Takes away jobs that nobody could deliver in time, and answers that were kept long enough. Phases: timers; yields. */
import * as answers from "./answers";
import * as backlogs from "./backlog";
import * as completion from "./completion";
import type { Delivery } from "../model";
import * as endings from "./ending";
import * as files from "../../core/files/files";
import type { File } from "../../core/files/files";
import * as stores from "../store";
import * as ages from "../store/age";
import * as ids from "../store/id";
import * as records from "../store/record";

/** In one tick, so that others have their turn. */
const MOST_AT_ONCE = 16;
/** A job that is too old while it is being delivered is looked at again so much later. */
const FLYING_SECONDS = 1;

/** With the file of the oldest job open. False when another worker is delivering the job. */
function expire_open(this: void, delivery: Delivery, id: string, file: File): boolean {
    if (!files.lock(file)) return false;
    const [found] = records.read(file);
    // The time of day may have been set; then the job is younger than it looks.
    const age = found === undefined ? math.huge : ages.of(found.head, ids.time_of(id));
    if (age <= delivery.jobs.settings.max_age_seconds) {
        backlogs.correct_oldest(delivery.backlog, ngx.now() - age);
        return true;
    }
    // Somebody waits to be told.
    if (found?.head.callback !== undefined) {
        const [done, err] = completion.end_once(delivery, id, found.head, endings.failure("job_expired", "expired"));
        if (done !== undefined) return true;
        delivery.jobs.faults.report("callback", "job ", id, " expires, and nobody is told of it: ", err);
    }
    completion.remove(delivery, id);
    delivery.jobs.figures.jobs.get("expired").inc();
    return true;
}

function expire(delivery: Delivery, id: string): boolean {
    const [file] = stores.open(delivery.jobs.store, "pending", id);
    if (file === undefined) {
        backlogs.forget(delivery.backlog, id);
        return true;
    }
    const [ok, expired] = pcall(expire_open, delivery, id, file);
    files.close(file);
    if (!ok) delivery.jobs.faults.report("delivery", expired);
    return ok && expired;
}

function expire_jobs(delivery: Delivery): void {
    const { backlog, jobs } = delivery;
    const before = ngx.now() - jobs.settings.max_age_seconds;
    for (const _ of $range(1, MOST_AT_ONCE)) {
        const [id, made] = backlogs.oldest(backlog);
        if (id === undefined || made! >= before) return;
        // It still has its chance. What goes on for long must not keep others.
        if (backlogs.is_flying(backlog, id)) backlogs.correct_oldest(backlog, before + FLYING_SECONDS);
        else if (!expire(delivery, id)) return;
    }
}

function expire_answers(delivery: Delivery): void {
    const { jobs } = delivery;
    const before = ngx.now() - jobs.settings.keep_seconds;
    for (const _ of $range(1, MOST_AT_ONCE)) {
        const id = answers.take_older(delivery.answers, before);
        if (id === undefined) return;
        // It may be younger than it looks, too.
        if (!answers.find(delivery.answers, jobs.store, id, before)) {
            const err = stores.remove(jobs.store, "done", id);
            if (err !== undefined) jobs.faults.report("store", "cannot remove an answer: ", err);
        }
    }
}

/** Takes away what is too old. */
export function run(delivery: Delivery): void {
    expire_jobs(delivery);
    expire_answers(delivery);
}
