/** Takes batches of entries out of a spool, one at a time. */
import type { Lane } from "./lane";
import * as lanes from "./lane";
import type { Reading } from "./reader";
import * as readers from "./reader";
import type { Spool } from "./state";
import { FULL, moment } from "./state";

/** Whether entries of a lane were read since the last batch was settled. */
function has_moved(lane: Lane): boolean {
    return lane.cursor.index > 0 || lane.cursor.offset !== lane.offset;
}

/** Releases an adopted lane whose entries are all delivered. */
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
 * Settles the batch in flight: writes the lane's position, and removes the segments that are delivered completely. Phases: any.
 */
export function finish(spool: Spool): void {
    const lane = spool.lane_in_flight;
    if (lane === undefined) return;
    spool.lane_in_flight = undefined;
    spool.flying_entries = 0;
    spool.flying_bytes = 0;
    if (has_moved(lane)) {
        for (const index of $range(1, lane.cursor.index)) spool.file_bytes -= lane.segments[index - 1]!.bytes;
        // There is more room now.
        if (lane.cursor.index > 0 && spool.blocked_by === FULL) spool.blocked_until = 0 as MonotonicTime;
        const err = lanes.settle(lane);
        if (err !== undefined) spool.settings.faults.report("position", lane.path, ": ", err);
    }
    if (lane.segments.length === 0) leave_lane(spool, lane);
}

/** Gives the batch in flight back: its entries are queued again, as the oldest. Phases: any. */
export function give_back(spool: Spool): void {
    const lane = spool.lane_in_flight;
    if (lane === undefined) return;
    spool.lane_in_flight = undefined;
    spool.entries += spool.flying_entries;
    spool.bytes += spool.flying_bytes;
    spool.flying_entries = 0;
    spool.flying_bytes = 0;
    lanes.rewind(lane);
}

/** Reads the next entries of a lane into the batch; false when there are none. */
function take_from(spool: Spool, lane: Lane, reading: Reading): boolean {
    spool.lane_in_flight = lane;
    const err = readers.read(lane, spool, reading);
    if (err !== undefined) spool.settings.faults.report("read", lane.path, ": ", err);
    if (reading.entries === 0) finish(spool);
    return reading.entries > 0;
}

/** The same for the first lane that has entries. */
function take_any(spool: Spool, reading: Reading): boolean {
    let index = 0;
    while (index < spool.adopted.length) {
        const lane = spool.adopted[index]!;
        if (take_from(spool, lane, reading)) return true;
        // A lane without further entries was removed from the list.
        if (spool.adopted[index] === lane) index += 1;
    }
    return spool.own !== undefined && take_from(spool, spool.own, reading);
}

/**
 * Takes the oldest entries as the batch in flight: one string, each entry with its line end; the number of entries; when the first was
 * appended. At most so many entries, and so many bytes unless a single entry is longer. Adopted lanes go first. 0 entries: there are
 * none, or they cannot be read now. May yield. Phases: timer.
 */
export function take(
    spool: Spool,
    most_entries: number,
    most_bytes: number,
): LuaMultiReturn<[text: string, entries: number, oldest_at: MonotonicTime]> {
    // A batch whose thread failed is not settled.
    give_back(spool);
    const text = spool.text.reset();
    const reading: Reading = {
        text,
        entries: 0,
        bytes: 0,
        first_stamp: 0 as WallTime,
        last_stamp: 0 as WallTime,
        most_entries,
        most_bytes,
        is_full: false,
    };
    if (!take_any(spool, reading)) return $multi("", 0, 0 as MonotonicTime);
    spool.entries -= reading.entries;
    spool.bytes -= reading.bytes;
    spool.flying_entries = reading.entries;
    spool.flying_bytes = reading.bytes;
    spool.oldest_at = moment(reading.last_stamp);
    return $multi(text.get(), reading.entries, moment(reading.first_stamp));
}
