/** The state of a spool. */
import type { Buffer } from "string.buffer";
import * as buffers from "string.buffer";
import type { Faults } from "../core/metrics/fault";
import * as clock from "../core/time/clock";
import type { Disk, Policy } from "./disk";
import * as disks from "./disk";
import type { Lane } from "./lane";
import type { Counts } from "./reader";

export interface Settings {
    /** Absolute path; created if missing, and so is its parent. */
    readonly directory: string;
    /** The quota of all segments. */
    readonly most_bytes: number;
    readonly segment_bytes: number;
    /** Whether at the quota the oldest segment is dropped, or new entries are refused. */
    readonly drop_oldest: boolean;
    readonly fsync: Policy;
    readonly fsync_seconds: number;
    /** The `thread_pool` of nginx that syncs files to disk. */
    readonly thread_pool: string;
    readonly faults: Faults;
}

export interface Spool extends Counts {
    readonly settings: Settings;
    readonly disk: Disk;
    readonly text: Buffer;
    /** The lane that is written to. */
    own: Lane | undefined;
    /** Lanes of other processes, which are only read; the first one goes first. */
    readonly adopted: Lane[];
    /** The lane of the batch in flight, or of the one that is being read. */
    lane_in_flight: Lane | undefined;
    flying_entries: number;
    flying_bytes: number;
    /** The size of all segments of these lanes. */
    file_bytes: number;
    /** No queued entry was appended before this. */
    oldest_at: MonotonicTime;
    /** Until when nothing is written after a failure, and the error. */
    blocked_until: MonotonicTime;
    blocked_by: string;
}

/** The error of an entry that is refused at the quota. */
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
        lane_in_flight: undefined,
        entries: 0,
        bytes: 0,
        broken: 0,
        flying_entries: 0,
        flying_bytes: 0,
        file_bytes: 0,
        oldest_at: 0 as MonotonicTime,
        blocked_until: 0 as MonotonicTime,
        blocked_by: "",
    };
}
export { create as new };

/**
 * Converts a time of day to monotonic time. Never later than now, whatever the time of day was set to; a stamp of 0, which could not be
 * read, is now, and one from before the machine started is its start. Phases: any.
 */
export function moment(stamp: WallTime): MonotonicTime {
    const age = stamp === 0 ? 0 : math.max(0, ngx.now() - stamp);
    return math.max(LEAST_MOMENT, later(clock.now(), -age)) as MonotonicTime;
}
