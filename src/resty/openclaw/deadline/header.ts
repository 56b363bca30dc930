/**
 * The header with the deadline, and with the time of sending:
 *
 *     X-OpenClaw-Deadline: 1763842326.250;sent=1763842316.250
 *
 * Both are seconds since 1970 by the clock of the sender. Their difference is right even if that clock is wrong.
 */
import * as texts from "../core/text/text";

export const NAME = "X-OpenClaw-Deadline";
export const VARIABLE = "http_x_openclaw_deadline";

/** Enough until the year 2286; milliseconds have more. */
const MOST_DIGITS = 10;
/** The point included. */
const MOST_DECIMALS = 7;

/** A time in seconds; nothing where it is malformed. */
function time_of(text: string): WallTime | undefined {
    const [whole, decimals] = texts.decimal(text);
    if (whole === undefined || whole.length > MOST_DIGITS) return undefined;
    if (decimals === "." || decimals!.length > MOST_DECIMALS) return undefined;
    return tonumber(text) as WallTime | undefined;
}

/**
 * The seconds that were left when the request came; below 0 when the deadline had passed. Without `sent` the deadline is compared with the
 * own clock, with a tolerance of `skew_seconds`. Nothing when the header is malformed. Phases: any.
 */
export function seconds_given(text: string, came_at: WallTime, skew_seconds: number): number | undefined {
    const [over_at_text, sent_text] = string.match(text, "^([%d.]+);sent=([%d.]+)$");
    const over_at = time_of(over_at_text ?? text);
    if (over_at === undefined) return undefined;
    if (sent_text === undefined) return over_at + skew_seconds - came_at;
    const sent = time_of(sent_text);
    return sent === undefined ? undefined : over_at - sent;
}

/** The header for a deadline so many seconds from now. Phases: any. */
export function write(now: WallTime, seconds: number): string {
    return string.format("%.3f;sent=%.3f", now + seconds, now);
}
