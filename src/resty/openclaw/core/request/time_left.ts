/** How long the request at hand may still take, for all that could wait or try once more. Phases: all with a request. */
import * as clock from "../time/clock";
import * as request_state from "./request_state";

declare module "./request_state" {
    interface RequestState {
        /** When its time is over. */
        ends?: MonotonicTime | undefined;
        /** Whether its present try, or the last one, began with too little time. */
        has_short_try?: boolean | undefined;
    }
}

/** Gives the request so many seconds from now, in place of what it had. */
export function limit(seconds: number): void {
    request_state.open().ends = later(clock.now(), seconds);
}

/** The seconds that are left, below 0 when the time is over; nothing for a request without a limit. */
export function seconds(): number | undefined {
    const ends = request_state.present()?.ends;
    if (ends === undefined) return undefined;
    return ends - clock.now();
}

/** Notes with how much a try begins: whether so little that nobody is to blame for running out of it. */
export function begin_try(short: boolean): void {
    request_state.open().has_short_try = short;
}

/** Whether the present try, or the last one, began with too little time for its node to be blamed for a timeout. */
export function was_short(): boolean {
    const state = request_state.present();
    return state?.has_short_try === true && state.ends !== undefined;
}

/** Takes the limit back, where nobody forgets the request as a whole. Phases: log. */
export function forget(): void {
    const state = request_state.present();
    if (state === undefined) return;
    state.ends = undefined;
    state.has_short_try = undefined;
}
