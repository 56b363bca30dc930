/**
 * Names of jobs: the time in milliseconds as 12 hex digits, "-", and 128 random bits as 32. So they sort by age, nobody
 * guesses one, and they are fit for file names.
 */
import * as noise from "../../noise";

const RANDOM_NUMBERS = 4;
const LENGTH = 45;

/** The beginning of whatever is sorted by a time, in seconds since 1970: its milliseconds as 12 hex digits. Phases: any. */
export function time_text(seconds: number): string {
    return string.format("%012x", math.max(0, math.floor(seconds * 1000)));
}

/** A new id. Phases: any. */
function create(): string {
    return `${time_text(ngx.now())}-${noise.hex(RANDOM_NUMBERS)}`;
}
export { create as new };

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
