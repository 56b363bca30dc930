/**
 * Ids of jobs: the time in milliseconds as 12 hex digits, "-", 120 random bits as 30 hex digits, and the group of the client as
 * 2. So ids sort by age, cannot be guessed, are valid file names, and tell to whose share a job belongs. Jobs of the same
 * millisecond have no order.
 */
import * as random from "../../core/bytes/random";
import * as request from "../../core/request/request";

const RANDOM_NUMBERS = 4;
const LENGTH = 45;
const TIME_DIGITS = 12;
const GROUP_DIGITS = 2;

/** How a text begins that sorts by a time, given in seconds: its milliseconds as 12 hex digits. Phases: any. */
export function time_text(seconds: number): string {
    return string.format("%012x", math.max(0, math.floor(seconds * 1000)));
}

/** A new id. `group`: of the client, two hex digits; random when it is not given. Phases: any. */
function create(group?: string): string {
    const time = time_text(request.now());
    const bits = random.hex(RANDOM_NUMBERS);
    if (group === undefined) return `${time}-${bits}`;
    return `${time}-${string.sub(bits, 1, -1 - GROUP_DIGITS)}${group}`;
}
export { create as new };

/** The group of the client that sent the job. Phases: any. */
export function group_of(id: string): string {
    return string.sub(id, -GROUP_DIGITS);
}

/** Whether a text from outside is an id, and so may be part of a path. Phases: any. */
export function is_id(text: string): boolean {
    if (text.length !== LENGTH) return false;
    const [time] = string.match(text, "^([0-9a-f]+)%-[0-9a-f]+$");
    return time !== undefined && time.length === TIME_DIGITS;
}

/** When an id was made. Phases: any. */
export function time_of(id: string): WallTime {
    return (tonumber(string.sub(id, 1, TIME_DIGITS), 16)! / 1000) as WallTime;
}
