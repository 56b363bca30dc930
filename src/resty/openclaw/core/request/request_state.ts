/**
 * What the modules know of each request under way: one table a request, in which each module has fields of its own. It is
 * found by the request's place in memory: unlike `ngx.ctx` it outlives internal redirects.
 *
 * A module declares its fields where it uses them, so that the compiler knows all of them and this module knows none:
 *
 *     declare module "../core/request/request_state" {
 *         interface RequestState { first_byte_at?: WallTime | undefined }
 *     }
 */
import table_clear = require("table.clear");
import * as request from "./request";

export interface RequestState {
    /** When the request began: a later one may be at the same place. */
    began: WallTime;
    /** Whether it was opened before the access phase. */
    is_early?: boolean | undefined;
    /** The rate that the caller's API key allows, such as `600/minute`, for who limits requests. */
    rate_of_key?: string | undefined;
    /**
     * Whether a module has something yet to do when the request is forgotten: an internal redirect may have led to where the module does
     * not take part. See `when_forgotten`.
     */
    is_unfinished?: boolean | undefined;
}

type Ending = (this: void, state: RequestState) => void;

const states = new LuaMap<number, RequestState>();

/** Whether `open` has just made the state that it returned. */
let is_new = false;

/** Tables to be used again: where a request has ended none is made for the next. */
const idle: RequestState[] = [];
let idle_count = 0;
/** More than these are left to the garbage collector. */
const MOST_IDLE = 256;

const losses: Ending[] = [];
const ends: Ending[] = [];

/**
 * Has a function called with the state of each request that ended without a log phase of ours, once another request takes its
 * place. It must not raise. Phases: any, usually where a module is loaded.
 */
export function when_lost(work: Ending): void {
    losses.push(work);
}

/**
 * Has a function called with the state of each request that is `is_unfinished` when it is forgotten. It must not raise. Phases: any, usually
 * where a module is loaded.
 */
export function when_forgotten(work: Ending): void {
    ends.push(work);
}

/** Has the modules do what they have yet to do. */
function finish(state: RequestState): void {
    for (const work of ends) work(state);
}

/** Whether a module has left anything in it. */
function is_in_use(state: RequestState): boolean {
    for (const [field] of pairs(state as unknown as Record<string, unknown>)) if (field !== "began") return true;
    return false;
}

/** Has the modules release what a request holds that ended without a log phase of ours. */
function lose(state: RequestState): void {
    if (is_in_use(state)) for (const work of losses) work(state);
}

/** Makes the state of a lost request that of the present one. */
function take_over(state: RequestState, began: WallTime): void {
    lose(state);
    table_clear(state);
    state.began = began;
}

/** The state of the request at hand; nothing where no module has opened it. Phases: all with a request. */
export function present(): RequestState | undefined {
    const state = states.get(request.key());
    if (state === undefined || state.began !== request.started()) return undefined;
    return state;
}

function make(began: WallTime): RequestState {
    if (idle_count === 0) return { began };
    const state = idle[idle_count - 1]!;
    idle_count -= 1;
    state.began = began;
    return state;
}

/** The same, made where there is none. Phases: all with a request. */
export function open(): RequestState {
    const key = request.key();
    const began = request.started();
    const known = states.get(key);
    is_new = known === undefined;
    if (known !== undefined) {
        if (known.began !== began) take_over(known, began);
        return known;
    }
    const state = make(began);
    states.set(key, state);
    return state;
}

/**
 * The same, at the beginning of a request's access phase: a state that is there already is one that an earlier request has left,
 * which may have begun in the same millisecond. It is the request's own only after an internal redirect, or if a module has
 * opened it in the rewrite phase (`is_early`). Phases: access.
 */
export function enter(): RequestState {
    const state = open();
    if (is_new || state.is_early === true || ngx.req.is_internal()) return state;
    take_over(state, state.began);
    return state;
}

/**
 * Forgets the request at hand. The gateway does so after its last plugin. Where plugins stand alone each takes its own fields
 * back, as none of them knows which one is the last; the empty table serves the next request at the same place. Phases: log.
 */
export function forget(): void {
    const key = request.key();
    const state = states.get(key);
    if (state === undefined) return;
    states.delete(key);
    // The request at hand has none of its own then.
    if (state.began !== request.started()) lose(state);
    else if (state.is_unfinished === true) finish(state);
    if (idle_count === MOST_IDLE) return;
    table_clear(state);
    idle[idle_count] = state;
    idle_count += 1;
}
