/**
 * Names of jobs: the time in milliseconds as 12 hex digits, "-", 120 random bits as 30, and the group of the client as 2. So
 * they sort by age, nobody guesses one, they are fit for file names, and it is known to whose share each job belongs.
 */
import * as random from "../../core/bytes/random";

const RANDOM_NUMBERS = 4;
const LENGTH = 45;
const GROUP_DIGITS = 2;

/** The beginning of whatever is sorted by a time, in seconds since 1970: its milliseconds as 12 hex digits. Phases: any. */
export function time_text(seconds: number): string {
    return string.format("%012x", math.max(0, math.floor(seconds * 1000)));
}

/** A new id. `group`: of the client, two hex digits; any where none is given. Phases: any. */
function create(group?: string): string {
    const bits = random.hex(RANDOM_NUMBERS);
    if (group === undefined) return `${time_text(ngx.now())}-${bits}`;
    return `${time_text(ngx.now())}-${string.sub(bits, 1, -1 - GROUP_DIGITS)}${group}`;
}
export { create as new };

/** The group of the client whose job it is. Phases: any. */
export function group_of(id: string): string {
    return string.sub(id, -GROUP_DIGITS);
}

/** Whether a text from outside is an id, which then may stand in a path. Phases: any. */
export function is_id(text: string): boolean {
    if (text.length !== LENGTH) return false;
    const [time] = string.match(text, "^([0-9a-f]+)%-[0-9a-f]+$");
    return time !== undefined && time.length === 12;
}

/** When an id was made, in seconds since 1970. Phases: any. */
export function time_of(id: string): number {
    return tonumber(string.sub(id, 1, 12), 16)! / 1000;
}
