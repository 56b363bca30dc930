/**
 * Tells whether requests may have counted something since the last look, from nginx's own count of requests: where no request
 * came and none is in progress, no total has changed. nginx has the count where `stub_status` is built in.
 */
import * as ffi from "ffi";

// Our own names, so that they do not collide with declarations of other libraries.
ffi.cdef(`
    extern unsigned long *openclaw_stat_requests __asm__("ngx_stat_requests");
    extern unsigned long *openclaw_stat_reading __asm__("ngx_stat_reading");
    extern unsigned long *openclaw_stat_writing __asm__("ngx_stat_writing");
`);

interface Accounts {
    readonly openclaw_stat_requests: Doubles;
    readonly openclaw_stat_reading: Doubles;
    readonly openclaw_stat_writing: Doubles;
}

const accounts = ffi.C as unknown as Accounts;

export interface Activity {
    /** How many requests there had been at the last look. */
    requests: number;
    /** How many looks since have found nothing new. */
    quiet_looks: number;
}

/** A request ends a moment before it is counted, so one look may come too early. */
const LATE_LOOKS = 2;

/** Before the first look. Phases: any. */
export function none(): Activity {
    return { requests: -1, quiet_looks: 0 };
}

function count_look(this: void, activity: Activity): void {
    const requests = tonumber(accounts.openclaw_stat_requests.get(0))!;
    const reading = tonumber(accounts.openclaw_stat_reading.get(0))!;
    const writing = tonumber(accounts.openclaw_stat_writing.get(0))!;
    const is_quiet = requests === activity.requests && reading + writing === 0;
    activity.quiet_looks = is_quiet ? activity.quiet_looks + 1 : 0;
    activity.requests = requests;
}

/**
 * Whether anything may have been counted since the look before the last; true where nginx has no such count. To be called
 * before the totals are read. Phases: any.
 */
export function look(activity: Activity): boolean {
    // Raises where nginx has no such count.
    const [knows] = pcall(count_look, activity);
    return !knows || activity.quiet_looks < LATE_LOOKS;
}
