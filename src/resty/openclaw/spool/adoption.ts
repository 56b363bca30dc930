/** Takes over lanes whose owner is gone: it was killed, or has left entries behind. */
import type { Faults } from "../core/metrics/fault";
import * as folder from "./folder";
import * as lanes from "./lane";
import type { Lane } from "./lane";
import * as readers from "./reader";

/** A worker that exits leaves all to others. */
const LEFT = "the worker exits";

/** Counts what is in a segment from there on, and removes it where that is nothing. Says why it cannot. */
function survey_segment(lane: Lane, number: number, settled_number: number, offset: number): string | undefined {
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

/** Finds the segments of a lane that are not settled, and counts what is in them. Removes the others. */
function survey(lane: Lane, faults: Faults): string | undefined {
    const [numbers, err] = lanes.numbers(lane.path);
    if (numbers === undefined) return err;
    const [settled_number, settled_offset] = lanes.read_position(lane);
    lane.last_number = settled_number;
    for (const number of numbers) {
        if (ngx.worker.exiting()) return LEFT;
        lane.last_number = math.max(lane.last_number, number);
        const problem = survey_segment(lane, number, settled_number, number === settled_number ? settled_offset : 0);
        // What has the name of a segment and is none is somebody else's; what is in the others is delivered.
        if (problem === readers.GONE) faults.report("adopt", lanes.segment_path(lane.path, number), ": no plain file");
        else if (problem !== undefined) return problem;
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
        const [lane, claim_err] = lanes.claim(path);
        if (lane === undefined && claim_err !== lanes.OWNED) faults.report("adopt", path, ": ", claim_err);
        if (lane !== undefined) {
            const err = survey(lane, faults);
            if (err !== undefined && err !== LEFT) faults.report("adopt", path, ": ", err);
            if (err === undefined && lane.segments.length > 0) adopted.push(lane);
            else lanes.release(lane);
        }
    }
    table.sort(adopted, came_before);
    return adopted;
}
