/**
 * One attempt to deliver one job, in a light thread of its own: sends the job through the gateway's own listener, as the request
 * that it was. Depending on the response the job ends, or is tried again.
 */
import type { File } from "../core/files/files";
import * as files from "../core/files/files";
import * as retry_after from "../core/http/retry_after";
import * as guard from "../core/metrics/guard";
import * as request from "../core/request/request";
import * as backoff from "../core/time/backoff";
import * as clock from "../core/time/clock";
import type { Response, Source } from "../http_client";
import * as http_client from "../http_client";
import * as backlogs from "./backlog";
import * as callers from "./caller";
import type { Delivery } from "./delivery";
import * as deliveries from "./delivery";
import * as tokens from "./delivery_token";
import * as endings from "./ending";
import * as links from "./link";
import * as stores from "./store";
import * as ids from "./store/id";
import type { Head, StoredRecord } from "./store/record";
import * as records from "./store/record";
import * as reserves from "./store/reserve";

/** A job that is sent. */
interface Job {
    readonly id: string;
    readonly head: Head;
    /** When the attempt began. */
    readonly began: MonotonicTime;
}

const CONNECT_SECONDS = 5;
/** Another worker may be delivering a job while it exits; so often this one looks whether it has ended. */
const BUSY_SECONDS = 1;
const LINK_PAUSE_SECONDS = 5;
const GATEWAY_PAUSE_SECONDS = 30;
/** Soon after a stale response the cache has a fresh one, if it can be had. */
const STALE_SECONDS = 1;
const LEAST_WAIT_SECONDS = 1;
const MOST_WAIT_SECONDS = 300;
/** The first pause after an attempt is up to 3 s long: 0.1 s, doubled so many times. */
const DOUBLINGS = 5;
const MOST_PAUSE_SECONDS = 60;
const MOST_RETRY_AFTER_SECONDS = 3600;

/** The client's own key, if it gave one: the other end may have seen it already. */
const KEY_HEADER = "Idempotency-Key";

/** The job was not sent, for a reason that concerns all jobs: all wait, and it stays first. */
function retry_after_pause(delivery: Delivery, id: string, most_seconds: number): void {
    backlogs.pause(delivery.backlog, most_seconds);
    backlogs.retry_now(delivery.backlog, id);
}

/** Others go first, for as long as the job is old, within limits. */
function let_others_go_first(delivery: Delivery, id: string, least_seconds: number): void {
    const age = request.now() - ids.time_of(id);
    const seconds = math.max(least_seconds, math.min(MOST_WAIT_SECONDS, age));
    backlogs.retry_later(delivery.backlog, id, seconds);
}

/** Counts an attempt, and tries again later; false when it was the last one. */
function try_again(delivery: Delivery, id: string, asked_seconds: number): boolean {
    const attempts = backlogs.count_attempt(delivery.backlog, id);
    if (attempts >= delivery.jobs.settings.max_tries) return false;
    const pause = backoff.jittered(attempts + DOUBLINGS, MOST_PAUSE_SECONDS);
    const seconds = math.max(pause, math.min(asked_seconds, MOST_RETRY_AFTER_SECONDS));
    backlogs.retry_later(delivery.backlog, id, seconds);
    return true;
}

/**
 * The other end was reached and sent no response: either the link broke, or the job makes the other end fail. Other jobs go first, so
 * that it does not block them, and after some attempts for which the link is not to blame it fails.
 */
function handle_unanswered(delivery: Delivery, job: Job): void {
    const { backlog, jobs, link } = delivery;
    const is_first = !backlogs.was_unanswered(backlog, job.id);
    const is_to_blame = links.unanswered(link, job.began, is_first);
    const count = backlogs.note_unanswered(backlog, job.id, is_to_blame);
    if (count < jobs.settings.attempts) return let_others_go_first(delivery, job.id, LEAST_WAIT_SECONDS);
    jobs.faults.report("failed", "job ", job.id, " reached the other end ", count, " times and got no response");
    deliveries.finish(delivery, job.id, job.head, endings.failure("job_failed", "failed"));
}

/** The code in an error of this gateway; "" when there is none. */
function code_of(response: Response): string {
    const [code] = string.match(string.sub(response.body, 1, 100), '^{"error":{"code":"([%w_]+)"');
    return code === undefined ? "" : ` (${code})`;
}

/**
 * The gateway itself has responded: a check, a limit or a location that refuses deliveries. The job waits and others go first;
 * when all deliveries end so, all wait.
 */
function handle_refusal(delivery: Delivery, job: Job, response: Response): void {
    const { backlog, jobs } = delivery;
    const why = `this gateway itself responds with status ${response.status}${code_of(response)}`;
    jobs.faults.report("refused", "job ", job.id, " waits: ", why, "; see docs/jobs.md");
    backlogs.pause(backlog, GATEWAY_PAUSE_SECONDS);
    const asked_seconds = retry_after.seconds(response.headers["retry-after"]) ?? 0;
    const least_seconds = math.max(LEAST_WAIT_SECONDS, math.min(asked_seconds, MOST_WAIT_SECONDS));
    let_others_go_first(delivery, job.id, least_seconds);
}

/** The gateway itself sent no response. */
function handle_error(delivery: Delivery, job: Job, err: string): void {
    const { metrics, faults } = delivery.jobs;
    const [not_connected] = string.find(err, "^cannot connect");
    if (not_connected !== undefined) {
        metrics.deliveries.get("not_sent").inc();
        faults.report("through", "cannot reach this gateway's own listener: ", err);
        return retry_after_pause(delivery, job.id, GATEWAY_PAUSE_SECONDS);
    }
    // "cannot send", "cannot receive": it may have been sent.
    const [was_sent] = string.find(err, "^cannot [sr]e");
    if (was_sent === undefined) {
        faults.report("broken", "job ", job.id, " cannot be sent: ", err);
        return deliveries.finish(delivery, job.id, job.head, endings.failure("job_broken", "failed"));
    }
    metrics.deliveries.get("no_answer").inc();
    if (try_again(delivery, job.id, 0)) return;
    deliveries.finish(delivery, job.id, job.head, endings.failure("no_answer", "failed"));
}

