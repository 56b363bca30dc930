/**
 * Delivers one batch: sends it, retries with backoff, and finally gives up.
 *
 * A batch is a stack of parts, at first a single one. A part is split where the sink may have refused it because of a single entry, and
 * while the circuit is open, so that the sink is tried with a single entry.
 */
import * as guard from "../core/metrics/guard";
import * as backoffs from "../core/time/backoff";
import * as clock from "../core/time/clock";
import type { Reason } from "./figures";
import * as lines from "./lines";
import type { Cause, Outcome, Part, Sink } from "./sink";
import type { Batch, Flusher } from "./state";
import { drop, is_exiting, is_open, maintain, show, sleep } from "./state";

const MOST_BACKOFF_SECONDS = 30;
/** At exit: at most half of the time left, so that the last attempts come close to the end. */
const MOST_BACKOFF_SECONDS_AT_EXIT = 0.5;
const LEAST_BACKOFF_SECONDS_AT_EXIT = 0.02;
/** One bad entry of 500 is found by nine splits, four are found by 32 at most. Each split costs two more requests. */
const MOST_SPLITS = 32;

/** The longest wait before the next attempt, in seconds. */
function most_backoff(flusher: Flusher): number {
    if (!is_exiting(flusher)) return MOST_BACKOFF_SECONDS;
    const half = (flusher.drain_until! - clock.now()) / 2;
    return math.max(LEAST_BACKOFF_SECONDS_AT_EXIT, math.min(half, MOST_BACKOFF_SECONDS_AT_EXIT));
}

/** Seconds to wait before the next attempt. */
function backoff(flusher: Flusher, retry_after_seconds: number): number {
    const most = most_backoff(flusher);
    return math.max(backoffs.jittered(flusher.failures, most), math.min(retry_after_seconds, most));
}

/** Seconds until the last attempt of a batch is due. A queue on disk never gives up before the worker exits. */
function seconds_left(flusher: Flusher, batch: Batch): number {
    const now = clock.now();
    const left = flusher.queue.is_durable ? math.huge : later(batch.since, flusher.settings.retry_seconds) - now;
    return is_exiting(flusher) ? math.min(left, flusher.drain_until! - now) : left;
}

/** Waits before the next attempt; ends at once when the worker begins to exit. */
function pause(flusher: Flusher, batch: Batch, retry_after_seconds: number): void {
    const was_exiting = is_exiting(flusher);
    const seconds = math.min(backoff(flusher, retry_after_seconds), seconds_left(flusher, batch));
    const until = later(clock.now(), seconds);
    let left = until - clock.now();
    do {
        sleep(flusher, math.huge, math.huge, left);
        maintain(flusher);
        left = until - clock.now();
    } while (left > 0 && is_exiting(flusher) === was_exiting);
}

/** Splits the next part in two: its first lines, which are sent first, and the others. */
function split(batch: Batch, first_entries: number): void {
    const part = table.remove(batch.parts)!;
    const end = lines.end_of(part.text, first_entries);
    batch.parts.push({ text: string.sub(part.text, end + 1), entries: part.entries - first_entries });
    batch.parts.push({ text: string.sub(part.text, 1, end), entries: first_entries });
}

/** The part to send next: a single entry while the circuit is open. */
function next_part(flusher: Flusher, batch: Batch): Part {
    const next = batch.parts[batch.parts.length - 1]!;
    if (next.entries === 1 || !is_open(flusher)) return next;
    split(batch, 1);
    return batch.parts[batch.parts.length - 1]!;
}

/** Removes the next part, which is settled. */
function settle(flusher: Flusher, batch: Batch): void {
    const part = table.remove(batch.parts)!;
    flusher.queue.done(part.entries, part.text.length);
    show(flusher);
}

/** The same, except for the entries of it that are left, which become the next part. */
function settle_except(flusher: Flusher, batch: Batch, left: Part): void {
    settle(flusher, batch);
    batch.parts.push(left);
    flusher.queue.done(-left.entries, -left.text.length);
    show(flusher);
}

/** Writes a part to the dead-letter file, if there is one. */
function write_dead_letter(flusher: Flusher, part: Part): void {
    if (flusher.dead_letter === undefined) return;
    const [verdict, err] = flusher.dead_letter.send(part.text, part.entries, math.huge);
    if (verdict === "sent") flusher.figures.dead_lettered.inc(part.entries);
    else flusher.faults.report("dead_letter", "sink ", flusher.settings.name, ": ", err);
}

