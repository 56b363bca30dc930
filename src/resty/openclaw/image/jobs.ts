/**
 * Conversions, each in a timer of its own: it goes on when its request has ended, and keeps its place until it is over. The request waits for
 * it on a semaphore.
 */
import * as semaphores from "ngx.semaphore";
import * as c_memory from "../core/memory/c_memory";
import type { Faults } from "../core/metrics/fault";
import * as metric_handles from "../core/metrics/metric_handles";
import type { Body } from "../core/request/request_body";
import * as time_left from "../core/request/time_left";
import * as clock from "../core/time/clock";
import type { Answer, Fetched, Order, Plan } from "./conversion/model";
import type { Figures } from "./figures";
import type { Source } from "./hand_over";
import * as hand_over from "./hand_over";
import type { Place, Places } from "./places";
import * as places_of from "./places";

/** Runs one conversion, wherever it does. */
export type Run = (this: void, order: Order, place: Place) => Answer;

export interface Setup {
    readonly places: Places;
    readonly run: Run;
    readonly plan: Plan;
    /** How long a request waits for a place, and then for its conversion. */
    readonly queue_seconds: number;
    readonly seconds: number;
    readonly figures: Figures;
    readonly faults: Faults;
}

export interface Jobs extends Setup {
    /** How long conversions took lately. */
    mean_seconds: number;
}

interface Job {
    readonly jobs: Jobs;
    readonly place: Place;
    readonly source: Source;
    readonly order: Order;
    readonly done: semaphores.Semaphore;
    answer: Answer | undefined;
    /** The body that the conversion has made: it is freed if nobody comes for it. */
    made: Bytes | undefined;
    /** Whether nobody waits for the answer any more. */
    is_given_up: boolean;
}

/** What became of a conversion, and the body that it has made, which the caller should free. */
export type Outcome = LuaMultiReturn<[answer: Answer, made: Bytes | undefined]>;

/** How much a conversion counts for the mean. */
const WEIGHT = 0.2;
const LEAST_RETRY_SECONDS = 1;
const MOST_RETRY_SECONDS = 60;

function failure(problem: string, message: string, detail?: string): Outcome {
    return $multi({ problem, message, detail }, undefined);
}

function work(this: void, _premature: boolean, job: Job): void {
    const { jobs, place, source, order, done } = job;
    const began = clock.now();
    const [ok, answer] = pcall(jobs.run, order, place);
    hand_over.release(source);
    places_of.give_back(jobs.places, place);
    ngx.update_time();
    const took = clock.now() - began;
    jobs.mean_seconds += WEIGHT * (took - jobs.mean_seconds);
    metric_handles.observe(jobs.figures.work_seconds, took);
    job.answer = ok ? (answer as Answer) : { problem: "failed", message: "", detail: tostring(answer) };
    const address = job.answer.memory;
    if (address !== undefined) job.made = c_memory.take_over(address);
    if (!job.is_given_up) return done.post(1);
    if (job.made !== undefined) c_memory.free(job.made);
}

/** After how many seconds there should be a place again. Phases: any. */
export function retry_after({ places, mean_seconds }: Jobs): number {
    const ahead = places_of.waiting(places) + places.all.length;
    const expected = math.ceil((ahead * mean_seconds) / places.all.length);
    return math.min(MOST_RETRY_SECONDS, math.max(LEAST_RETRY_SECONDS, expected));
}

/** Starts the job; why that failed, if it did. */
function start(job: Job): string | undefined {
    const [ok, err] = ngx.timer.at(0, work, job);
    return ok ? undefined : `no timer for it: ${err}`;
}

/** Waits for the end of a job that was started. */
function await_end(job: Job): Outcome {
    const { jobs, done } = job;
    done.wait(math.max(0, math.min(jobs.seconds, time_left.seconds() ?? math.huge)));
    if (job.answer !== undefined) return $multi(job.answer, job.made);
    job.is_given_up = true;
    return failure("image_timeout", "The conversion of the image took too long.");
}

function run_in_place(
    jobs: Jobs,
    place: Place,
    body: Body,
    content_type: string | undefined,
    fetched: Fetched[] | undefined,
): Outcome {
    const [source, source_err] = hand_over.take(body);
    if (source === undefined) {
        places_of.give_back(jobs.places, place);
        return failure("failed", "", source_err);
    }
    const [done, semaphore_err] = semaphores.new(0);
    const memory = source.memory === undefined ? undefined : c_memory.address_of(source.memory);
    const order: Order = { plan: jobs.plan, bytes: source.bytes, memory, file: source.file, content_type, fetched };
    const job: Job = {
        jobs,
        place,
        source,
        order,
        done: done!,
        answer: undefined,
        made: undefined,
        is_given_up: false,
    };
    const problem = done === undefined ? semaphore_err : start(job);
    if (problem !== undefined) {
        hand_over.release(source);
        places_of.give_back(jobs.places, place);
        return failure("failed", "", problem);
    }
    return await_end(job);
}

/** Converts a body, after a wait if too many conversions run. Phases: access; yields. Never raises. */
export function convert(jobs: Jobs, body: Body, content_type: string | undefined, fetched?: Fetched[]): Outcome {
    const began = clock.now();
    const [place, reason] = places_of.enter(
        jobs.places,
        math.max(0, math.min(jobs.queue_seconds, time_left.seconds() ?? math.huge)),
    );
    metric_handles.observe(jobs.figures.queue_seconds, clock.now() - began);
    if (place !== undefined) return run_in_place(jobs, place, body, content_type, fetched);
    if (reason === "full") return failure("image_queue_full", "Too many images wait for their conversion already.");
    return failure("image_queue_timeout", "Other images were converted for as long as the request may wait.");
}

/** Gives the body back that a conversion has made. Phases: any. */
export function free(made: Bytes): void {
    c_memory.free(made);
}

/** The conversions of a route. Phases: init. */
function create({ places, run, plan, queue_seconds, seconds, figures, faults }: Setup): Jobs {
    return { places, run, plan, queue_seconds, seconds, figures, faults, mean_seconds: 0 };
}
export { create as new };
