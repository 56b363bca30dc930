/**
 * A queue on disk: keeps lines in files until they are delivered, so that they survive the process. Each queue has a folder, with a lane
 * for each process that writes. An appended line is written to the system's page cache at once, and survives the end of the process,
 * however it ends; whether it survives a crash of the machine depends on `fsync`. Other processes adopt the lanes of a process that has
 * ended. Delivery is at least once. Linux; one machine, and a file system with locks. See docs/spool.md.
 */
import * as adoption from "./spool/adoption";
import * as batches from "./spool/batch";
export { finish, give_back, take } from "./spool/batch";
import * as disks from "./spool/disk";
import type { Lane } from "./spool/lane";
import * as lanes from "./spool/lane";
import type { Spool } from "./spool/state";
import * as states from "./spool/state";
export { FULL, new } from "./spool/state";
export type { Settings, Spool } from "./spool/state";
import * as writers from "./spool/writer";
export { append, open } from "./spool/writer";

/** Each adopted lane keeps a file open. Further lanes wait until some are delivered. */
const MOST_ADOPTED = 16;

/**
 * With `fsync` "always": waits until all that was appended before is synced to disk, for 30 seconds at most. Does nothing with other
 * policies, and in phases that cannot wait. Phases: any.
 */
export function wait(spool: Spool): void {
    disks.wait(spool.disk);
}

/** Adds an adopted lane, and counts its entries. */
function add_lane(spool: Spool, lane: Lane): void {
    const since = states.moment(lane.first_stamp);
    if (spool.entries === 0 || since < spool.oldest_at) spool.oldest_at = since;
    for (const segment of lane.segments) {
        spool.entries += segment.entries;
        spool.bytes += segment.text_bytes;
        spool.file_bytes += segment.bytes;
    }
    spool.adopted.push(lane);
}

/**
 * Adopts the lanes of processes that have ended, the one with the oldest entry first. The entries of each lane keep their order. May
 * yield. Phases: timer.
 */
export function adopt(spool: Spool): void {
    const { directory, faults } = spool.settings;
    const most = MOST_ADOPTED - spool.adopted.length;
    for (const lane of adoption.adopt(directory, most, faults)) add_lane(spool, lane);
}

/** Removes the segments of the own lane when all is delivered, so that the next process need not read them. */
function tidy(spool: Spool, own: Lane): void {
    for (const segment of own.segments) {
        if (segment.entries > 0) return;
    }
    while (own.segments.length > 0) writers.drop_segment(spool, own, 0);
}

/**
 * Gives back the batch in flight, syncs the files, and releases all lanes. May be opened again. Blocks as long as the disk takes.
 * Phases: any; usually exit_worker.
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
