/** Appends each entry to a stream of Redis or Valkey, with one pipeline for each batch. */
import type { RedisClient } from "resty.redis";
import * as kinds from "../../config/kinds";
import type { Values } from "../../config/schema";
import { joined, option, required } from "../../config/schema";
import * as in_time from "../../core/time/in_time";
import * as time_slice from "../../core/time/time_slice";
import type { Redis } from "../../redis_client";
import * as redis_client from "../../redis_client";
import type { Redirection } from "../../redis_client/errors";
import * as redis_errors from "../../redis_client/errors";
import * as ids from "../ids";
import * as lines from "../lines";
import type { Cause, Outcome, Part, Sink } from "../sink";

interface RedisSink extends Sink {
    readonly redis: Redis;
    readonly key: string;
    readonly max_length: string;
    readonly field: string;
    readonly id_field: string;
}

/** One batch, which is sent by a light thread of its own. */
interface Job {
    readonly sink: RedisSink;
    readonly all: string[];
    client?: RedisClient | undefined;
    /** One for each line: an id, or false and why not. */
    replies?: unknown[];
    err?: string | undefined;
}

const STREAM_SCHEMA = {
    key: required(kinds.text, "the stream"),
    max_length: option(kinds.whole(1), 1000000, "about how many entries the stream keeps (`MAXLEN ~`)"),
    field: option(kinds.text, "line", "the field of the entry"),
    id_field: option(
        kinds.text,
        "id",
        'field with the entry\'s id, by which readers recognize copies; only where the line begins with `{"id":"…"`, as records and pushed tables do',
    ),
};

export const SCHEMA = joined(STREAM_SCHEMA, redis_client.SCHEMA);
export const check = redis_client.check;

/** Batches are sent one after the other. */
const MOST_IDLE_CONNECTIONS = 1;

/** So many commands are built, at some microseconds each, before other requests are served. */
const COMMANDS_AT_A_STRETCH = 100;

function add(sink: RedisSink, client: RedisClient, line: string): void {
    const id = ids.of(line);
    if (id === undefined) client.xadd(sink.key, "MAXLEN", "~", sink.max_length, "*", sink.field, line);
    else client.xadd(sink.key, "MAXLEN", "~", sink.max_length, "*", sink.field, line, sink.id_field, id);
}

/** Sends some of the lines, by their numbers, to one server. Returns the replies by the same numbers; nil and why without replies. */
function exchange(job: Job, numbers: number[], index: number, asks: boolean): Result<LuaTable<number, unknown>> {
    const { redis } = job.sink;
    const [client, err] = redis_client.open(redis, index);
    job.client = client;
    if (client === undefined) return $multi(undefined, err);
    client.init_pipeline(numbers.length);
    for (const [count, number] of ipairs(numbers)) {
        if (asks) client.asking();
        add(job.sink, client, job.all[number - 1]!);
        if (count % COMMANDS_AT_A_STRETCH === 0) time_slice.yield_now();
    }
    const [replies, reply_err] = client.commit_pipeline();
    if (replies === undefined) {
        client.close();
        return $multi(undefined, `no reply: ${reply_err}`);
    }
    const found = new LuaTable<number, unknown>();
    let failed = false;
    for (const [count, number] of ipairs(numbers)) {
        const reply = replies[(asks ? 2 * count : count) - 1];
        found.set(number, reply);
        failed = failed || type(reply) === "table";
    }
    // A new connection authenticates again, which may help.
    if (failed) client.close();
    else redis_client.leave(redis, client);
    return $multi(found);
}

/** The error in a reply, if it is one. */
function error_in(reply: unknown): string | undefined {
    return type(reply) === "table" ? tostring((reply as unknown[])[1]) : undefined;
}

