/** Adopts lanes whose owner has ended: it was killed, or could not deliver all of its entries. */
import type { Faults } from "../core/metrics/fault";
import * as folder from "./folder";
import type { Lane } from "./lane";
import * as lanes from "./lane";
import * as readers from "./reader";

/** A worker that exits adopts no lanes. */
const LEFT = "the worker exits";

/** Counts the entries of a segment from an offset on, and removes the segment if there are none. Returns the error, if any. */
function scan_segment(lane: Lane, number: number, settled_number: number, offset: number): string | undefined {
    const segment = { number, bytes: 0, entries: 0, text_bytes: 0 };
    const [, err] = readers.file_of(lane, segment);
    if (err !== undefined) return err;
    if (number >= settled_number) {
        const problem = readers.count(lane, segment, offset);
        if (problem !== undefined) return problem;
    }
    lane.segments.push(segment);
    if (segment.entries === 0) lanes.remove(lane, lane.segments.length - 1);
    else if (lane.segments.length === 1) lane.offset = offset;
    return undefined;
}

/** Finds the segments of a lane that are not delivered, and counts their entries. Removes the others. */
function scan(lane: Lane, faults: Faults): string | undefined {
    const [numbers, err] = lanes.numbers(lane.path);
    if (numbers === undefined) return err;
    const [settled_number, settled_offset] = lanes.read_position(lane);
    lane.last_number = settled_number;
    for (const number of numbers) {
        if (ngx.worker.exiting()) return LEFT;
        lane.last_number = math.max(lane.last_number, number);
        const problem = scan_segment(lane, number, settled_number, number === settled_number ? settled_offset : 0);
        // A folder or pipe with the name of a segment is not ours; the other segments are delivered.
        if (problem === readers.GONE) faults.report("adopt", lanes.segment_path(lane.path, number), ": no plain file");
        else if (problem !== undefined) return problem;
    }
    lanes.rewind(lane);
    if (lane.segments.length > 0) lane.first_stamp = readers.first_stamp(lane);
    lanes.close_reader(lane);
    return undefined;
}

function is_older(this: void, left: Lane, right: Lane): boolean {
    return left.first_stamp < right.first_stamp;
}

/**
 * Acquires lanes of a directory that have entries and no owner, `most` at most, and returns them, the one with the oldest entry first.
 * May yield. Phases: timer.
 */
export function adopt(directory: string, most: number, faults: Faults): Lane[] {
    const adopted: Lane[] = [];
    for (const number of folder.lane_numbers(directory)[0] ?? []) {
        if (adopted.length >= most) break;
        const path = `${directory}/${number}`;
        const [lane, acquire_err] = lanes.acquire(path);
        if (lane === undefined && acquire_err !== lanes.OWNED) faults.report("adopt", path, ": ", acquire_err);
        if (lane !== undefined) {
            const err = scan(lane, faults);
            if (err !== undefined && err !== LEFT) faults.report("adopt", path, ": ", err);
            if (err === undefined && lane.segments.length > 0) adopted.push(lane);
            else lanes.release(lane);
        }
    }
    table.sort(adopted, is_older);
    return adopted;
}
