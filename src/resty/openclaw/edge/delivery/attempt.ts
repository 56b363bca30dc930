/** One delivery of one job, in a light thread of its own. */
import * as answers from "./answers";
import * as backlogs from "./backlog";
import * as callback_delivery from "../callback_delivery";
import * as completion from "./completion";
import type { Delivery } from "../delivery";
import * as endings from "./ending";
import * as acceptance from "../acceptance";
import * as backoff from "../../backoff";
import * as clock from "../../clock";
import * as files from "../../files";
import type { File } from "../../files";
import * as http_client from "../../http_client";
import type { Answer, Source } from "../../http_client";
import * as mark from "../jobs/mark";
import * as retry_after from "../../retry_after";
import * as stores from "../store";
import * as body_source from "../store/body_source";
import * as ids from "../store/id";
import * as records from "../store/record";
import type { Head, StoredRecord } from "../store/record";

/** What was delivered, as its file says. */
interface Job {
    readonly id: string;
    readonly head: Head;
}

const CONNECT_SECONDS = 5;
/** Another worker may be delivering a job while it exits; its end is looked for so often. */
const BUSY_SECONDS = 1;
const LINK_PAUSE_SECONDS = 5;
const THROUGH_PAUSE_SECONDS = 30;
/** Soon after an old answer a new one is in the cache, if it can be had. */
const STALE_SECONDS = 1;
const LEAST_STEP_BACK_SECONDS = 1;
const MOST_STEP_BACK_SECONDS = 300;
/** The first pause after a try is up to 3 s long: 0.1 s, doubled so many times. */
const TRY_DOUBLINGS = 5;
const MOST_TRY_PAUSE_SECONDS = 60;
const MOST_RETRY_AFTER_SECONDS = 3600;

/** Ours unless the client gave the request one of its own, which the other end may have seen already. */
const KEY_HEADER = "Idempotency-Key";

function headers_of(delivery: Delivery, job: Job): Record<string, string> {
    const headers: Record<string, string> = {};
    headers[KEY_HEADER] = job.id;
    const kept = type(job.head.headers) === "table" ? job.head.headers : {};
    for (const [name, value] of pairs(kept as Record<string, string>)) headers[name] = value;
    headers[mark.HEADER] = delivery.jobs.mark.secret;
    return headers;
}

function send(delivery: Delivery, job: Job, body: Source): Result<Answer> {
    const { settings } = delivery.jobs;
    return http_client.request({
        host: settings.host,
        port: settings.port,
        path: tostring(job.head.uri),
        method: tostring(job.head.method),
        headers: headers_of(delivery, job),
        body: body.bytes > 0 ? body : "",
        connect_seconds: CONNECT_SECONDS,
        send_seconds: settings.timeout_seconds,
        read_seconds: settings.timeout_seconds,
        total_seconds: settings.timeout_seconds,
        // One more than is kept shows that it is too long.
        max_bytes: settings.max_answer_bytes + 1,
        truncate: true,
        repeatable: false,
    });
}

/** The other end was not reached: no fault of the job's. All deliveries pause. */
function hold(delivery: Delivery, id: string, most_seconds: number): void {
    delivery.failures += 1;
    delivery.paused_until = clock.now() + backoff.jittered(delivery.failures, most_seconds);
    backlogs.give_back(delivery.backlog, id);
}

/**
 * The other end was reached and did not answer: the link may have broken, or the job may be more than anybody can bear. So
 * that it cannot hold up the others, these go first; the older it is, the longer.
 */
function step_back(delivery: Delivery, id: string): void {
    const age = ngx.now() - ids.time_of(id);
    const seconds = math.min(MOST_STEP_BACK_SECONDS, math.max(LEAST_STEP_BACK_SECONDS, age));
    backlogs.postpone(delivery.backlog, id, clock.now() + seconds);
}

/** Counts a try that failed; false when it was the last one. */
function try_again(delivery: Delivery, id: string, asked_seconds: number): boolean {
    const { backlog, jobs } = delivery;
    const tries = (backlog.tries.get(id) ?? 0) + 1;
    backlog.tries.set(id, tries);
    if (tries >= jobs.settings.max_tries) return false;
    const pause = backoff.jittered(tries + TRY_DOUBLINGS, MOST_TRY_PAUSE_SECONDS);
    const seconds = math.max(pause, math.min(asked_seconds, MOST_RETRY_AFTER_SECONDS));
    backlogs.postpone(backlog, id, clock.now() + seconds);
    return true;
}

function judge_silence(delivery: Delivery, job: Job, err: string): void {
    const { figures, faults } = delivery.jobs;
    const [not_connected] = string.find(err, "^cannot connect");
    if (not_connected !== undefined) {
        figures.deliveries.get("not_sent").inc();
        faults.report("through", "cannot reach this gateway's own listener: ", err);
        return hold(delivery, job.id, THROUGH_PAUSE_SECONDS);
    }
    const [was_sent] = string.find(err, "^cannot [sr]e");
    if (was_sent === undefined) {
        faults.report("broken", "job ", job.id, " cannot be sent: ", err);
        return completion.finish(delivery, job.id, job.head, endings.failure("job_broken", "failed"));
    }
    figures.deliveries.get("no_answer").inc();
    if (try_again(delivery, job.id, 0)) return;
    completion.finish(delivery, job.id, job.head, endings.failure("no_answer", "failed"));
}

function judge(delivery: Delivery, job: Job, answer: Answer): void {
    const { figures, settings } = delivery.jobs;
    const link = answer.headers[string.lower(acceptance.LINK_HEADER)];
    if (link === "down") {
        figures.deliveries.get("link_down").inc();
        return hold(delivery, job.id, LINK_PAUSE_SECONDS);
    }
    if (link === "unanswered") {
        figures.deliveries.get("unanswered").inc();
        return step_back(delivery, job.id);
    }
    if (link === "stale") {
        figures.deliveries.get("stale").inc();
        return backlogs.postpone(delivery.backlog, job.id, clock.now() + STALE_SECONDS);
    }
    delivery.failures = 0;
    const status = answer.status;
    const is_refused = status === 408 || status === 429 || status >= 500;
    if (is_refused && try_again(delivery, job.id, retry_after.seconds(answer.headers["retry-after"]) ?? 0)) {
        figures.deliveries.get("again").inc();
        return;
    }
    figures.deliveries.get("answered").inc();
    const ending = endings.answer(answer, is_refused ? "failed" : "delivered", settings.max_answer_bytes);
    completion.finish(delivery, job.id, job.head, ending);
}

function deliver(delivery: Delivery, id: string, file: File, found: StoredRecord): void {
    const job: Job = { id, head: found.head };
    const [answer, err] = send(delivery, job, body_source.new(file, found));
    if (answer === undefined) judge_silence(delivery, job, err);
    else judge(delivery, job, answer);
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
    backlogs.postpone(backlog, id, clock.now() + THROUGH_PAUSE_SECONDS);
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
    if (torn !== true) return backlogs.postpone(backlog, id, clock.now() + THROUGH_PAUSE_SECONDS);
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
    backlogs.postpone(backlog, id, clock.now() + THROUGH_PAUSE_SECONDS);
}