/** The other end has responded. */
function handle_own_response(delivery: Delivery, job: Job, response: Response): void {
    const { metrics, settings } = delivery.jobs;
    backlogs.note_success(delivery.backlog);
    const { status } = response;
    const is_refused = status === 408 || status === 429 || status >= 500;
    if (is_refused && try_again(delivery, job.id, retry_after.seconds(response.headers["retry-after"]) ?? 0)) {
        metrics.deliveries.get("again").inc();
        return;
    }
    metrics.deliveries.get("answered").inc();
    const ending = endings.response(response, is_refused ? "failed" : "delivered", settings.max_answer_bytes);
    deliveries.finish(delivery, job.id, job.head, ending);
}

function handle_response(delivery: Delivery, job: Job, response: Response): void {
    const outcomes = delivery.jobs.metrics.deliveries;
    const link = response.headers[string.lower(tokens.LINK_HEADER)];
    if (link === "down") {
        outcomes.get("link_down").inc();
        return retry_after_pause(delivery, job.id, LINK_PAUSE_SECONDS);
    }
    if (link === "unanswered") {
        outcomes.get("unanswered").inc();
        return handle_unanswered(delivery, job);
    }
    if (link === "stale") {
        outcomes.get("stale").inc();
        return backlogs.retry_later(delivery.backlog, job.id, STALE_SECONDS);
    }
    if (link === "answered") return handle_own_response(delivery, job, response);
    outcomes.get("refused").inc();
    handle_refusal(delivery, job, response);
}

function headers_of(job: Job, token: string): Record<string, string> {
    const headers: Record<string, string> = {};
    headers[KEY_HEADER] = job.id;
    // The HTTP client refuses what is not a header.
    for (const [name, value] of pairs(records.headers_of(job.head))) headers[name] = value as string;
    // nginx refuses an empty one.
    if (headers.Host === "") headers.Host = "localhost";
    headers[tokens.HEADER] = token;
    const caller = callers.header_of(job.head);
    if (caller !== undefined) headers[callers.HEADER] = caller;
    return headers;
}

/** Sends a job to the gateway's own listener. On failure nil and why. */
function send(delivery: Delivery, job: Job, token: string, body: Source): Result<Response> {
    const { settings } = delivery.jobs;
    return http_client.request({
        host: settings.host,
        port: settings.port,
        path: tostring(job.head.uri),
        method: tostring(job.head.method),
        headers: headers_of(job, token),
        body: body.bytes > 0 ? body : "",
        connect_seconds: CONNECT_SECONDS,
        send_seconds: settings.timeout_seconds,
        read_seconds: settings.timeout_seconds,
        total_seconds: settings.timeout_seconds,
        // One byte more shows that a response is too long.
        max_bytes: settings.max_answer_bytes + 1,
        truncate: true,
        repeatable: false,
    });
}

function deliver(delivery: Delivery, id: string, file: File, found: StoredRecord): void {
    const { jobs } = delivery;
    const [token, token_err] = tokens.read_or_create(jobs.token);
    if (token === undefined) {
        jobs.faults.report("store", "cannot store the delivery token: ", token_err);
        if (files.is_full(token_err)) reserves.spend(jobs.reserve, 0);
        return retry_after_pause(delivery, id, GATEWAY_PAUSE_SECONDS);
    }
    const job: Job = { id, head: found.head, began: clock.now() };
    const [response, err] = send(delivery, job, token, records.source(file, found));
    if (response === undefined) handle_error(delivery, job, err);
    else handle_response(delivery, job, response);
}

/** With the job's file open. */
function attempt(this: void, delivery: Delivery, id: string, file: File): void {
    const { backlog, jobs } = delivery;
    if (!files.lock(file)) return backlogs.retry_later(backlog, id, BUSY_SECONDS);
    if (!stores.has(jobs.store, "pending", id)) return deliveries.leave_to_other(delivery, id);
    if (deliveries.resume(delivery, id)) return;
    const [found, err, torn] = records.read(file);
    if (found !== undefined) return deliver(delivery, id, file, found);
    jobs.faults.report("broken", "job ", id, " cannot be read: ", err);
    if (torn !== true) return backlogs.retry_later(backlog, id, GATEWAY_PAUSE_SECONDS);
    deliveries.finish(delivery, id, {}, endings.failure("job_broken", "failed"));
}

/** The job's file cannot be opened. */
function handle_missing(delivery: Delivery, id: string, err: string): void {
    const { backlog, jobs } = delivery;
    if (!stores.has(jobs.store, "pending", id)) return deliveries.leave_to_other(delivery, id);
    jobs.faults.report("store", "cannot open a job: ", err);
    backlogs.retry_later(backlog, id, GATEWAY_PAUSE_SECONDS);
}

/** Tries to deliver a job that was taken out of the backlog. Phases: timers; yields. Never raises. */
export function run(this: void, delivery: Delivery, id: string): void {
    const { backlog, jobs } = delivery;
    const [file, open_err] = stores.open(jobs.store, "pending", id);
    if (file === undefined) return handle_missing(delivery, id, open_err);
    const [ok] = guard.call(jobs.faults, "delivery", attempt, delivery, id, file);
    // Ends the lock, too.
    files.close(file);
    if (!ok) backlogs.retry_later(backlog, id, GATEWAY_PAUSE_SECONDS);
}
