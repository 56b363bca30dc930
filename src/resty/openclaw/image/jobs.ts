/**
 * Conversions, each in a timer of its own: it goes on when its request has ended, and keeps its place until it is over. The request waits for
 * it on a semaphore.
 */
import * as semaphores from "ngx.semaphore";
import * as c_memory from "../core/memory/c_memory";
import type { Faults } from "../core/metrics/fault";
import * as metric_handles from "../core/metrics/metric_handles";
import type { Body } from "../core/request/request_body";
import type { RequestState } from "../core/request/request_state";
import * as request_state from "../core/request/request_state";
import * as time_left from "../core/request/time_left";
import * as clock from "../core/time/clock";
import type { Answer, Fetched, Order, Plan } from "./conversion/model";
import type { Figures } from "./figures";
import type { Source } from "./hand_over";
import * as hand_over from "./hand_over";
import type { Place, Places } from "./places";
import * as places_of from "./places";
import type { Picture } from "./remote";
import * as remotes from "./remote";

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

/** An image that was fetched for a body. */
export interface FetchedPicture {
    readonly address: string;
    readonly picture: Picture;
}

interface Job {
    readonly jobs: Jobs;
    readonly place: Place;
    /** Its body; nothing before there is a place for it, and once it was given back. */
    source: Source | undefined;
    order: Order | undefined;
    /** Keeps what the order points to. */
    readonly pictures: readonly FetchedPicture[];
    readonly done: semaphores.Semaphore;
    /** Whether its timer runs, which gives back what it takes. */
    is_begun: boolean;
    answer: Answer | undefined;
    /** The body that the conversion has made. */
    made: Bytes | undefined;
    /** Whether nobody waits for the answer any more. */
    is_given_up: boolean;
}

declare module "../core/request/request_state" {
    interface RequestState {
        /** Its conversion, until it is over and what it has made was given back. */
        image_job?: Job | undefined;
    }
}

/** What became of a conversion, and the body that it has made, which the caller has to `free`. */
export type Outcome = LuaMultiReturn<[answer: Answer, made: Bytes | undefined]>;

/** How much a conversion counts for the mean. */
const WEIGHT = 0.2;
const NO_TIMER = "nginx has not run the timer of a conversion: there are more than lua_max_running_timers allows";
const LEAST_RETRY_SECONDS = 1;
const MOST_RETRY_SECONDS = 60;

function failure(problem: string, message: string, detail?: string): Outcome {
    return $multi({ problem, message, detail }, undefined);
}

/** Gives back the body, and the place. */
function release(job: Job): void {
    const { jobs, place, source } = job;
    job.source = undefined;
    if (source !== undefined) hand_over.release(source);
    places_of.give_back(jobs.places, place);
}

function free_made(job: Job): void {
    const { made } = job;
    job.made = undefined;
    if (made !== undefined) c_memory.free(made);
}

/** Nobody waits for the answer any more. One that was not begun never will be. */
function give_up(job: Job): void {
    if (!job.is_begun && !job.is_given_up) release(job);
    job.is_given_up = true;
    free_made(job);
}

