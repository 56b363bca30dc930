/**
 * The script that counts a request at all Redis limits of its route, or at none of them. It knows the same leaky buckets as `bucket`:
 * one number for each, the moment at which it will be empty, by Redis' own clock.
 */
import { TOLERANCE } from "./bucket";
import { LONGEST } from "./rate";

/** Moments are seconds since this one (November 2023), so that a number has room for parts of a microsecond. */
const EPOCH = 1700000000;
/** A gateway that has not called for so many seconds is no longer one of the gateways. */
const GATEWAY_SECONDS = 60;
/** More of them are no number of gateways. */
const MOST_GATEWAYS = 1e5;
/** Redis' clock was set if it differs by so many seconds from what the gateway expects. */
const JUMP_SECONDS = 1;

/*
 * KEYS: the buckets, and the set of gateways. ARGV: the gateway's name, or nothing if it called just now; what it believes Redis' clock to
 * say; then for each bucket the interval and the room, when it was to be empty as far as the gateway knows, and "1" if it never
 * refuses. Returns Redis' clock, the number of gateways (0 if no name was given), the place of the bucket that refuses the request
 * (0: none), and what was in each bucket.
 */
export const TEXT = `
local time = redis.call("TIME")
local now = time[1] - ${EPOCH} + time[2] / 1000000
local buckets = #KEYS - 1
local jump = now - ARGV[2]
-- What the gateway has seen of a bucket stays true if Redis' clock is set.
if math.abs(jump) < ${JUMP_SECONDS} then jump = 0 end
local kept, levels, intervals, rooms = {}, {}, {}, {}
local refused_by = 0
for place = 1, buckets do
    local first = 4 * place - 1
    local interval, room = tonumber(ARGV[first]), tonumber(ARGV[first + 1])
    local seen = tonumber(ARGV[first + 2])
    kept[place] = math.max(0, (tonumber(redis.call("GET", KEYS[place])) or 0) - now)
    local level = math.max(kept[place], seen and seen + jump - now or 0)
    -- There cannot be more in it: the clock was set back.
    level = math.min(level, room + interval)
    if level > room + ${TOLERANCE} and ARGV[first + 3] ~= "1" and refused_by == 0 then refused_by = place end
    levels[place], intervals[place], rooms[place] = level, interval, room
end
local reply = { string.format("%.9f", now), 0, refused_by }
for place = 1, buckets do
    local level = levels[place]
    local is_taken = refused_by == 0 and level <= rooms[place] + ${TOLERANCE}
    local content = is_taken and level + intervals[place] or level
    if is_taken or math.abs(level - kept[place]) > ${TOLERANCE} then
        redis.call("SET", KEYS[place], string.format("%.9f", now + content), "PX", string.format("%.0f", math.ceil(math.min(${LONGEST}, content) * 1000) + 1))
    end
    reply[place + 3] = string.format("%.9f", level)
end
if ARGV[1] ~= "" then
    local gateways = KEYS[buckets + 1]
    redis.call("ZADD", gateways, string.format("%.3f", now), ARGV[1])
    redis.call("ZREMRANGEBYSCORE", gateways, "-inf", string.format("(%.3f", now - ${GATEWAY_SECONDS}))
    redis.call("ZREMRANGEBYSCORE", gateways, string.format("%.3f", now + ${JUMP_SECONDS}), "+inf")
    redis.call("EXPIRE", gateways, ${GATEWAY_SECONDS + 1})
    reply[2] = redis.call("ZCARD", gateways)
end
return reply
`;

function digest_of(text: string): string {
    const parts: string[] = [];
    const digest = ngx.sha1_bin(text);
    for (const place of $range(1, digest.length)) parts.push(string.format("%02x", string.byte(digest, place)));
    return table.concat(parts);
}

/** Its name in Redis. */
export const SHA = digest_of(TEXT);

/** A bucket of a request. */
export interface Bucket {
    readonly key: string;
    readonly interval: number;
    readonly room: number;
    /** When it will be empty by Redis' clock, as far as is known. */
    readonly seen: number | undefined;
    readonly is_dry_run: boolean;
}

/** What the script says. */
export interface Verdict {
    /** Redis' clock. */
    readonly now: number;
    /** How many gateways called within the last minute; 0 if the question did not name the gateway. */
    readonly gateways: number;
    /** The place of the bucket that refuses the request, from 1; 0 if it is in all buckets that have room for it. */
    readonly refused_by: number;
    /** What was in each bucket before, in seconds of leaking. */
    readonly levels: readonly number[];
}

function text_of(seconds: number): string {
    return string.format("%.9f", seconds);
}

/**
 * What comes after the name of the script in the command. `gateway`: its name, or "" if it called just now; `believed`: what it believes
 * Redis' clock to say. Phases: any.
 */
export function words_of(
    buckets: readonly Bucket[],
    gateways_key: string,
    gateway: string,
    believed: number,
): string[] {
    const words: string[] = [tostring(buckets.length + 1)];
    for (const { key } of buckets) words.push(key);
    words.push(gateways_key);
    words.push(gateway);
    words.push(text_of(believed));
    for (const { interval, room, seen, is_dry_run } of buckets) {
        words.push(text_of(interval));
        words.push(text_of(room));
        words.push(seen === undefined ? "" : text_of(seen));
        words.push(is_dry_run ? "1" : "0");
    }
    return words;
}

/** The verdict in a reply to a question about so many buckets; nothing where it is none. Phases: any. */
export function verdict_of(reply: unknown, buckets: number): Verdict | undefined {
    if (type(reply) !== "table") return undefined;
    const numbers: number[] = [];
    for (const place of $range(1, buckets + 3)) {
        const number = tonumber((reply as unknown[])[place - 1]);
        // NaN is not either.
        if (number === undefined || !(number >= 0 && number < math.huge)) return undefined;
        numbers.push(number);
    }
    const [now, gateways, refused_by] = numbers as [number, number, number];
    if (gateways % 1 !== 0 || gateways > MOST_GATEWAYS || refused_by % 1 !== 0 || refused_by > buckets)
        return undefined;
    const levels: number[] = [];
    for (const place of $range(1, buckets)) levels.push(numbers[place + 2]!);
    return { now, gateways, refused_by, levels };
}
