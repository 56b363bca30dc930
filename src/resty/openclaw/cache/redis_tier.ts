/**
 * A second tier behind nginx's own cache: answers in a Redis that several gateways share. What it has is read on a miss, and written after
 * the answer. While Redis is away, nobody waits for it, and all else goes on as without it.
 */
import * as checksums from "../core/bytes/checksum";
import * as gzips from "../core/bytes/gzip";
import type { Faults } from "../core/metrics/fault";
import type { Registry } from "../core/metrics/metric_registry";
import * as request_state from "../core/request/request_state";
import * as clock from "../core/time/clock";
import * as redis_client from "../redis_client";
import type { Link } from "../redis_client/link";
import * as links from "../redis_client/link";
import * as outages from "../redis_client/outage";
import * as circuit from "./redis_tier/circuit";
import * as figures from "./redis_tier/figures";
import type { RedisTier, Writer } from "./redis_tier/model";
import type { Options } from "./redis_tier/options";
import * as options from "./redis_tier/options";
import * as scripts from "./redis_tier/scripts";
import * as values from "./redis_tier/value";
import * as writers from "./redis_tier/writer";

export type { Options, RedisTier };

export const SCHEMA = options.SCHEMA;
export const KIND = options.KIND;

/** Gives back the place of the question of a request that was ended in the middle. Phases: any with a request. */
export const leave = links.leave;

/** Queues an answer for Redis, which is fresh for so many seconds. Phases: any with a request or a timer; does not yield. Never raises. */
export const write = writers.add;

/** An answer in Redis. */
export interface Kept {
    readonly head: string;
    readonly body: string;
    /** How long it is still fresh. */
    readonly seconds: number;
}

/** Questions at the same time, in each worker; who comes later does not ask. Each has a connection, which is kept for the next. */
export const MOST_QUESTIONS = 128;

/** All routes with one Redis have one queue in each worker. */
const writer_of = new LuaMap<Link, Writer>();

function open(given: Options, path: string): Writer {
    // One for the writer, one for the purges, and one for an operator.
    const most_connections = MOST_QUESTIONS + 3;
    const redis = redis_client.new(given, path, "redis", most_connections, writers.WRITE_SECONDS);
    const [gzip, err] = gzips.new();
    if (gzip === undefined || !checksums.is_available()) return error(`${path} cannot be used: ${err}`, 0);
    return writers.new(redis, gzip);
}

/**
 * The answers of a route. `path`: that of the table of options, for errors. Raises where the client cannot be made, or there is no zlib.
 * Phases: init.
 */
function create(given: Options, path: string, faults: Faults, registry: Registry, route: string): RedisTier {
    let opened: Writer | undefined;
    const open_redis = () => {
        opened = open(given, path);
        return opened.redis;
    };
    const fingerprint = redis_client.fingerprint(given, options.SCHEMA);
    const link = links.of(faults.plugin, fingerprint, open_redis, MOST_QUESTIONS);
    if (opened !== undefined) writer_of.set(link, opened);
    const outage = {
        address: redis_client.address(given),
        fails_to: "share answers",
        does_again: "shares answers",
        of_route: outages.of_route(route),
        meanwhile: "each gateway has its own cache only",
    };
    const { prefix, database, max_bytes, timeout_seconds } = given;
    return {
        link,
        writer: writer_of.get(link)!,
        faults,
        figures: figures.of(registry, route),
        outage,
        place: `${outage.address}/${database} ${prefix}`,
        prefix,
        known_until: undefined,
        max_bytes,
        timeout_seconds,
    };
}
export { create as new };

/** What Redis has cannot be used. */
function refuse(tier: RedisTier, err: string): undefined {
    tier.faults.report("damaged_answer", "an answer in Redis is not used: ", err);
    tier.figures.questions.miss.inc();
    return undefined;
}

function miss(tier: RedisTier): undefined {
    tier.figures.questions.miss.inc();
    return undefined;
}

/** What a reply says; it was asked for at that moment. */
function kept_in(tier: RedisTier, key: string, reply: unknown, asked_at: MonotonicTime): Kept | undefined {
    const found = scripts.found_in(reply);
    if (found === undefined) return refuse(tier, "the reply is none to the question");
    const { bytes, value } = found;
    if (bytes === 0) return miss(tier);
    if (value === undefined) return refuse(tier, "it is too long");
    if (found.left === -1) return refuse(tier, "it never expires");
    const [answer, err] = values.unpack(key, value);
    if (answer === undefined) return refuse(tier, err);
    const left = math.min(found.left, answer.fresh_until - found.now) / 1000;
    const seconds = left - (clock.now() - asked_at);
    if (seconds <= 0) return miss(tier);
    tier.figures.questions.hit.inc();
    return { head: answer.head, body: answer.body, seconds };
}

function fail(tier: RedisTier, err: string): undefined {
    const [is_other_type] = string.find(err, "^WRONGTYPE");
    if (is_other_type !== undefined) return refuse(tier, "it is no string");
    tier.figures.questions.failed.inc();
    circuit.fail(tier, err);
    return undefined;
}

/**
 * The answer that Redis has for a key. Nothing where it has none, it is away, too many questions are under way, or what it has is damaged.
 * Phases: access; waits for Redis no longer than the timeout. Never raises.
 */
export function read(tier: RedisTier, key: string): Kept | undefined {
    const { link, timeout_seconds } = tier;
    const state = request_state.open();
    const now = clock.now();
    if (!circuit.is_usable(tier, now) || links.enter(link, state, timeout_seconds, now) !== undefined) {
        tier.figures.questions.skipped.inc();
        return undefined;
    }
    const [reply, err] = circuit.ask(tier, key, timeout_seconds);
    links.leave(state);
    if (reply === undefined) return fail(tier, err!);
    return kept_in(tier, key, reply, now);
}
