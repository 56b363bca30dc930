/** Appends each entry to a stream of Redis or Valkey, all of a batch in one pipeline. */
import * as read from "../../options";
import type { Options } from "../../options";
import * as semaphore from "ngx.semaphore";
import type { Semaphore } from "ngx.semaphore";
import type { RedisClient } from "resty.redis";
import * as turn from "../../turn";
import * as ids from "../ids";
import * as lines from "../lines";
import type { Outcome, Part, Sink } from "../sinks";
import * as redis_client from "./redis_client";
import type { Redis } from "./redis_client";

interface RedisSink extends Sink {
    readonly redis: Redis;
    readonly key: string;
    readonly max_length: string;
    readonly field: string;
    readonly id_field: string;
}

/** One pipeline, as its own light thread works it off. */
interface Job {
    readonly sink: RedisSink;
    readonly all: string[];
    readonly done: Semaphore;
    client?: RedisClient | undefined;
    /** One for each line: an id, or false and why not. */
    replies?: unknown[];
    err?: string | undefined;
}

/** Errors that pass, by how they begin: Redis is loading, full, a replica, busy, or about to learn of our rights. */
const PASSING = [
    "LOADING",
    "OOM",
    "READONLY",
    "MASTERDOWN",
    "NOREPLICAS",
    "MISCONF",
    "BUSY",
    "TRYAGAIN",
    "CLUSTERDOWN",
    "NOAUTH",
    "NOPERM",
    "ERR max number of clients",
];

/** So many commands are put together at a stretch, at some microseconds each, before other requests have their turn. */
const COMMANDS_AT_A_STRETCH = 100;

function passes(err: string): boolean {
    for (const beginning of PASSING) {
        if (string.sub(err, 1, beginning.length) === beginning) return true;
    }
    return false;
}

function add(sink: RedisSink, client: RedisClient, line: string): void {
    const id = ids.of(line);
    if (id === undefined) client.xadd(sink.key, "MAXLEN", "~", sink.max_length, "*", sink.field, line);
    else client.xadd(sink.key, "MAXLEN", "~", sink.max_length, "*", sink.field, line, sink.id_field, id);
}

function append(job: Job): void {
    const redis = job.sink.redis;
    const [client, err] = redis_client.open(redis);
    job.client = client;
    if (client === undefined) {
        job.err = err;
        return;
    }
    client.init_pipeline(job.all.length);
    for (const [index, line] of ipairs(job.all)) {
        add(job.sink, client, line);
        if (index % COMMANDS_AT_A_STRETCH === 0) turn.pass();
    }
    const [replies, reply_err] = client.commit_pipeline();
    if (replies === undefined) {
        job.err = `no reply: ${reply_err}`;
        client.close();
    } else {
        job.replies = replies;
        redis_client.leave(redis, client);
    }
}

function work(job: Job): void {
    // The library raises when what it gets is not what Redis says.
    const [ok, err] = pcall(append, job);
    if (!ok) {
        job.err = `no reply of Redis: ${err}`;
        job.client?.close();
    }
    job.done.post(1);
}

/** What the replies say: what has failed, if anything, is a part of its own. */
function judge(all: string[], replies: unknown[]): Outcome {
    const failed: string[] = [];
    let passing = false;
    let why = "";
    for (const [index, reply] of ipairs(replies)) {
        if (type(reply) === "table") {
            const err = tostring((reply as unknown[])[1]);
            failed.push(all[index - 1]!);
            if (why === "") why = err;
            passing = passing || passes(err);
        }
    }
    if (failed.length === 0) return $multi("sent");
    const part: Part = { text: lines.join(failed), entries: failed.length };
    return $multi(passing ? "retry" : "poison", why, undefined, part);
}

/**
 * The library's timeouts begin anew with every reply, so the whole is a thread that is ended in time. Its connection
 * ends with it.
 */
function send(this: RedisSink, text: string, _entries: number, most_seconds: number): Outcome {
    const [done, err] = semaphore.new();
    if (done === undefined) return $multi("retry", err);
    const job: Job = { sink: this, all: lines.split(text), done };
    const thread = ngx.thread.spawn(work, job);
    const seconds = math.min(this.redis.timeout_ms / 1000, most_seconds);
    const [in_time] = done.wait(seconds);
    if (in_time !== true) {
        ngx.thread.kill(thread);
        return $multi("retry", "not done in time");
    }
    if (job.replies === undefined) return $multi("retry", job.err);
    return judge(job.all, job.replies);
}

const metatable = { __index: { send } };

function known_options(): string[] {
    const known = ["type", "key", "max_length", "field", "id_field"];
    for (const name of redis_client.OPTIONS) known.push(name);
    return known;
}

/** A sink that appends to the stream at `key`. Phases: init. Raises when an option is wrong. */
function create(owner: string, options: Options): Sink {
    read.check(owner, options, known_options());
    const fields = {
        redis: redis_client.new(owner, options),
        key: read.text(owner, options, "key"),
        max_length: string.format("%.0f", read.whole(owner, options, "max_length", 1, 1000000)),
        field: read.text(owner, options, "field", "line"),
        id_field: read.text(owner, options, "id_field", "id"),
    };
    return setmetatable(fields, metatable) as unknown as Sink;
}
export { create as new };
