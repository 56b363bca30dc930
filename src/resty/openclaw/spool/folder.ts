/** The folder of a spool: which lanes it has, and how much they hold. None of it yields. */
import * as files from "../core/files/files";
import * as lanes from "./lane";
import type { Lane } from "./lane";

/** As many as a machine may have workers, and more. */
const MOST_TRIES = 1024;

/** The numbers of the lanes, sorted. On failure nil and why. Phases: any. */
export function lane_numbers(directory: string): Result<number[]> {
    return lanes.numbers_in(directory, "%d");
}

/** The bytes of the segments of all lanes, whoever has them. Phases: any. */
export function used_bytes(directory: string): number {
    let bytes = 0;
    for (const number of lane_numbers(directory)[0] ?? []) {
        const path = `${directory}/${number}`;
        for (const segment of lanes.numbers(path)[0] ?? []) {
            bytes += files.size_of(lanes.segment_path(path, segment)) ?? 0;
        }
    }
    return bytes;
}

/** Makes the folder, and the one that it is in. Says why not, or nothing. */
function make(directory: string): string | undefined {
    if (files.make_folder(directory) === undefined) return undefined;
    const [parent] = string.match(directory, "^(.+)/[^/]+$");
    if (parent !== undefined) files.make_folder(parent);
    return files.make_folder(directory);
}

/** A lane that is nobody's and has no segments. */
function take_empty(directory: string, number: number): Lane | undefined {
    const [lane] = lanes.claim(`${directory}/${number}`);
    if (lane === undefined) return undefined;
    const [segments] = lanes.numbers(lane.path);
    if (segments?.length === 0) {
        lane.last_number = lanes.read_position(lane)[0];
        return lane;
    }
    lanes.release(lane);
    return undefined;
}

/**
 * A lane to write to: the first that is nobody's and empty, else a new one. On failure nil and why. Phases: any but init, as
 * workers would all have the lock that their master has.
 */
export function take_lane(directory: string): Result<Lane> {
    const problem = make(directory);
    if (problem !== undefined) return $multi(undefined, problem);
    const [numbers, err] = lane_numbers(directory);
    if (numbers === undefined) return $multi(undefined, err);
    for (const number of numbers) {
        const lane = take_empty(directory, number);
        if (lane !== undefined) return $multi(lane);
    }
    // The lowest numbers that are free. Others may look for one at the same time; each gets one.
    const taken = new LuaSet<number>();
    for (const number of numbers) taken.add(number);
    for (const number of $range(1, numbers.length + MOST_TRIES)) {
        if (!taken.has(number)) {
            const folder_err = files.make_folder(`${directory}/${number}`);
            if (folder_err !== undefined) return $multi(undefined, folder_err);
            const made = take_empty(directory, number);
            if (made !== undefined) return $multi(made);
        }
    }
    return $multi(undefined, "every lane has an owner");
}
