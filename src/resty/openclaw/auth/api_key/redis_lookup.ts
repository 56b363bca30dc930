/** Asks Redis for API keys: one question for all requests with the same key, few at the same time, and fewer while Redis fails. */
import type { Semaphore } from "ngx.semaphore";
import * as semaphore from "ngx.semaphore";
import type { Faults } from "../../core/metrics/fault";
import * as clock from "../../core/time/clock";
import type { Redis } from "../../redis_client";
import * as redis_client from "../../redis_client";
import type { Places } from "../../redis_client/places";
import * as places from "../../redis_client/places";
import type { Caller, Verdict } from "../model";
import * as redis_records from "./redis_record";

/** A question that is under way. */
interface Question {
    readonly done: Semaphore;
    /** How many requests wait for its answer. */
    waiting: number;
    /** Whether Redis has answered. */
    is_answered: boolean;
    is_over: boolean;
    /** Who has the key; nothing where nobody has it. */
    caller: Caller | undefined;
}

export interface Lookup {
    readonly redis: Redis;
    readonly faults: Faults;
    /** What comes before the digest in the name of a key's hash. */
    readonly prefix: string;
    readonly timeout_seconds: number;
    /** By the digest of the key. */
    readonly questions: LuaMap<string, Question>;
    readonly places_of_new: Places;
    readonly places_of_known: Places;
    /** Whether Redis did not answer the last question. */
    is_failing: boolean;
    /** While Redis fails: when it is asked again, with one question. */
    ask_again_at: MonotonicTime;
}

const SECONDS_BETWEEN_FAILURES = 1;
/** Questions at the same time, in each worker. Clients with random keys take no place from keys that were known before. */
const MOST_QUESTIONS_OF_NEW_KEYS = 96;
const MOST_QUESTIONS_OF_KNOWN_KEYS = 32;
/** A question that was not even given up in that time was ended from outside. */
const SECONDS_MORE = 0.2;

/** Phases: init. */
function create(redis: Redis, faults: Faults, prefix: string, timeout_seconds: number): Lookup {
    return {
        redis,
        faults,
        prefix,
        timeout_seconds,
        questions: new LuaMap(),
        places_of_new: places.new(MOST_QUESTIONS_OF_NEW_KEYS),
        places_of_known: places.new(MOST_QUESTIONS_OF_KNOWN_KEYS),
        is_failing: false,
        ask_again_at: 0 as MonotonicTime,
    };
}
export { create as new };

/** Reports what Redis says, which may repeat the command and so the digest of a key. */
function report(lookup: Lookup, err: string, digest: string): void {
    const [repeats] = string.find(err, digest, 1, true);
    lookup.faults.report("redis", "no API keys from Redis: ", repeats === undefined ? err : "it refuses HGETALL");
}

function take_reply(lookup: Lookup, words: readonly unknown[], question: Question): void {
    question.is_answered = true;
    if (words.length === 0) return;
    const [caller, wrong] = redis_records.caller_of(words);
    if (caller === undefined) lookup.faults.report("api_key", "an API key in Redis is not used: ", wrong);
    question.caller = caller;
}

function take_error(lookup: Lookup, digest: string, err: string, question: Question): void {
    const [is_other_type] = string.find(err, "^WRONGTYPE");
    question.is_answered = is_other_type !== undefined;
    if (question.is_answered) {
        lookup.faults.report("api_key", "an API key in Redis is not used: it is no hash");
        return;
    }
    lookup.ask_again_at = later(clock.now(), SECONDS_BETWEEN_FAILURES);
    report(lookup, err, digest);
}

function is_pausing(lookup: Lookup): boolean {
    return lookup.is_failing && clock.now() < lookup.ask_again_at;
}

function ask(lookup: Lookup, digest: string, question: Question): void {
    lookup.ask_again_at = later(clock.now(), lookup.timeout_seconds + SECONDS_MORE);
    const [reply, err] = redis_client.ask(lookup.redis, lookup.timeout_seconds, "hgetall", lookup.prefix + digest);
    if (type(reply) === "table") take_reply(lookup, reply as unknown[], question);
    else take_error(lookup, digest, err ?? "its reply is no list", question);
    lookup.is_failing = !question.is_answered;
}

/** Waits for a place, and asks, unless Redis has failed meanwhile. */
function ask_in_turn(lookup: Lookup, digest: string, was_known: boolean, question: Question): void {
    const its_places = was_known ? lookup.places_of_known : lookup.places_of_new;
    const deadline = later(clock.now(), lookup.timeout_seconds);
    const place = its_places.take(lookup.timeout_seconds + SECONDS_MORE, deadline);
    if (place === undefined) {
        lookup.faults.report("redis", "no API keys from Redis: too many look-ups at the same time");
        return;
    }
    if (!is_pausing(lookup)) ask(lookup, digest, question);
    its_places.give_back(place);
}

/** Asks, and tells those who wait for the same key. Nothing where Redis is not to be asked now. */
function try_to_ask(lookup: Lookup, digest: string, was_known: boolean): Question | undefined {
    if (is_pausing(lookup)) return undefined;
    const [done] = semaphore.new();
    if (done === undefined) return undefined;
    const question: Question = { done, waiting: 0, is_answered: false, is_over: false, caller: undefined };
    lookup.questions.set(digest, question);
    ask_in_turn(lookup, digest, was_known, question);
    question.is_over = true;
    if (lookup.questions.get(digest) === question) lookup.questions.delete(digest);
    if (question.waiting > 0) question.done.post(question.waiting);
    return question;
}

/** Waits for the answer to another request's question. */
function wait(lookup: Lookup, digest: string, question: Question): void {
    question.waiting += 1;
    // It waits for a place, and then for Redis.
    question.done.wait(2 * lookup.timeout_seconds + SECONDS_MORE);
    // Its request was ended in the middle, as when a client leaves: the next one asks anew.
    if (!question.is_over && lookup.questions.get(digest) === question) lookup.questions.delete(digest);
}

/**
 * Who has the key with this digest. "unknown_key": nobody; "unavailable": Redis does not answer. `was_known`: whether it was known before.
 * Phases: those that may yield. Never raises.
 */
export function find(lookup: Lookup, digest: string, was_known: boolean): Verdict {
    let question = lookup.questions.get(digest);
    if (question !== undefined) wait(lookup, digest, question);
    else question = try_to_ask(lookup, digest, was_known);
    if (question?.is_answered !== true) return $multi(undefined, "unavailable");
    if (question.caller === undefined) return $multi(undefined, "unknown_key");
    return $multi(question.caller);
}
