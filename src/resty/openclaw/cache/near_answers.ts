/**
 * Answers to nearly the same picture, of requests that differ in nothing else. Where such an answer is, is noted in the `lua_shared_dict` of the
 * answers, under a number; `near_index` finds the numbers. What is noted has all that makes an answer the right one, so that it is never given
 * to anybody else, whatever the index says.
 */
import type { Region } from "../core/memory/shared_memory";
import * as shared_memory from "../core/memory/shared_memory";
import type { Counter } from "../core/metrics/metric_handles";
import * as metric_handles from "../core/metrics/metric_handles";
import type { Family, Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import type { CacheKey } from "../core/request/cache_key";
import * as cache_key from "../core/request/cache_key";
import * as near_picture from "../core/request/near_picture";
import * as clock from "../core/time/clock";
import type { AnswerHead } from "./answer_head";
import * as kept_answers from "./kept_answers";
import type { NearIndex } from "./near_index";
import * as near_index from "./near_index";
import type { Purges } from "./purges";
import * as purge_list from "./purges";

/** The picture of a request, whose answer may be that to another one, and the other way round. */
export interface Near {
    readonly hash: string;
    /** How many bits the other hash may differ. */
    readonly distance: number;
    /** How old the answer may be, in seconds. */
    readonly seconds: number;
    /** What else is asked, and by whom: a digest of all that is in the key but the picture. */
    readonly scope: string;
    /** Where the index has it: far from the same hash of another scope. */
    readonly low: number;
    readonly high: number;
    readonly purges: Purges | undefined;
}

/** What a route counts. */
export interface NearAnswers {
    readonly index: NearIndex;
    readonly route: string;
    readonly family: Family<Counter>;
    /** By distance. */
    readonly counters: LuaMap<number, Counter>;
    /** All of them. */
    readonly total: Counter;
}

/** An answer that may be given. */
export interface Found {
    readonly head: AnswerHead;
    readonly body: string;
    /** How many bits differ. */
    readonly distance: number;
}

/** Begins the names of what is noted in the dict; keys are hexadecimal, and names of answers have a `/`. */
const PREFIX = "near:";
/** How long the parts are: two digests, the hash between them, and the moment. The name of the answer comes after them. */
const DIGEST_DIGITS = 64;
const HASH_AT = DIGEST_DIGITS + 1;
const KEY_AT = HASH_AT + near_picture.DIGITS;
const TIME_AT = KEY_AT + DIGEST_DIGITS;
const NAME_AT = TIME_AT + 15;
const NOTE = "%s%s%s%015.3f%s";
/** How many numbers that lead nowhere a request takes out of the index before it asks a node. */
const MOST_TRIES = 4;

/** Those of all routes of a region. */
const indices = new LuaMap<Region, NearIndex>();

function index_of(region: Region): NearIndex {
    const known = indices.get(region);
    if (known !== undefined) return known;
    const made = near_index.new(region);
    indices.set(region, made);
    return made;
}

function total_in(region: Region, route: string): Counter {
    const [slot] = shared_memory.slot(region, `near answers of ${route}`);
    return metric_handles.counter(region, slot ?? shared_memory.LOST_SLOT);
}

/** What a route counts of them. Phases: init. */
function create(registry: Registry, route: string): NearAnswers {
    const family = metric_registry.counter(
        registry,
        "openclaw_cache_near_total",
        "Requests that were answered with the answer to nearly the same picture, by the bits in which the hashes differ.",
        ["route", "distance"],
    );
    const { region } = registry;
    return { index: index_of(region), route, family, counters: new LuaMap(), total: total_in(region, route) };
}
export { create as new };

/** Another value for each two models and rests. */
function said(model: string, rest: string): string {
    return `${model.length}:${model}${rest}`;
}

/** Whether a body is nothing but a picture. */
function is_picture(content_type: string | undefined): boolean {
    const [found] = string.find(string.lower(content_type ?? ""), "^image/");
    return found !== undefined;
}

/**
 * The picture of the request at hand, if one was noted and it is known what else is asked. Phases: access, after the key is made.
 * @param content_type what of it is in the key
 * @param model what the body says of it, where that is known
 */
export function of_request(
    key: CacheKey,
    content_type: string | undefined,
    model: string | undefined,
    generations: string,
    purges: Purges | undefined,
): Near | undefined {
    const picture = near_picture.take();
    if (picture === undefined) return undefined;
    const { hash, distance, seconds, rest } = picture;
    if (rest === undefined && !is_picture(content_type)) return undefined;
    const scope = cache_key.without_body(key, content_type, said(model ?? "", rest ?? ""), generations);
    if (scope === undefined) return undefined;
    const [low, high] = near_index.masked(hash, string.sub(scope, 1, near_picture.DIGITS));
    return { hash, distance, seconds, scope, low, high, purges };
}

/** Has an answer found by requests with nearly the same picture, for so many seconds. `age`: how old it is, in seconds. Phases: any. */
export function add(
    answers: NearAnswers,
    dict: ngx.SharedDict,
    near: Near,
    key: string,
    name: string,
    seconds: number,
    age: number,
): void {
    const number = near_index.next(answers.index);
    if (number === undefined) return;
    const note = string.format(NOTE, near.scope, near.hash, key, clock.now() - age, name);
    const [has_room] = dict.set(`${PREFIX}${number}`, note, seconds);
    // In this order: the number is to lead somewhere.
    if (has_room) near_index.put(answers.index, number, near.low, near.high);
}

/** Whether an operator has purged that answer alone. */
function is_purged(near: Near, key: string): boolean {
    const purges = near.purges;
    return purges !== undefined && purge_list.generation_of_key(purges, key) !== undefined;
}

/** The answer that a note leads to; nothing if it is none for this request, or gone. */
function read(dict: ngx.SharedDict, near: Near, note: string): Found | undefined {
    if (string.sub(note, 1, DIGEST_DIGITS) !== near.scope) return undefined;
    const distance = near_index.distance_of(near.hash, string.sub(note, HASH_AT, KEY_AT - 1));
    if (distance > near.distance || is_purged(near, string.sub(note, KEY_AT, TIME_AT - 1))) return undefined;
    const name = string.sub(note, NAME_AT);
    const head = kept_answers.head_of(dict, name);
    const body = kept_answers.body_of(dict, name);
    if (head === undefined || body === undefined) return undefined;
    return { head, body, distance };
}

function is_older(note: string, seconds: number): boolean {
    return clock.now() - tonumber(string.sub(note, TIME_AT, NAME_AT - 1))! > seconds;
}

/**
 * The answer to the nearest picture that is no older than so many seconds; of several equally near ones the last. What leads nowhere, as its answer was
 * forgotten, is taken out of the index. Nothing if there is none. Phases: any.
 */
export function find(answers: NearAnswers, dict: ngx.SharedDict, near: Near, seconds: number): Found | undefined {
    const index = answers.index;
    for (const _ of $range(1, MOST_TRIES)) {
        const number = near_index.search(index, near.low, near.high, near.distance, seconds);
        if (number === undefined) return undefined;
        const [note] = dict.get<string>(`${PREFIX}${number}`);
        if (note !== undefined) {
            if (is_older(note, seconds)) return undefined;
            const found = read(dict, near, note);
            if (found !== undefined) return found;
        }
        near_index.remove(index, number);
    }
    return undefined;
}

/** Counts an answer that is given. Phases: any. */
export function count(answers: NearAnswers, distance: number): void {
    let counter = answers.counters.get(distance);
    if (counter === undefined) {
        counter = answers.family.labels(answers.route, tostring(distance));
        answers.counters.set(distance, counter);
    }
    metric_handles.add(counter);
    metric_handles.add(answers.total);
}
