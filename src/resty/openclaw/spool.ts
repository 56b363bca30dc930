/**
 * Keeps lines in files until they are delivered, so that they outlive the process: a folder for each stream of lines, in it
 * a lane for each process that writes. What is appended is in the system's hands at once, and survives the end of the
 * process, however it comes; whether it survives that of the machine is up to `fsync`. What a process leaves behind another
 * one adopts. Delivery is at least once. Linux; one machine, and a file system that has locks. See docs/spool.md.
 */
import * as adoption from "./spool/adoption";
import * as batches from "./spool/batch";
export { finish, give_back, take } from "./spool/batch";
import * as disks from "./spool/disk";
import * as lanes from "./spool/lane";
import type { Lane } from "./spool/lane";
import * as states from "./spool/state";
import type { Spool } from "./spool/state";
export { FULL, new } from "./spool/state";
export type { Settings, Spool } from "./spool/state";
import * as writers from "./spool/writer";
export { append, open } from "./spool/writer";

/** Each lane has a file open; where more are left behind, these have to wait until some are delivered. */
const MOST_ADOPTED = 16;

/**
 * With `fsync` "always": waits until the disk has all that was appended before, 30 seconds at most. Nothing with other
 * policies, and in phases that cannot wait. Phases: any.
 */
export function wait(spool: Spool): void {
    disks.wait(spool.disk);
}

/** Counts what a lane has that was adopted. */
function add_lane(spool: Spool, lane: Lane): void {
    const since = states.moment(lane.first_stamp);
    spool.oldest_at = spool.entries > 0 ? math.min(spool.oldest_at, since) : since;
    for (const segment of lane.segments) {
        spool.entries += segment.entries;
        spool.bytes += segment.text_bytes;
        spool.file_bytes += segment.bytes;
    }
    spool.adopted.push(lane);
}

/**
 * Takes over the entries of processes that are gone, first of all those that have waited longest. The order of entries is
 * that in which each process had them. May yield. Phases: timer.
 */
export function adopt(spool: Spool): void {
    const { directory, faults } = spool.settings;
    const most = MOST_ADOPTED - spool.adopted.length;
    for (const lane of adoption.adopt(directory, most, faults)) add_lane(spool, lane);
}

/** Removes the segments of the own lane when all is settled, so that the next process need not look at them. */
function tidy(spool: Spool, own: Lane): void {
    for (const segment of own.segments) {
        if (segment.entries > 0) return;
    }
    while (own.segments.length > 0) writers.drop_segment(spool, own, 0);
}

/**
 * Gives back what is in flight, waits for the disk, and leaves all lanes to others. May be opened again. May take as long as
 * the disk does. Phases: any; usually exit_worker.
 */
export function close(spool: Spool): void {
    batches.give_back(spool);
    writers.leave_segment(spool);
    if (spool.own !== undefined) tidy(spool, spool.own);
    disks.close(spool.disk);
    for (const lane of spool.adopted) lanes.release(lane);
    if (spool.own !== undefined) lanes.release(spool.own);
    while (spool.adopted.length > 0) table.remove(spool.adopted);
    spool.own = undefined;
    spool.entries = 0;
    spool.bytes = 0;
    spool.file_bytes = 0;
}
