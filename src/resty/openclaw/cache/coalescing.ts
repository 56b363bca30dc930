/**
 * Requests that ask the same ask a node once. The first of them is the leader; the others wait, in whatever worker they are, and get its
 * answer from nginx's cache or from shared memory, or read it while it comes. When the leader fails, one of the others becomes the leader.
 */
import * as metric_handles from "../core/metrics/metric_handles";
import * as cache_status from "../core/request/cache_status";
import * as cached_answer from "../core/request/cached_answer";
import * as client_watch from "../core/request/client_watch";
import * as json_error from "../core/request/json_error";
import * as request from "../core/request/request";
import type { RequestState } from "../core/request/request_state";
import * as request_state from "../core/request/request_state";
import * as time_left from "../core/request/time_left";
import * as clock from "../core/time/clock";
import type { AnswerHead } from "./answer_head";
import * as heads from "./answer_head";
import type { Asking } from "./asking";
import * as askings from "./asking";
import * as awaited_keys from "./awaited_keys";
import * as kept_answers from "./kept_answers";
import * as leadership from "./leadership";
import * as live_streams from "./live_streams";
import * as lookout from "./lookout";
import type { Near } from "./near_answers";
import * as near_answers from "./near_answers";
import * as records from "./records";
import type { RedisTier } from "./redis_tier";
import * as redis_tiers from "./redis_tier";
import * as replays from "./replay";
import type { Wish } from "./request_control";
import type { Following, Store } from "./store";

/** Says that nginx is not to look into its cache. */
export const REFRESH = "openclaw_cache_refresh";
const MISS = "MISS";
const EXPIRED = "EXPIRED";
const OK = 200;
const GATEWAY_TIMEOUT = 504;
const NOT_CACHED = "not_cached";
const NO_ANSWER = "There is no answer in the cache.";

/** How long a request waits before it looks itself, in seconds. */
const WAIT_SECONDS = 1;
const LEAST_SECONDS = 0.001;

function count(store: Store, following: Following): void {
    metric_handles.add(store.following[following]);
}

function ask_anew(): void {
    request.set_variable(REFRESH, "1");
}

/** Nothing is known of such an answer afterwards. */
function ask_alone({ seconds }: Wish, state: RequestState): void {
    ask_anew();
    state.is_unfinished = true;
    // nginx would keep it for longer.
    if (seconds !== undefined) request.set_variable(askings.NO_STORE, "1");
}

/** Whether an answer is young enough for the client; notes it if it is not. */
function is_young(made_at: number, { max_age }: Wish, state: RequestState): boolean {
    if (max_age === undefined || request.now() - made_at <= max_age) return true;
    state.wants_other = true;
    return false;
}

/** Answers from shared memory, if the answer is there and young enough. */
function answer_kept(store: Store, name: string, wish: Wish, state: RequestState, has_waited: boolean): void {
    const head = kept_answers.head_of(store.dict, name);
    if (head === undefined || !is_young(head.made_at, wish, state)) return;
    const body = kept_answers.body_of(store.dict, name);
    if (body === undefined) return;
    if (has_waited) count(store, "answered");
    replays.send_whole(head, body);
}

/**
 * Sees to it that nobody waits for a stream that cannot be read: its leader has died, or shared memory has lost what is needed. The leader
 * itself forgets the stream before it ends.
 */
function pass_by({ dict }: Store, key: string, name: string): void {
    const [value] = records.look(dict, key);
    if (value !== name) return;
    if (!leadership.is_dead(name)) return records.note_passing(dict, key);
    records.forget(dict, key, name);
    records.note_lost(dict, key);
    leadership.give_up(dict, key, name);
}

