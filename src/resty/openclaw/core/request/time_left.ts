/** The time left until the deadline of the current request. Phases: all with a request. */
import * as clock from "../time/clock";
import * as request_state from "./request_state";

declare module "./request_state" {
    interface RequestState {
        /** Its deadline. */
        ends?: MonotonicTime | undefined;
        /** Whether its current or last attempt began with too little time. */
        has_short_try?: boolean | undefined;
    }
}

/** Sets the deadline to so many seconds from now. */
export function limit(seconds: number): void {
    request_state.open().ends = later(clock.now(), seconds);
}

/** The seconds left, below 0 after the deadline; nothing for a request without one. */
export function seconds(): number | undefined {
    const ends = request_state.present()?.ends;
    if (ends === undefined) return undefined;
    return ends - clock.now();
}

/** Notes the start of an attempt; `short`: with too little time to blame the node for a timeout. */
export function begin_try(short: boolean): void {
    request_state.open().has_short_try = short;
}

/** Whether the current or last attempt began with too little time to blame its node for a timeout. */
export function was_short(): boolean {
    const state = request_state.present();
    return state?.has_short_try === true && state.ends !== undefined;
}

/** Removes the deadline, where the state of the request is not forgotten as a whole. Phases: log. */
export function forget(): void {
    const state = request_state.present();
    if (state === undefined) return;
    state.ends = undefined;
    state.has_short_try = undefined;
}
