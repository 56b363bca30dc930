/**
 * What all workers know of a key, in the `lua_shared_dict` of the answers. A key without a record is one of which nothing is known, as
 * after a start of nginx: nginx's cache may have its answer.
 */
import * as clock from "../core/time/clock";
import * as rooms from "./room";

/** Nothing is known. */
export const NONE = 0;
/** nginx's cache has the answer; the record is when it was stored, in seconds since 1970. */
export const STORED = 1;
/** The answer is in shared memory; the record is its name there. */
export const KEPT = 2;
/** A node is sending the answer, which is read as it comes; the record is its name in shared memory. */
export const LIVE = 3;
/** Answers to this may not be stored, so requests do not wait for one another. */
export const PASSING = 4;
/** The last answer may or may not be in nginx's cache: the next request finds out, and the others wait. */
export const DOUBT = 5;
/** The process of the leader has died, and nginx's own lock of the key has outlived it. */
export const LOST = 6;
/** nginx's cache should have the answer, since when the record says: the next request finds out, and the others wait. */
export const LIKELY = 7;

/** The last answer broke off, perhaps because nginx could not store it: shared memory keeps the next one. */
export const CUT = 8;

/** How long nginx keeps that lock, at most, in seconds: `proxy_cache_lock_age` in nginx/cache.conf. */
const LOCK_SECONDS = 300;
/** For how many seconds nginx is not trusted with answers to what broke off. */
const CUT_SECONDS = 60;
/** What is stale is served by nginx alone for so many seconds before the gateway has one request ask again. */
const STALE_SECONDS = 1;
/** The shortest time that a record can have left. */
const LEAST_SECONDS = 0.001;
/** A record of what may not be stored ends after so many seconds: the next answer may be another one. */
const PASSING_SECONDS = 5;

/** Kinds of answers that are somewhere. */
function is_answer(kind: number | undefined): boolean {
    return kind === STORED || kind === KEPT || kind === LIKELY;
}

/** The record of a key, its kind, and whether there was an answer that is too old now. Phases: any. */
export function look(
    dict: ngx.SharedDict,
    key: string,
): LuaMultiReturn<[value: string | number | undefined, kind: number, is_stale: boolean]> {
    const [value, kind, is_stale] = dict.get_stale<string | number>(key);
    if (value === undefined) return $multi(undefined, NONE, false);
    if (is_stale) return $multi(undefined, NONE, is_answer(kind));
    return $multi(value, kind ?? NONE, false);
}

/** Notes that nginx's cache has the answer, since that time, as long as there is room for the record. Phases: any. */
export function note_stored(dict: ngx.SharedDict, key: string, made_at: WallTime): void {
    rooms.set(dict, key, made_at, 0, STORED);
}

/** Notes that nginx's cache has an answer that is stale. Phases: any. */
export function note_stale(dict: ngx.SharedDict, key: string, made_at: WallTime): void {
    rooms.set(dict, key, made_at, STALE_SECONDS, STORED);
}

/** Notes that an answer has come that nginx's cache should have from now on, for so many seconds; 0: without end. Phases: any. */
export function note_likely(dict: ngx.SharedDict, key: string, now: WallTime, seconds: number): void {
    rooms.set(dict, key, now, seconds, LIKELY);
}

/** Notes that nginx's cache does have what it should have. False if nothing like that is known. Phases: any. */
export function confirm(dict: ngx.SharedDict, key: string, has_end: boolean): boolean {
    const [value, kind] = look(dict, key);
    if (value === undefined || kind !== LIKELY) return false;
    if (!has_end) {
        rooms.set(dict, key, value, 0, STORED);
        return true;
    }
    const [left] = dict.ttl(key);
    if (left !== undefined) rooms.set(dict, key, value, math.max(LEAST_SECONDS, left), STORED);
    return true;
}

/** Notes that the answer of that name is kept for so many seconds. Phases: any. */
export function note_kept(dict: ngx.SharedDict, key: string, name: string, seconds: number): void {
    rooms.set(dict, key, name, seconds, KEPT);
}

/** Notes that the answer of that name is coming. Phases: any. */
export function note_live(dict: ngx.SharedDict, key: string, name: string, seconds: number): void {
    rooms.set(dict, key, name, seconds, LIVE);
}

/** Notes that answers may not be stored. Phases: any. */
export function note_passing(dict: ngx.SharedDict, key: string): void {
    rooms.set(dict, key, clock.now(), PASSING_SECONDS, PASSING);
}

/**
 * Notes that an answer has come of which only nginx.conf says whether it is stored. After two of them in succession, none of which nginx had
 * stored, requests do not wait for one another. Phases: any.
 */
export function note_doubt(dict: ngx.SharedDict, key: string): void {
    const [, kind] = look(dict, key);
    if (kind === DOUBT) return note_passing(dict, key);
    rooms.set(dict, key, clock.now(), PASSING_SECONDS, DOUBT);
}

/** Notes that an answer broke off. Phases: any. */
export function note_cut(dict: ngx.SharedDict, key: string): void {
    rooms.set(dict, key, clock.now(), CUT_SECONDS, CUT);
}

/** Notes that the leader has died, unless the answer is known already. Phases: any. */
export function note_lost(dict: ngx.SharedDict, key: string): void {
    rooms.add(dict, key, clock.now(), LOCK_SECONDS, LOST);
}

/** Forgets what is known, if it is still this. Phases: any. */
export function forget(dict: ngx.SharedDict, key: string, value: string | number): void {
    const [known] = dict.get<string | number>(key);
    if (known === value) dict.delete(key);
}
