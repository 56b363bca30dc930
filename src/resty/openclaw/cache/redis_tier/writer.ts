/**
 * Writes answers to Redis after the requests that brought them: they wait in a queue in memory, which one light thread empties. Nothing
 * waits for Redis while it is away.
 */
import type { Gzip } from "../../core/bytes/gzip";
import * as guard from "../../core/metrics/guard";
import * as clock from "../../core/time/clock";
import type { Redis } from "../../redis_client";
import * as redis_client from "../../redis_client";
import * as circuit from "./circuit";
import type { WriteResult } from "./figures";
import type { Entry, RedisTier, Writer } from "./model";
import * as scripts from "./scripts";
import * as values from "./value";

/** All that waits in a worker, for whatever Redis. */
export const MOST_QUEUED_BYTES = 16 * 1024 * 1024;
/** What an answer takes beside its bytes. */
const ENTRY_BYTES = 500;
/** Nobody waits for an answer to be written, so there is time. */
export const WRITE_SECONDS = 1;
const SECONDS_BETWEEN_REFUSALS = 1;
const SECONDS_BETWEEN_CLOCKS = 1;
/** A worker that exits takes no longer to write what it has. */
const SECONDS_TO_EXIT = 2;
/** The memory of light threads is freed only when their timer ends. */
const MOST_ENTRIES_OF_TIMER = 1000;
/** What Redis replies when it writes. */
const MOST_REPLY_BYTES = 1024;
/** No answer is fresh for longer. */
const MOST_SECONDS = 366 * 24 * 3600;

let queued_bytes = 0;

/** Phases: init. */
function create(redis: Redis, gzip: Gzip): Writer {
    return {
        redis,
        gzip,
        first: undefined,
        last: undefined,
        is_at_work: false,
        paused_until: 0 as MonotonicTime,
        ahead: 0,
        clock_of: -1,
        known_until: 0 as MonotonicTime,
    };
}
export { create as new };

/** The present, however long this worker has been at work. */
function present(): MonotonicTime {
    ngx.update_time();
    return clock.now();
}

/** Redis does not answer, or refuses. */
function give_up(tier: RedisTier, err: string, cause: redis_client.Cause): WriteResult {
    const { writer } = tier;
    if (cause === "unreachable") {
        circuit.fail(tier, err);
    } else {
        circuit.report(tier, err);
        writer.paused_until = later(clock.now(), SECONDS_BETWEEN_REFUSALS);
    }
    return "failed";
}

/** Learns what the server's clock says. Nothing, or why it cannot. */
function learn(writer: Writer): LuaMultiReturn<[err?: string, cause?: redis_client.Cause]> {
    const { redis } = writer;
    const [reply, err, cause] = redis_client.ask_within(redis, WRITE_SECONDS, MOST_REPLY_BYTES, "time");
    if (reply === undefined) return $multi(err!, cause as redis_client.Cause);
    const moment = scripts.moment_in(reply);
    if (moment === undefined) return $multi("its reply is no time", "misdirected");
    const now = present();
    // Our clock is up to a millisecond further than it says.
    writer.ahead = moment - 1000 * now - 1;
    writer.clock_of = redis.current;
    writer.known_until = later(now, SECONDS_BETWEEN_CLOCKS);
    return $multi();
}

/** Writes one answer, unless it is not to be written any more. */
function write_one(entry: Entry): WriteResult {
    const { tier, key, head, body, fresh_until } = entry;
    const { writer, link, prefix } = tier;
    const now = present();
    if (fresh_until <= now) return "dropped";
    if (link.is_failing || now < writer.paused_until) return "skipped";
    if (now >= writer.known_until || writer.clock_of !== link.redis.current) {
        const [err, cause] = learn(writer);
        if (err !== undefined) return give_up(tier, err, cause!);
    }
    const its_end = Math.floor(1000 * fresh_until + writer.ahead);
    const value = values.pack(writer.gzip, key, { head, body, fresh_until: its_end });
    const left = Math.floor(1000 * (fresh_until - present()));
    const words = ["1", prefix + key, value, string.format("%.0f", its_end), string.format("%.0f", left)];
    const { WRITE } = scripts;
    const [reply, err, cause] = redis_client.ask_within(
        link.redis,
        WRITE_SECONDS,
        MOST_REPLY_BYTES,
        "eval",
        WRITE,
        ...words,
    );
    if (reply === undefined) return give_up(tier, err!, cause as redis_client.Cause);
    if (reply === 1) return "written";
    // It came too late.
    if (reply === 0) return "dropped";
    return give_up(tier, "its reply is none to the question", "misdirected");
}

/** Takes the first entry away. */
function remove(writer: Writer, entry: Entry): void {
    writer.first = entry.next;
    if (entry.next === undefined) writer.last = undefined;
    queued_bytes -= entry.bytes;
}

function empty(this: void, _premature: boolean, writer: Writer): void {
    let stop_at: MonotonicTime | undefined;
    let count = 0;
    let entry = writer.first;
    while (entry !== undefined) {
        const { figures, faults } = entry.tier;
        const is_exiting = ngx.worker.exiting();
        if (is_exiting && stop_at === undefined) stop_at = later(present(), SECONDS_TO_EXIT);
        if (stop_at !== undefined && present() >= stop_at) {
            figures.writes.dropped.inc();
        } else {
            const [ok, result] = guard.call(faults, "write", write_one, entry);
            figures.writes[ok ? result! : "failed"].inc();
        }
        remove(writer, entry);
        count += 1;
        entry = writer.first;
        if (count >= MOST_ENTRIES_OF_TIMER && entry !== undefined && !is_exiting) {
            const [again] = ngx.timer.at(0, empty, writer);
            if (again) return;
            count = 0;
        }
    }
    writer.is_at_work = false;
}

/** Begins to empty the queue, unless that is under way. */
function begin(tier: RedisTier): void {
    const { writer, faults } = tier;
    if (writer.is_at_work) return;
    const [ok, err] = ngx.timer.at(0, empty, writer);
    if (ok) writer.is_at_work = true;
    else faults.report("write", "no answers are written to Redis now: ", err);
}

/** Queues an answer that is fresh for so many seconds; what becomes of it is counted. Phases: any with a request or a timer; does not yield. */
export function add(tier: RedisTier, key: string, head: string, body: string, seconds: number): void {
    const { writer, figures } = tier;
    const { writes } = figures;
    if (body.length > tier.max_bytes || head.length > values.MOST_HEAD_BYTES) return writes.too_large.inc();
    const now = clock.now();
    if (!circuit.is_usable(tier, now)) return writes.skipped.inc();
    if (now < writer.paused_until) return writes.skipped.inc();
    const bytes = head.length + body.length + ENTRY_BYTES;
    if (!(seconds > 0) || queued_bytes + bytes > MOST_QUEUED_BYTES) return writes.dropped.inc();
    const fresh_until = later(now, math.min(seconds, MOST_SECONDS));
    const entry: Entry = { tier, key, head, body, fresh_until, bytes, next: undefined };
    if (writer.last === undefined) writer.first = entry;
    else writer.last.next = entry;
    writer.last = entry;
    queued_bytes += bytes;
    begin(tier);
}
