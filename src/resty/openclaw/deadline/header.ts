/**
 * The header that says until when an answer is wanted, and when that was said:
 *
 *     X-OpenClaw-Deadline: 1763842326.250;sent=1763842316.250
 *
 * Both are seconds since 1970 by the clock of the one who sends it; their difference is right whatever that clock says.
 */
import * as texts from "../core/text/text";

export const NAME = "X-OpenClaw-Deadline";
export const VARIABLE = "http_x_openclaw_deadline";

/** Enough until the year 2286; whoever takes milliseconds for seconds has more. */
const MOST_DIGITS = 10;
/** With the point. */
const MOST_DECIMALS = 7;

/** A time in seconds; nothing for all that is no such number. */
function time_of(text: string): WallTime | undefined {
    const [whole, decimals] = texts.decimal(text);
    if (whole === undefined || whole.length > MOST_DIGITS) return undefined;
    if (decimals === "." || decimals!.length > MOST_DECIMALS) return undefined;
    return tonumber(text) as WallTime | undefined;
}

/**
 * How many seconds the sender gives, as of the moment at which the request came; below 0 when it gives none. Without
 * `sent` the own clock has to do, and `skew_seconds` are added for its being another one. Nothing when the header is
 * malformed. Phases: any.
 */
export function seconds_given(text: string, came_at: WallTime, skew_seconds: number): number | undefined {
    const [over_at_text, sent_text] = string.match(text, "^([%d.]+);sent=([%d.]+)$");
    const over_at = time_of(over_at_text ?? text);
    if (over_at === undefined) return undefined;
    if (sent_text === undefined) return over_at + skew_seconds - came_at;
    const sent = time_of(sent_text);
    return sent === undefined ? undefined : over_at - sent;
}

/** The header for who has so many seconds from now. Phases: any. */
export function write(now: WallTime, seconds: number): string {
    return string.format("%.3f;sent=%.3f", now + seconds, now);
}
