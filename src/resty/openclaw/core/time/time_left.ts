/**
 * How long the request at hand may still take, for all that could wait or try once more. That stands in tables of the
 * worker, by request: unlike `ngx.ctx` it outlives internal redirects. Phases: all with a request.
 */
import * as clock from "./clock";
import * as request from "../request/request";

/** When the time is over, by the clock that nobody sets, which is that of nginx's timers too. */
const ends = new LuaTable<number, number>();
/** When the request began: a later one may be at the same place in memory. */
const beginnings = new LuaTable<number, number>();
/** Requests whose present try began with too little. */
const is_short = new LuaSet<number>();

/** Gives the request so many seconds from now, in place of what it had. */
export function limit(seconds: number): void {
    const key = request.key();
    ends.set(key, clock.now() + seconds);
    beginnings.set(key, request.started());
}

/** The seconds that are left, below 0 when the time is over; nothing for a request without a limit. */
export function seconds(): number | undefined {
    const key = request.key();
    const over_at = ends.get(key) as number | undefined;
    if (over_at === undefined || beginnings.get(key) !== request.started()) return undefined;
    return over_at - clock.now();
}

/** Notes with how much a try begins: whether so little that nobody is to blame for running out of it. */
export function begin_try(short: boolean): void {
    if (short) is_short.add(request.key());
    else is_short.delete(request.key());
}

/** Whether the present try, or the last one, began with too little time for its node to be blamed for a timeout. */
export function was_short(): boolean {
    return is_short.has(request.key()) && seconds() !== undefined;
}

/** Forgets the request; to be called when it ends. */
export function forget(): void {
    const key = request.key();
    is_short.delete(key);
    ends.delete(key);
    beginnings.delete(key);
}