/** Answers with a stream that is coming; returns if it cannot, or nothing comes until that time, before anything was sent. */
function answer_live(store: Store, key: string, name: string, state: RequestState, latest: MonotonicTime): void {
    const head = kept_answers.head_of(store.dict, name);
    const live = head === undefined ? undefined : live_streams.join(store.dict, name, store.limit);
    if (live === undefined) return pass_by(store, key, name);
    state.cache_live = live;
    state.is_unfinished = true;
    count(store, "live");
    replays.send_live(live, head!, latest, () => lookout.keep(store));
    state.cache_live = undefined;
    live_streams.leave(live);
    if (live.state !== live_streams.COMING) pass_by(store, key, name);
}

/** Waits until the leader has its answer or fails. False when the request has waited long enough, or cannot wait. */
function wait(store: Store, key: string, latest: MonotonicTime): boolean {
    const awaited = awaited_keys.join(store.dict, key);
    if (awaited === undefined) return false;
    while (true) {
        const now = clock.now();
        const left = math.min(latest - now, time_left.seconds() ?? math.huge);
        if (left <= 0) return false;
        lookout.keep(store);
        // nginx counts in milliseconds: a wait of less would end at once, and time would stand still.
        if (awaited_keys.wait(awaited, math.max(LEAST_SECONDS, math.min(WAIT_SECONDS, left)))) return true;
    }
}

/** Gives an answer that another gateway has learned, and that is kept here now, to those with nearly the same picture. */
function offer(asking: Asking, near: Near, head: AnswerHead, seconds: number): void {
    const { store, key, name } = asking;
    const age = math.max(0, request.now() - head.made_at);
    const left = math.min(seconds, near.seconds - age);
    if (head.status === OK && left > 0) near_answers.add(store.near, store.dict, near, key, name, left, age);
}

/** Answers with what another gateway has learned, if it is young enough, and keeps it here. */
function answer_from_tier(tier: RedisTier, state: RequestState, near: Near | undefined, wish: Wish): void {
    const asking = state.cache_asking!;
    const { store, key, name } = asking;
    const found = redis_tiers.read(tier, key);
    if (found === undefined) return;
    const { body, seconds } = found;
    const head = heads.read(found.head);
    if (head === undefined || !is_young(head.made_at, wish, state)) return;
    const is_kept = kept_answers.keep(store.dict, name, found.head, body, seconds);
    if (is_kept) {
        records.note_kept(store.dict, key, name, seconds);
        if (near !== undefined) offer(asking, near, head, seconds);
    }
    askings.leave(state);
    replays.send_whole(head, body);
}

/** Answers with what was said of nearly the same picture, if that is young enough. */
function answer_near(store: Store, state: RequestState, near: Near, wish: Wish, has_waited: boolean): void {
    const seconds = math.min(near.seconds, wish.max_age ?? math.huge);
    const found = near_answers.find(store.near, store.dict, near, seconds);
    if (found === undefined || !is_young(found.head.made_at, wish, state)) return;
    if (has_waited) count(store, "answered");
    near_answers.count(store.near, found.distance);
    // Nobody asks what this request asks.
    askings.leave(state);
    replays.send_near(found.head, found.body, found.distance);
}

/** Notes that a request wants no answer that the cache has. Phases: access. */
export function refuse_cached(): void {
    request_state.open().wants_other = true;
}

/** Refuses a request that wants no node to be asked. Phases: access; never returns. */
export function refuse_uncached(): never {
    return json_error.respond(GATEWAY_TIMEOUT, NOT_CACHED, NO_ANSWER);
}

/** Has nginx answer from its cache. */
function pass_on(store: Store, key: string, state: RequestState, wish: Wish): void {
    state.cache_key = key;
    state.cache_store = store;
    if (wish.is_only_cached) state.is_only_cached = true;
    // It is to wait for no node.
    cached_answer.expect(state);
}

/** The first request after an answer finds out whether nginx's cache has it. False if another one is about to. */
function find_out(store: Store, key: string, state: RequestState, wish: Wish): boolean {
    if (!wish.is_only_cached && !askings.try_to_lead(store, key, state, wish.seconds)) return false;
    pass_on(store, key, state, wish);
    return true;
}

