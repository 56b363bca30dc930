/**
 * Authenticates by API keys that live in Redis or Valkey: `PREFIX` and the SHA-256 of the key name a hash, whose fields say who has the key.
 * Each worker remembers answers for some seconds.
 */
import type { LruCache } from "resty.lrucache";
import * as lru_cache from "resty.lrucache";
import * as kinds from "../../config/kinds";
import type { Values } from "../../config/schema";
import { joined, option } from "../../config/schema";
import type { Faults } from "../../core/metrics/fault";
import * as clock from "../../core/time/clock";
import * as redis_client from "../../redis_client";
import type { Caller, Method, Verdict } from "../model";
import * as credentials from "./credential";
import type { Lookup } from "./redis_lookup";
import * as lookups from "./redis_lookup";

const KEYS_SCHEMA = {
    prefix: option(kinds.text, "openclaw:key:", "what comes before the SHA-256 of a key in the name of its hash"),
    cache_seconds: option(
        kinds.not_negative,
        10,
        "how long each worker uses what it has read of a key, so how long a withdrawn key may still be accepted",
    ),
    on_error: option(
        kinds.one_of("closed", "stale"),
        "closed",
        'what happens when Redis does not respond: `"closed"` responds 503 to keys that are not cached; `"stale"` uses cached keys for `stale_seconds` longer',
    ),
    stale_seconds: option(kinds.not_negative, 60, 'with `on_error = "stale"`: how much longer than `cache_seconds`'),
};

/** The options of `redis`. A request waits for the look-up, so its timeout is shorter than usual. */
export const SCHEMA = joined(joined(KEYS_SCHEMA, redis_client.SCHEMA), {
    timeout_seconds: option(
        kinds.positive,
        1,
        "timeout of a look-up, including the connection; where many are under way, a request waits as long for its turn before",
    ),
});
export const check_options = redis_client.check;

/** What a worker knows of a key. */
interface Known {
    readonly caller: Caller;
    readonly asked_at: MonotonicTime;
}

export interface RedisKeys extends Method {
    readonly lookup: Lookup;
    readonly cache_seconds: number;
    /** 0 unless stale answers are allowed. */
    readonly stale_seconds: number;
    readonly known: LruCache<Known>;
    /** Until when a key that Redis does not have is not asked for again. */
    readonly unknown: LruCache<MonotonicTime>;
    status(): { failing: boolean };
}

const MOST_KNOWN = 10000;
/** Random keys cannot drive known ones out, as they are kept apart; few are enough for clients that repeat a wrong key. */
const MOST_UNKNOWN = 2000;
const UNKNOWN_SECONDS = 1;
const MOST_IDLE_CONNECTIONS = 32;

function verdict_of(caller: Caller, now: WallTime): Verdict {
    if (caller.expires_at !== undefined && now >= caller.expires_at) return $multi(undefined, "expired");
    return $multi(caller);
}

/** Asks Redis about a key of which the worker does not know enough. */
function ask(keys: RedisKeys, digest: string, known: Known | undefined, now: WallTime): Verdict {
    const asked_at = clock.now();
    const [caller, reason] = lookups.find(keys.lookup, digest, known !== undefined);
    if (caller !== undefined) {
        keys.known.set(digest, { caller, asked_at });
        return verdict_of(caller, now);
    }
    if (reason === "unknown_key") {
        keys.known.delete(digest);
        keys.unknown.set(digest, later(clock.now(), UNKNOWN_SECONDS));
    } else if (known !== undefined && clock.now() < later(known.asked_at, keys.cache_seconds + keys.stale_seconds)) {
        return verdict_of(known.caller, now);
    }
    return $multi(undefined, reason!);
}

function check(this: RedisKeys, credential: string, now: WallTime): Verdict {
    if (!credentials.is_legal(credential)) return $multi(undefined, "malformed");
    const digest = credentials.digest_of(credential);
    if (digest === undefined) return $multi(undefined, "unavailable");
    const moment = clock.now();
    const known = this.known.get(digest);
    if (known !== undefined) {
        if (moment < later(known.asked_at, this.cache_seconds)) return verdict_of(known.caller, now);
    } else {
        const until = this.unknown.get(digest);
        if (until !== undefined && moment < until) return $multi(undefined, "unknown_key");
    }
    return ask(this, digest, known, now);
}

/** Whether this worker's last question to Redis was not answered. */
function status(this: RedisKeys): { failing: boolean } {
    return { failing: this.lookup.is_failing };
}

const metatable = { __index: { check, status } };

/** `path`: that of the table of options, for errors. Raises where the client cannot be made. Phases: init. */
function create(options: Values<typeof SCHEMA>, path: string, faults: Faults): RedisKeys {
    const redis = redis_client.new(options, path, "redis", MOST_IDLE_CONNECTIONS);
    const fields: Omit<RedisKeys, "check" | "status"> = {
        name: "api_key",
        lookup: lookups.new(redis, faults, options.prefix, options.timeout_seconds),
        cache_seconds: options.cache_seconds,
        stale_seconds: options.on_error === "stale" ? options.stale_seconds : 0,
        known: lru_cache.new<Known>(MOST_KNOWN),
        unknown: lru_cache.new<MonotonicTime>(MOST_UNKNOWN),
    };
    return setmetatable(fields, metatable);
}
export { create as new };
