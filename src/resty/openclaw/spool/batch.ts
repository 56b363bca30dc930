/** Takes entries of a spool out in batches, of which one may be in flight. */
import * as lanes from "./lane";
import type { Lane } from "./lane";
import * as readers from "./reader";
import type { Reading } from "./reader";
import { FULL, moment } from "./state";
import type { Spool } from "./state";

/** Whether anything of a lane has been read since it was last settled. */
function has_moved(lane: Lane): boolean {
    return lane.cursor.index > 0 || lane.cursor.offset !== lane.offset;
}

/** Lets others have a lane of which nothing is left. */
function leave_lane(spool: Spool, lane: Lane): void {
    for (const [index, adopted] of ipairs(spool.adopted)) {
        if (adopted === lane) {
            lanes.release(lane);
            table.remove(spool.adopted, index);
            return;
        }
    }
}

/**
 * Settles the batch in flight: notes how far the lane is delivered, and removes the segments that are delivered as a whole.
 * Phases: any.
 */
export function finish(spool: Spool): void {
    const lane = spool.flying;
    if (lane === undefined) return;
    spool.flying = undefined;
    spool.flying_entries = 0;
    spool.flying_bytes = 0;
    if (has_moved(lane)) {
        for (const index of $range(1, lane.cursor.index)) spool.file_bytes -= lane.segments[index - 1]!.bytes;
        // There is more room now.
        if (lane.cursor.index > 0 && spool.blocked_by === FULL) spool.blocked_until = 0;
        const err = lanes.settle(lane);
        if (err !== undefined) spool.settings.faults.report("position", lane.path, ": ", err);
    }
    if (lane.segments.length === 0) leave_lane(spool, lane);
}

/** The batch in flight is not settled: its entries wait again, as the oldest. Phases: any. */
export function give_back(spool: Spool): void {
    const lane = spool.flying;
    if (lane === undefined) return;
    spool.flying = undefined;
    spool.entries += spool.flying_entries;
    spool.bytes += spool.flying_bytes;
    spool.flying_entries = 0;
    spool.flying_bytes = 0;
    lanes.rewind(lane);
}

/** Reads the next entries of a lane, which are in flight then; false when there are none. */
function take_from(spool: Spool, lane: Lane, reading: Reading): boolean {
    spool.flying = lane;
    const err = readers.read(lane, spool, reading);
    if (err !== undefined) spool.settings.faults.report("read", lane.path, ": ", err);
    if (reading.entries === 0) finish(spool);
    return reading.entries > 0;
}

/** Reads from the first lane that has entries; false when none has. */
function take_any(spool: Spool, reading: Reading): boolean {
    let index = 0;
    while (index < spool.adopted.length) {
        const lane = spool.adopted[index]!;
        if (take_from(spool, lane, reading)) return true;
        // A lane of which nothing is left is not in the list any more.
        if (spool.adopted[index] === lane) index += 1;
    }
    return spool.own !== undefined && take_from(spool, spool.own, reading);
}

/**
 * The oldest entries as one text, each with its line end; how many they are; when the first of them came, on the clock's
 * scale. No more than so many entries, and so many bytes unless one alone has more. Adopted lanes go first. They are in
 * flight from then on, and only one batch may be. None: there is nothing, or it cannot be read now. May yield. Phases: timer.
 */
export function take(
    spool: Spool,
    most_entries: number,
    most_bytes: number,
): LuaMultiReturn<[text: string, entries: number, oldest_at: number]> {
    // What was in flight when its thread failed is not settled.
    give_back(spool);
    const text = spool.text.reset();
    const reading: Reading = {
        text,
        entries: 0,
        bytes: 0,
        first_stamp: 0,
        last_stamp: 0,
        most_entries,
        most_bytes,
        is_full: false,
    };
    if (!take_any(spool, reading)) return $multi("", 0, 0);
    spool.entries -= reading.entries;
    spool.bytes -= reading.bytes;
    spool.flying_entries = reading.entries;
    spool.flying_bytes = reading.bytes;
    spool.oldest_at = moment(reading.last_stamp);
    return $multi(text.get(), reading.entries, moment(reading.first_stamp));
}