/** The first redirection among the replies, and the numbers of all lines that were redirected. */
function redirected(replies: unknown[]): LuaMultiReturn<[first: Redirection | undefined, numbers: number[]]> {
    let first: Redirection | undefined;
    const numbers: number[] = [];
    for (const [number, reply] of ipairs(replies)) {
        const redirection = redis_errors.redirection(error_in(reply) ?? "");
        if (redirection !== undefined) {
            first = first ?? redirection;
            numbers.push(number);
        }
    }
    return $multi(first, numbers);
}

/** Follows redirections of a cluster to configured servers. */
function follow(job: Job, replies: unknown[], from: number): void {
    const { redis } = job.sink;
    let at = from;
    // If the cluster redirects further, the batch is retried later.
    for (const _ of $range(1, redis_client.MOST_REDIRECTIONS)) {
        const [redirection, numbers] = redirected(replies);
        if (redirection === undefined) return;
        const target = redis_client.index_of(redis, at, redirection);
        if (target === undefined) return;
        if (!redirection.asks) redis.current = target;
        const [found, err] = exchange(job, numbers, target, redirection.asks);
        if (found === undefined) {
            job.err = err;
            return;
        }
        for (const number of numbers) replies[number - 1] = found.get(number);
        at = target;
    }
}

function append(job: Job): void {
    const { redis } = job.sink;
    const numbers: number[] = [];
    for (const number of $range(1, job.all.length)) numbers.push(number);
    const at = redis.current;
    const [found, err] = exchange(job, numbers, at, false);
    if (found === undefined) {
        job.err = err;
        redis_client.use_next_server(redis);
        return;
    }
    const replies: unknown[] = [];
    for (const number of numbers) replies.push(found.get(number));
    follow(job, replies, at);
    if (redis_errors.may_another_host_accept(error_in(replies[0]) ?? "")) redis_client.use_next_server(redis);
    job.replies = replies;
}

function work(job: Job): void {
    // The library raises when it receives anything but the protocol of Redis.
    const [ok, err] = pcall(append, job);
    if (!ok) {
        job.err = `no reply of Redis: ${err}`;
        job.client?.close();
    }
}

/** The outcome of the replies; failed entries become a part of their own. Temporary errors go before permanent ones. */
function judge(all: string[], replies: unknown[]): Outcome {
    const failed: string[] = [];
    let why = "";
    let temporary: string | undefined;
    for (const [index, reply] of ipairs(replies)) {
        const err = error_in(reply);
        if (err !== undefined) {
            failed.push(all[index - 1]!);
            if (why === "") why = err;
            if (temporary === undefined && !redis_errors.is_permanent(err)) temporary = err;
        }
    }
    if (failed.length === 0) return $multi("sent");
    const part: Part = { text: lines.join(failed), entries: failed.length };
    if (temporary === undefined) return $multi("poison", why, undefined, part);
    return $multi("retry", temporary, undefined, part, redis_errors.cause_of(temporary));
}

/** The cause where there are no replies; nothing where Redis is unreachable. */
function cause_without_reply(err: string | undefined): Cause | undefined {
    const cause = redis_errors.cause_of(err ?? "");
    return cause === "credentials" ? cause : undefined;
}

function send(this: RedisSink, text: string, _entries: number, most_seconds: number): Outcome {
    const job: Job = { sink: this, all: lines.split(text) };
    const seconds = math.min(this.redis.timeout_ms / 1000, most_seconds);
    const [is_done, err] = in_time.run(seconds, work, job);
    if (is_done === undefined) return $multi("retry", err);
    if (job.replies === undefined) return $multi("retry", job.err, undefined, undefined, cause_without_reply(job.err));
    return judge(job.all, job.replies);
}

const metatable = { __index: { send } };

/** A sink that appends to the stream at `key`. Phases: init. Raises where the options do not fit together. */
function create(options: Values<typeof SCHEMA>, path: string): Sink {
    const fields = {
        redis: redis_client.new(options, path, "redis_stream", MOST_IDLE_CONNECTIONS),
        key: options.key,
        max_length: string.format("%.0f", options.max_length),
        field: options.field,
        id_field: options.id_field,
    };
    return setmetatable(fields, metatable);
}
export { create as new };
