/** A limit of so many requests, or tokens, in a time, in the terms of a leaky bucket. */

export interface Rate {
    /** Seconds in which one request or token leaks out of the bucket. */
    readonly interval: number;
    /** What may be in the bucket when a request comes, in seconds of its leaking: `burst` requests. */
    readonly room: number;
    /** The part of it that causes no delay. */
    readonly undelayed: number;
    /** Requests or tokens, and the seconds that they are for, as they were given. */
    readonly requests: number;
    readonly seconds: number;
    /** For clients: "10 requests per second". */
    readonly text: string;
    /** At least as many seconds as a full bucket takes to become empty, and at most the longest time. */
    readonly horizon: number;
    /** Begins the keys of its buckets. */
    readonly prefix: string;
    /** What an empty bucket has room for: requests or tokens. */
    readonly capacity: number;
    /** The rates of one of several gateways, by their number. */
    readonly shares: LuaMap<number, Rate>;
}

/** The units of time. */
export type Per = "second" | "minute" | "hour" | "day";

const SECONDS: Record<Per, number | undefined> = { second: 1, minute: 60, hour: 3600, day: 86400 };

/** All units, the shortest first. */
export const UNITS: Per[] = ["second", "minute", "hour", "day"];

/** So many seconds at least, so that it is seldom that a bucket's time in the dict is renewed. */
const LEAST_HORIZON = 20;

/**
 * Seconds, 32 years. Slower rates count as one request in that time, no bucket is kept for longer, and no client is told of more: so all
 * moments and times are numbers that dicts, Redis and headers can take.
 */
export const LONGEST = 1e9;

/** The numbers in a rate as API keys have it: `600/minute`. Nothing where it is another text. Phases: any. */
export function parse(text: string): LuaMultiReturn<[requests?: number, per?: Per]> {
    const [requests, per] = string.match(text, "^(%d+)/(%l+)$");
    if (requests === undefined || SECONDS[per as Per] === undefined) return $multi();
    return $multi(tonumber(requests)!, per as Per);
}

/** At least as many seconds as a bucket with room for so many takes to become empty. */
function horizon_of(seconds: number): number {
    return math.min(LONGEST, math.max(LEAST_HORIZON, seconds));
}

/** A rate; `delay`: how many requests of the burst are not delayed. Phases: any. */
export function of(prefix: string, requests: number, per: Per, burst: number, delay: number): Rate {
    const seconds = SECONDS[per]!;
    const interval = math.min(LONGEST, seconds / requests);
    return {
        interval,
        room: burst * interval,
        undelayed: math.min(burst, delay) * interval,
        requests,
        seconds,
        text: `${requests} ${requests === 1 ? "request" : "requests"} per ${per}`,
        horizon: horizon_of((burst + 1) * interval),
        prefix,
        capacity: burst + 1,
        shares: new LuaMap(),
    };
}

/** The rate of a token budget; `capacity`: how many tokens may come at once. They never wait. Phases: any. */
export function of_tokens(prefix: string, tokens: number, per: Per, capacity: number): Rate {
    const seconds = SECONDS[per]!;
    const interval = seconds / tokens;
    const room = (capacity - 1) * interval;
    return {
        interval,
        room,
        undelayed: room,
        requests: tokens,
        seconds,
        text: string.format("%d %s per %s", tokens, tokens === 1 ? "token" : "tokens", per),
        horizon: horizon_of(capacity * interval),
        prefix,
        capacity,
        shares: new LuaMap(),
    };
}

/**
 * The rate of one of so many gateways, each of which has the same part of the requests and of the burst. What leaks in the same time
 * is less, so a bucket has room for the same time. Kept, as the number seldom changes. Phases: any.
 */
export function share_of(rate: Rate, gateways: number): Rate {
    if (gateways === 1) return rate;
    const known = rate.shares.get(gateways);
    if (known !== undefined) return known;
    const interval = math.min(LONGEST, rate.interval * gateways);
    const share: Rate = {
        interval,
        room: rate.room,
        undelayed: rate.undelayed,
        requests: rate.requests,
        seconds: rate.seconds,
        text: rate.text,
        horizon: horizon_of(rate.room + interval),
        prefix: rate.prefix,
        capacity: rate.capacity,
        shares: rate.shares,
    };
    rate.shares.set(gateways, share);
    return share;
}
