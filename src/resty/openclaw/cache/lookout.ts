/** Looks every few milliseconds at what requests of this worker wait for, as long as any do. */
import type { Lookout } from "../core/process/lookout";
import * as lookouts from "../core/process/lookout";
import * as clock from "../core/time/clock";
import * as awaited_keys from "./awaited_keys";
import * as live_streams from "./live_streams";
import type { Store } from "./store";

/** How often the worker looks, while few wait: an answer of another worker goes unnoticed for so long. */
const LOOK_SECONDS = 0.005;

function look(this: void, now: MonotonicTime): boolean {
    const awaits = awaited_keys.look(now);
    const reads = live_streams.look(now);
    return awaits || reads;
}

const lookout: Lookout = lookouts.new("route", LOOK_SECONDS, look);

/** Sees to it that the worker looks. To be called before each wait. Phases: access. */
export function keep({ faults, route }: Store): void {
    lookouts.keep(lookout, clock.now(), faults, route);
}
