/** What comes of a job after one delivery of it: it ends, or it waits for another one. */
import * as backlogs from "./backlog";
import * as completion from "./completion";
import type { Delivery } from "../model";
import * as endings from "./ending";
import type { Job } from "./sending";
import * as acceptance from "../acceptance";
import * as backoff from "../../core/time/backoff";
import * as clock from "../../core/time/clock";
import type { Answer } from "../../http_client";
import * as links from "../link";
import * as retry_after from "../../core/http/retry_after";
import * as ids from "../store/id";

const LINK_PAUSE_SECONDS = 5;
export const THROUGH_PAUSE_SECONDS = 30;
const REFUSED_PAUSE_SECONDS = 30;
/** Soon after an old answer a new one is in the cache, if it can be had. */
const STALE_SECONDS = 1;
const LEAST_STEP_BACK_SECONDS = 1;
const MOST_STEP_BACK_SECONDS = 300;
/** The first pause after a try is up to 3 s long: 0.1 s, doubled so many times. */
const TRY_DOUBLINGS = 5;
const MOST_TRY_PAUSE_SECONDS = 60;
const MOST_RETRY_AFTER_SECONDS = 3600;

/** The job did not get through, which is no fault of its own. All deliveries pause. Phases: timers. */
export function hold(delivery: Delivery, id: string, most_seconds: number): void {
    delivery.failures += 1;
    delivery.paused_until = clock.now() + backoff.jittered(delivery.failures, most_seconds);
    backlogs.give_back(delivery.backlog, id);
}

/** Others go first, for so long at least; the older the job is, the longer. */
function step_back(delivery: Delivery, id: string, least_seconds: number): void {
    const age = ngx.now() - ids.time_of(id);
    const seconds = math.max(least_seconds, math.min(MOST_STEP_BACK_SECONDS, age));
    backlogs.postpone(delivery.backlog, id, clock.now() + seconds);
}

/**
 * The other end was reached and did not answer: the link may have broken, or the job may be more than anybody can bear. So
 * that it cannot hold up the others these go first, and it ends after some tries for which the link is not to blame.
 */
function judge_no_answer(delivery: Delivery, job: Job): void {
    const { backlog, jobs } = delivery;
    const known = backlog.silences.get(job.id) as number | undefined;
    const is_jobs_fault = links.silent(jobs.link, job.began, known === undefined);
    const silences = (known ?? 0) + (is_jobs_fault ? 1 : 0);
    backlog.silences.set(job.id, silences);
    if (silences < jobs.settings.attempts) return step_back(delivery, job.id, LEAST_STEP_BACK_SECONDS);
    jobs.faults.report("failed", "job ", job.id, " was sent ", silences, " times, and the other end gave no answer");
    completion.finish(delivery, job.id, job.head, endings.failure("job_failed", "failed"));
}

/** The code of an error that this gateway has answered; nothing where that is none of its own. */
function code_of(answer: Answer): string {
    const [code] = string.match(string.sub(answer.body, 1, 100), '^{"error":{"code":"([%w_]+)"');
    return code === undefined ? "" : ` (${code})`;
}

/**
 * This gateway itself has answered: a check, a limit or a location that refuses deliveries. The job waits, others go first,
 * and where there is nothing but such answers all wait.
 */
function judge_refusal(delivery: Delivery, job: Job, answer: Answer): void {
    const { faults } = delivery.jobs;
    const why = `this gateway itself answers with status ${answer.status}${code_of(answer)}`;
    faults.report("refused", "job ", job.id, " waits, as ", why, "; see docs/jobs.md");
    delivery.failures += 1;
    delivery.paused_until = clock.now() + backoff.jittered(delivery.failures, REFUSED_PAUSE_SECONDS);
    const asked_seconds = retry_after.seconds(answer.headers["retry-after"]) ?? 0;
    const least_seconds = math.max(LEAST_STEP_BACK_SECONDS, math.min(asked_seconds, MOST_STEP_BACK_SECONDS));
    step_back(delivery, job.id, least_seconds);
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

/** No answer came from the gateway itself. Phases: timers; yields. */
export function judge_silence(delivery: Delivery, job: Job, err: string): void {
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

/** An answer came. Phases: timers; yields. */
export function judge(delivery: Delivery, job: Job, answer: Answer): void {
    const { figures, settings } = delivery.jobs;
    const link = answer.headers[string.lower(acceptance.LINK_HEADER)];
    if (link === "down") {
        figures.deliveries.get("link_down").inc();
        return hold(delivery, job.id, LINK_PAUSE_SECONDS);
    }
    if (link === "unanswered") {
        figures.deliveries.get("unanswered").inc();
        return judge_no_answer(delivery, job);
    }
    if (link === "stale") {
        figures.deliveries.get("stale").inc();
        return backlogs.postpone(delivery.backlog, job.id, clock.now() + STALE_SECONDS);
    }
    if (link !== "answered") {
        figures.deliveries.get("refused").inc();
        return judge_refusal(delivery, job, answer);
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
