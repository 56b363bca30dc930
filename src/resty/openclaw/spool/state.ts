/** What a spool knows. */
import * as buffers from "string.buffer";
import type { Buffer } from "string.buffer";
import * as clock from "../core/time/clock";
import type { Faults } from "../core/metrics/fault";
import * as disks from "./disk";
import type { Disk, Policy } from "./disk";
import type { Lane } from "./lane";
import type { Tally } from "./reader";

export interface Settings {
    /** Absolute; it is made where its parent is there, or the parent's. */
    readonly directory: string;
    /** How much its segments may hold. */
    readonly most_bytes: number;
    readonly segment_bytes: number;
    /** Whether the oldest segment makes room for new entries, or these are refused. */
    readonly drop_oldest: boolean;
    readonly fsync: Policy;
    readonly fsync_seconds: number;
    /** The `thread_pool` in which to wait for the disk. */
    readonly thread_pool: string;
    readonly faults: Faults;
}

export interface Spool extends Tally {
    readonly settings: Settings;
    readonly disk: Disk;
    readonly text: Buffer;
    /** The lane that is written to. */
    own: Lane | undefined;
    /** Those that are only read, the first one first. */
    readonly adopted: Lane[];
    /** Whose entries are in flight, or are being read. */
    flying: Lane | undefined;
    flying_entries: number;
    flying_bytes: number;
    /** The bytes of all segments of these lanes. */
    file_bytes: number;
    /** No waiting entry came before this, by the clock. */
    oldest_at: number;
    /** Until when nothing is written, and why. */
    blocked_until: number;
    blocked_by: string;
}

/** Why an entry is refused at the quota. */
export const FULL = "full";

const LEAST_MOMENT = 0.001;

/** A spool; touches no file. Phases: init. Raises when there is no memory for a semaphore. */
function create(settings: Settings): Spool {
    return {
        settings,
        disk: disks.new(settings.fsync, settings.fsync_seconds, settings.thread_pool, settings.faults),
        text: buffers.new(),
        own: undefined,
        adopted: [],
        flying: undefined,
        entries: 0,
        bytes: 0,
        broken: 0,
        flying_entries: 0,
        flying_bytes: 0,
        file_bytes: 0,
        oldest_at: 0,
        blocked_until: 0,
        blocked_by: "",
    };
}
export { create as new };

/**
 * A time of day by the clock. A time of day that was set makes nothing come later than now, nor does one that was not kept;
 * what came before the machine began is as old as the machine. Phases: any.
 */
export function moment(stamp: number): number {
    const age = stamp === 0 ? 0 : math.max(0, ngx.now() - stamp);
    return math.max(LEAST_MOMENT, clock.now() - age);
}
