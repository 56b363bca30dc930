/** The folder of a spool: its lanes, and their size. Never yields. */
import * as files from "../core/files/files";
import type { Lane } from "./lane";
import * as lanes from "./lane";

/** As many as a machine may have workers, and more. */
const MOST_TRIES = 1024;

/** The numbers of the lanes, sorted. On failure nil and why. Phases: any. */
export function lane_numbers(directory: string): Result<number[]> {
    return lanes.numbers_in(directory, "%d");
}

/** The size of the segments of all lanes, whoever owns them, in bytes. Phases: any. */
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

/** Creates the folder, and its parent. Returns the error, if any. */
function make(directory: string): string | undefined {
    if (files.make_folder(directory) === undefined) return undefined;
    const [parent] = string.match(directory, "^(.+)/[^/]+$");
    if (parent !== undefined) files.make_folder(parent);
    return files.make_folder(directory);
}

/** Acquires a lane that has no owner and no segments. */
function take_empty(directory: string, number: number): Lane | undefined {
    const [lane] = lanes.acquire(`${directory}/${number}`);
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
 * A lane to write to: the first empty one without an owner, else a new one. On failure nil and why. Phases: any but init, as all workers
 * would inherit the lock of their master.
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
    // The lowest free number. Other processes may look for one at the same time; each gets its own.
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
