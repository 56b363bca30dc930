/**
 * What a request asks a node for the others as well, from the moment it is the leader of its key until it has given up the lead. Whatever
 * becomes of the request, it ends what others wait for.
 */
import * as client_watch from "../core/request/client_watch";
import type { RequestState } from "../core/request/request_state";
import * as request_state from "../core/request/request_state";
import * as leadership from "./leadership";
import type { Live } from "./live_streams";
import * as live_streams from "./live_streams";
import type { Near } from "./near_answers";
import type { Recording } from "./recording";
import * as recordings from "./recording";
import * as records from "./records";
import type { Store } from "./store";

/** A request that asks a node, or nginx's cache, of which nothing is known. */
export interface Asking {
    readonly store: Store;
    readonly key: string;
    readonly name: string;
    /** For how many seconds the client lets the answer be kept. */
    readonly seconds: number | undefined;
    /** What is known of its picture; nothing where nearly the same ones do not share answers. */
    readonly near: Near | undefined;
    /** Whether others wait for it. */
    leads: boolean;
    recording: Recording | undefined;
    /** Whether shared memory is to keep the answer, and not nginx. */
    is_kept: boolean;
    /** Whether nginx is to store none, as it may have failed to store the last one. */
    avoids_nginx: boolean;
    /** Whether nginx is storing the answer. */
    is_in_nginx: boolean;
    /** Whether nginx's cache has the answer. */
    is_from_cache: boolean;
    /** Whether nginx's cache was expected to have it, as the last answer should have been stored. */
    was_expected: boolean;
    /** Whether all of the answer has come. */
    has_ended: boolean;
    /** Its status then, if nginx may store it. */
    status: number;
    is_settled: boolean;
}

declare module "../core/request/request_state" {
    interface RequestState {
        /** What it asks. */
        cache_asking?: Asking | undefined;
        /** The key whose answer nginx's cache has, and the store. */
        cache_key?: string | undefined;
        cache_store?: Store | undefined;
        /** Its picture, if answers to nearly the same ones are given. */
        cache_near?: Near | undefined;
        /** Whether no node is to be asked. */
        is_only_cached?: boolean | undefined;
        /** Whether its client does not want what the cache has. */
        wants_other?: boolean | undefined;
        /** The stream that it reads. */
        cache_live?: Live | undefined;
    }
}

/** Says that nginx is not to store the response. */
export const NO_STORE = "openclaw_cache_no_store";

/**
 * Tries to make the request the leader of its key. Returns whether it asks, as the leader or because there is no room to note one. Phases:
 * access, balancer.
 */
export function try_to_lead(store: Store, key: string, state: RequestState, seconds: number | undefined): boolean {
    const name = leadership.new_name();
    const asking: Asking = {
        store,
        key,
        name,
        seconds,
        near: state.cache_near,
        leads: false,
        recording: undefined,
        is_kept: false,
        avoids_nginx: false,
        is_in_nginx: false,
        is_from_cache: false,
        was_expected: false,
        has_ended: false,
        status: 0,
        is_settled: false,
    };
    if (store.coalesces) {
        const [is_taken, err] = leadership.take(store.dict, key, name);
        if (!is_taken && err === undefined) return false;
        if (err !== undefined) store.faults.report("no_room", "the lua_shared_dict of the answers: ", err);
        asking.leads = is_taken;
    }
    state.cache_asking = asking;
    state.is_unfinished = true;
    return true;
}

/** Gives up the lead. Phases: any with a request, timer. */
export function give_up(asking: Asking): void {
    if (!asking.leads) return;
    asking.leads = false;
    leadership.give_up(asking.store.dict, asking.key, asking.name);
}

/** Ends what a request still has to do with others, whatever has become of it. Phases: any with a request. Never raises. */
export function leave(state: RequestState): void {
    const { cache_asking, cache_live } = state;
    state.cache_key = undefined;
    state.cache_store = undefined;
    state.cache_near = undefined;
    if (cache_live !== undefined) {
        state.cache_live = undefined;
        live_streams.leave(cache_live);
    }
    if (cache_asking === undefined) return;
    state.cache_asking = undefined;
    const { recording, store, key, name, is_in_nginx, has_ended } = cache_asking;
    if (is_in_nginx && !has_ended && !client_watch.has_left()) records.note_cut(store.dict, key);
    if (recording !== undefined) {
        // First: who finds a stream that cannot be read while it is known has others not wait.
        records.forget(store.dict, key, name);
        recordings.finish(recording);
    }
    give_up(cache_asking);
}

request_state.when_forgotten(leave);
request_state.when_lost(leave);
