/**
 * What Redis is asked. All moments are Redis' own, in milliseconds since 1970: no clock of a gateway says how long an answer is fresh.
 * The scripts are short, so their text is always sent.
 */

/** KEYS: the answer. ARGV: how long a value may be. Returns its length, how long Redis still keeps it, Redis' clock, and the value. */
export const READ = `
local bytes = redis.call("STRLEN", KEYS[1])
if bytes == 0 or bytes > tonumber(ARGV[1]) then return { bytes } end
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return { bytes, redis.call("PTTL", KEYS[1]), now, redis.call("GET", KEYS[1]) }
`;

/**
 * KEYS: the answer. ARGV: the value, when it stops being fresh, and for how many milliseconds it is kept at most. Whenever Redis gets to
 * it, it keeps the answer no longer than it is fresh.
 */
export const WRITE = `
local time = redis.call("TIME")
local left = ARGV[2] - time[1] * 1000 - math.ceil(time[2] / 1000)
left = math.min(left, tonumber(ARGV[3]))
if left < 1 then return 0 end
redis.call("SET", KEYS[1], ARGV[1], "PX", string.format("%.0f", left))
return 1
`;

/** All lengths and moments are below it. */
const MOST = 1e15;

/** What is read of a key. */
export interface Found {
    readonly bytes: number;
    /** Milliseconds until Redis forgets it; below 0 where it is gone, or is never forgotten. */
    readonly left: number;
    /** Redis' clock. */
    readonly now: number;
    /** Nothing where there is none, or it is too long. */
    readonly value: string | undefined;
}

/** Neither NaN nor endless: it can be compared, and computed with. */
function is_finite(value: unknown): value is number {
    return typeof value === "number" && value > -MOST && value < MOST;
}

/** What a reply to `READ` says; nothing where it is none. Phases: any. */
export function found_in(reply: unknown): Found | undefined {
    if (type(reply) !== "table") return undefined;
    const [bytes, left, now, value] = reply as unknown[];
    if (!is_finite(bytes)) return undefined;
    if (value === undefined) return { bytes, left: 0, now: 0, value: undefined };
    if (!is_finite(left) || !is_finite(now) || typeof value !== "string") return undefined;
    return { bytes, left, now, value };
}

/** The milliseconds of a reply to TIME; nothing where it is none. Phases: any. */
export function moment_in(reply: unknown): number | undefined {
    if (type(reply) !== "table") return undefined;
    const [seconds, microseconds] = reply as unknown[];
    const [whole, parts] = [tonumber(seconds), tonumber(microseconds)];
    if (whole === undefined || parts === undefined) return undefined;
    const moment = whole * 1000 + Math.floor(parts / 1000);
    return is_finite(moment) ? moment : undefined;
}