function work(this: void, _premature: boolean, job: Job): void {
    if (job.is_given_up) return;
    job.is_begun = true;
    const { jobs, place, order, done } = job;
    const began = clock.now();
    const [ok, answer] = pcall(jobs.run, order!, place);
    release(job);
    ngx.update_time();
    const took = clock.now() - began;
    jobs.mean_seconds += WEIGHT * (took - jobs.mean_seconds);
    metric_handles.observe(jobs.figures.work_seconds, took);
    job.answer = ok ? (answer as Answer) : { problem: "failed", message: "", detail: tostring(answer) };
    const address = job.answer.memory;
    if (address !== undefined) job.made = c_memory.take_over(address);
    if (job.is_given_up) free_made(job);
    else done.post(1);
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

/** The images as a conversion gets them. */
function fetched_of(pictures: readonly FetchedPicture[]): Fetched[] {
    const all: Fetched[] = [];
    for (const { address, picture } of pictures) {
        const memory = remotes.memory_of(picture);
        if (memory !== undefined) all.push({ address, memory: c_memory.address_of(memory), bytes: picture.bytes });
    }
    return all;
}

/** The job is the request's no more. */
function end(job: Job): void {
    request_state.open().image_job = undefined;
    give_up(job);
}

/** Waits for the end of a job that was started. */
function await_end(job: Job): Outcome {
    const { jobs, done } = job;
    const seconds = math.max(0, math.min(jobs.seconds, time_left.seconds() ?? math.huge));
    done.wait(seconds);
    const { answer, made, is_begun } = job;
    if (answer !== undefined) {
        if (made === undefined) end(job);
        return $multi(answer, made);
    }
    end(job);
    if (!is_begun && seconds === jobs.seconds) jobs.faults.report("timer", NO_TIMER);
    return failure("image_timeout", "The conversion of the image took too long.");
}

/** Hands the body over, and starts the job. Returns why that failed, if it did. Yields: the client may leave meanwhile. */
function begin(job: Job, body: Body, content_type: string | undefined): string | undefined {
    const [source, err] = hand_over.open(body);
    if (source === undefined) return err;
    job.source = source;
    const problem = hand_over.fill(source, body);
    if (problem !== undefined) return problem;
    const { bytes, file } = source;
    const memory = source.memory === undefined ? undefined : c_memory.address_of(source.memory);
    job.order = { plan: job.jobs.plan, bytes, memory, file, content_type, fetched: fetched_of(job.pictures) };
    return start(job);
}

function run_in_place(
    jobs: Jobs,
    place: Place,
    body: Body,
    content_type: string | undefined,
    pictures: readonly FetchedPicture[],
): Outcome {
    const [done, semaphore_err] = semaphores.new(0);
    if (done === undefined) {
        places_of.give_back(jobs.places, place);
        return failure("failed", "", semaphore_err);
    }
    const job: Job = {
        jobs,
        place,
        source: undefined,
        order: undefined,
        pictures,
        done,
        is_begun: false,
        answer: undefined,
        made: undefined,
        is_given_up: false,
    };
    const state = request_state.open();
    state.image_job = job;
    // Its client may leave.
    state.is_unfinished = true;
    const problem = begin(job, body, content_type);
    if (problem === undefined) return await_end(job);
    end(job);
    return failure("failed", "", problem);
}

/** Converts a body, after a wait if too many conversions run. Phases: access; yields. Never raises. */
export function convert(
    jobs: Jobs,
    body: Body,
    content_type: string | undefined,
    pictures: readonly FetchedPicture[],
): Outcome {
    const began = clock.now();
    const [place, reason] = places_of.enter(
        jobs.places,
        math.max(0, math.min(jobs.queue_seconds, time_left.seconds() ?? math.huge)),
    );
    metric_handles.observe(jobs.figures.queue_seconds, clock.now() - began);
    if (place !== undefined) return run_in_place(jobs, place, body, content_type, pictures);
    if (reason === "full") return failure("image_queue_full", "Too many images wait for their conversion already.");
    return failure("image_queue_timeout", "Other images were converted for as long as the request may wait.");
}

/** Gives the body back that the conversion of the request at hand has made. Phases: access. */
export function free(): void {
    const job = request_state.present()?.image_job;
    if (job !== undefined) end(job);
}

function leave(this: void, state: RequestState): void {
    const job = state.image_job;
    if (job === undefined) return;
    state.image_job = undefined;
    give_up(job);
}

/** The conversions of a route. Phases: init. */
function create({ places, run, plan, queue_seconds, seconds, figures, faults }: Setup): Jobs {
    return { places, run, plan, queue_seconds, seconds, figures, faults, mean_seconds: 0 };
}
export { create as new };

request_state.when_forgotten(leave);
request_state.when_lost(leave);