/** Looks once; returns whether it is decided how the request goes on. Ends the request if it can be answered at once. */
function decide(
    store: Store,
    key: string,
    wish: Wish,
    state: RequestState,
    latest: MonotonicTime,
    has_waited: boolean,
): boolean {
    const { dict } = store;
    const [value, kind, is_stale] = records.look(dict, key);
    if (kind === records.PASSING) {
        if (wish.is_only_cached) return refuse_uncached();
        ask_alone(wish, state);
        return true;
    }
    let is_known = false;
    if (!wish.is_fresh) {
        if (kind === records.STORED && is_young(value as number, wish, state)) {
            pass_on(store, key, state, wish);
            return true;
        }
        if (kind === records.LIKELY && is_young(value as number, wish, state)) return find_out(store, key, state, wish);
        if (kind === records.KEPT) answer_kept(store, value as string, wish, state, has_waited);
        if (kind === records.LIVE && !wish.is_only_cached) answer_live(store, key, value as string, state, latest);
        is_known = kind !== records.NONE && kind !== records.DOUBT;
    }
    let near = state.cache_near;
    if (wish.is_fresh) near = undefined;
    // What is asked itself comes first: other gateways may have learned it.
    const is_first_in_tier = store.tier !== undefined && !wish.is_only_cached;
    if (near !== undefined && !is_first_in_tier) answer_near(store, state, near, wish, has_waited);
    if (wish.is_only_cached) return refuse_uncached();
    if (!askings.try_to_lead(store, key, state, wish.seconds)) return false;
    if (kind === records.CUT) state.cache_asking!.avoids_nginx = true;
    if (store.tier !== undefined && !wish.is_fresh) {
        answer_from_tier(store.tier, state, near, wish);
        if (near !== undefined) answer_near(store, state, near, wish, has_waited);
    }
    // nginx's cache may have an answer of whose age nothing is known, or which is too old.
    if (wish.is_fresh) {
        ask_anew();
    } else if (is_known || store.seconds !== undefined || wish.max_age !== undefined) {
        ask_anew();
        cache_status.note(is_stale ? EXPIRED : MISS);
    }
    return true;
}

/**
 * Decides how a request with a key goes on: as the leader, from the cache, or after a wait. Ends it where it can be answered from shared
 * memory. Phases: access; yields. Never raises.
 * @param near its picture, if it may be answered as nearly the same ones
 */
export function enter(store: Store, key: string, wish: Wish, near?: Near): void {
    const state = request_state.open();
    askings.leave(state);
    state.cache_near = near;
    const latest = later(clock.now(), store.wait_seconds);
    if (wish.is_fresh) state.wants_other = true;
    if (decide(store, key, wish, state, latest, false)) return;
    // A request that wants a new answer gets none that was asked for before.
    if (wish.is_fresh) return ask_alone(wish, state);
    do {
        if (!wait(store, key, latest)) {
            if ((time_left.seconds() ?? 1) <= 0) return json_error.too_late();
            count(store, "alone");
            return ask_alone(wish, state);
        }
    } while (!decide(store, key, wish, state, latest, true));
    count(store, state.cache_key === undefined ? "alone" : "answered");
}

/**
 * When nginx's cache does not have what it was expected to have, the request asks a node, as the leader if there is none. Returns false if
 * no node is to be asked. Phases: balancer.
 */
export function before_balance(): boolean {
    const state = request_state.present();
    if (state === undefined) return true;
    const { cache_key, cache_store } = state;
    if (cache_key !== undefined) {
        state.cache_key = undefined;
        cache_store!.dict.delete(cache_key);
        if (state.is_only_cached === true) {
            json_error.say_without_node(GATEWAY_TIMEOUT, NOT_CACHED, NO_ANSWER);
            return false;
        }
        if (state.cache_asking !== undefined) state.cache_asking.was_expected = true;
        else askings.try_to_lead(cache_store!, cache_key, state, undefined);
    }
    // Its answer is for others, too.
    if (state.cache_asking?.leads === true) client_watch.ignore();
    return true;
}
