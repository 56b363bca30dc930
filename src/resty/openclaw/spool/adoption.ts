/** Takes over lanes whose owner is gone: it was killed, or has left entries behind. */
import type { Faults } from "../fault";
import * as folder from "./folder";
import * as lanes from "./lane";
import type { Lane } from "./lane";
import * as readers from "./reader";

/** A worker that exits leaves all to others. */
const LEFT = "the worker exits";

/** Finds the segments of a lane that are not settled, and counts what is in them. Removes the others. */
function survey(lane: Lane): string | undefined {
    const [numbers, err] = lanes.numbers(lane.path);
    if (numbers === undefined) return err;
    const [settled_number, settled_offset] = lanes.read_position(lane);
    lane.last_number = settled_number;
    for (const number of numbers) {
        if (ngx.worker.exiting()) return LEFT;
        const segment = { number, bytes: 0, entries: 0, text_bytes: 0 };
        const offset = number === settled_number ? settled_offset : 0;
        if (number >= settled_number) {
            const problem = readers.count(lane, segment, offset);
            if (problem !== undefined) return problem;
        }
        lane.last_number = math.max(lane.last_number, number);
        lane.segments.push(segment);
        if (segment.entries === 0) lanes.remove(lane, lane.segments.length - 1);
        else if (lane.segments.length === 1) lane.offset = offset;
    }
    lanes.rewind(lane);
    if (lane.segments.length > 0) lane.first_stamp = readers.first_stamp(lane);
    lanes.close_reader(lane);
    return undefined;
}

function came_before(this: void, left: Lane, right: Lane): boolean {
    return left.first_stamp < right.first_stamp;
}

/**
 * Lanes of a directory with entries that are nobody's, the one with the oldest entry first, and no more than so many: from then
 * on they are this process'. May yield. Phases: timer.
 */
export function adopt(directory: string, most: number, faults: Faults): Lane[] {
    const adopted: Lane[] = [];
    for (const number of folder.lane_numbers(directory)[0] ?? []) {
        if (adopted.length >= most) break;
        const path = `${directory}/${number}`;
        const [lane] = lanes.claim(path);
        if (lane !== undefined) {
            const err = survey(lane);
            if (err !== undefined && err !== LEFT) faults.report("adopt", path, ": ", err);
            if (err === undefined && lane.segments.length > 0) adopted.push(lane);
            else lanes.release(lane);
        }
    }
    table.sort(adopted, came_before);
    return adopted;
}