/** Writes the rest of a batch that is given up to the dead-letter file, unless the queue keeps it on disk. */
function write_all_dead_letters(flusher: Flusher, batch: Batch): void {
    if (flusher.queue.is_durable) return;
    for (const index of $range(batch.parts.length - 1, 0, -1)) write_dead_letter(flusher, batch.parts[index]!);
}

/** Writes a refused part to the dead-letter file, if there is one, and drops it. */
function refuse(flusher: Flusher, part: Part, why: string): void {
    write_dead_letter(flusher, part);
    drop(flusher, "refused", part.entries, why);
}

/** Gives a batch up: drops the rest of it, unless the queue keeps it on disk for another worker. */
function abandon(flusher: Flusher, batch: Batch, reason: Reason, why: string): void {
    drop(flusher, reason, flusher.queue.give_back(batch.parts), why);
    while (batch.parts.length > 0) table.remove(batch.parts);
    // Lets another worker take over at once.
    if (flusher.queue.is_durable) flusher.drain_until = clock.now();
}

/** Whether a batch whose attempt has just failed is given up. */
function is_over(flusher: Flusher, batch: Batch): boolean {
    return seconds_left(flusher, batch) <= 0 || (flusher.queue.is_durable && is_exiting(flusher));
}

function attempt(sink: Sink, part: Part, most_seconds: number): Outcome {
    return sink.send(part.text, part.entries, most_seconds);
}

/** Counts a part that was accepted, except for the entries that were refused. */
function answered(flusher: Flusher, batch: Batch, part: Part, refused: Part | undefined, why: string): void {
    flusher.failures = 0;
    batch.failed = false;
    flusher.figures.sent.inc(part.entries - (refused?.entries ?? 0));
    if (refused !== undefined) refuse(flusher, refused, why);
    settle(flusher, batch);
}

/** Sends the next part. Returns the error where it is to be retried. */
function try_part(
    flusher: Flusher,
    batch: Batch,
    most_seconds: number,
): LuaMultiReturn<[why?: string, retry_after_seconds?: number | undefined, cause?: Cause]> {
    const part = next_part(flusher, batch);
    if (batch.failed) flusher.figures.retries.inc();
    const [ok, verdict, err, retry_after, concerned, given_cause] = guard.protected_call(
        attempt,
        flusher.sink,
        part,
        most_seconds,
    );
    // The worker has ended meanwhile, and has counted the batch.
    if (flusher.batch !== batch) return $multi();
    const why = ok ? tostring(err) : `the sink raised: ${tostring(verdict)}`;
    if (ok && verdict === "sent") {
        answered(flusher, batch, part, undefined, why);
    } else if (ok && verdict === "split" && part.entries > 1 && batch.splits < MOST_SPLITS) {
        flusher.failures = 0;
        batch.failed = false;
        batch.splits += 1;
        split(batch, math.floor(part.entries / 2));
    } else if (ok && verdict !== "retry") {
        answered(flusher, batch, part, concerned ?? part, why);
    } else {
        if (ok && concerned !== undefined) {
            flusher.figures.sent.inc(part.entries - concerned.entries);
            settle_except(flusher, batch, concerned);
        }
        const cause = (ok ? given_cause : undefined) ?? "unreachable";
        flusher.figures.failures.get(cause).inc();
        return $multi(why, ok ? retry_after : undefined, cause);
    }
    return $multi();
}

/** Sends the batch in flight until it is delivered or given up. Phases: timer. */
export function send_batch(flusher: Flusher, batch: Batch): void {
    let last_why = "no time is left";
    while (batch.parts.length > 0 && flusher.batch === batch) {
        const left = is_exiting(flusher) ? flusher.drain_until! - clock.now() : math.huge;
        if (left <= 0) {
            abandon(flusher, batch, "exit", last_why);
            break;
        }
        const [why, retry_after, cause] = try_part(flusher, batch, left);
        if (why !== undefined) {
            last_why = why;
            batch.failed = true;
            flusher.failures += 1;
            show(flusher);
            if (is_over(flusher, batch)) {
                // Retrying would not have helped, so these entries go to the dead-letter file as well.
                if (cause === "credentials" || cause === "misdirected") write_all_dead_letters(flusher, batch);
                abandon(flusher, batch, is_exiting(flusher) ? "exit" : "gave_up", why);
            } else {
                flusher.faults.report("retry", "sink ", flusher.settings.name, ": ", why);
                pause(flusher, batch, retry_after ?? 0);
            }
        }
    }
    if (flusher.batch === batch) {
        flusher.queue.settle();
        flusher.batch = undefined;
    }
    show(flusher);
}
