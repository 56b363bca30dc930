/**
 * Brings one batch to its sink: tries, waits, tries again, and at last gives up.
 *
 * A batch is a stack of parts, one at first. It is divided where the sink may have refused it for one entry alone, and
 * where the sink keeps failing, so that it is tried with a single entry.
 */
import * as backoffs from "../core/time/backoff";
import * as guard from "../core/metrics/guard";
import * as clock from "../core/time/clock";
import type { Reason } from "./figures";
import * as lines from "./lines";
import type { Cause, Outcome, Part, Sink } from "./sink";
import { drop, is_exiting, is_open, show, sleep, maintain } from "./state";
import type { Batch, Flusher } from "./state";

const MOST_BACKOFF_SECONDS = 30;
/** At exit: no more than half of what is left, so that the last tries come close to the end. */
const MOST_BACKOFF_SECONDS_AT_EXIT = 0.5;
const LEAST_BACKOFF_SECONDS_AT_EXIT = 0.02;
/** One bad entry of 500 is found by dividing nine times, four by 32 times at most. Each time is two requests more. */
const MOST_SPLITS = 32;

/** The longest wait before the next try, in seconds. */
function most_backoff(flusher: Flusher): number {
    if (!is_exiting(flusher)) return MOST_BACKOFF_SECONDS;
    const half = (flusher.drain_until! - clock.now()) / 2;
    return math.max(LEAST_BACKOFF_SECONDS_AT_EXIT, math.min(half, MOST_BACKOFF_SECONDS_AT_EXIT));
}

/** Seconds to wait before the next try. */
function backoff(flusher: Flusher, retry_after_seconds: number): number {
    const most = most_backoff(flusher);
    return math.max(backoffs.jittered(flusher.failures, most), math.min(retry_after_seconds, most));
}

/** When the last try of a batch is due. What outlives the worker is never given up but by it. */
function end_of(flusher: Flusher, batch: Batch): number {
    const end = flusher.queue.is_durable ? math.huge : batch.since + flusher.settings.retry_seconds;
    return is_exiting(flusher) ? math.min(end, flusher.drain_until!) : end;
}

/** Waits before the next try; a worker that begins to exit waits no longer. */
function pause(flusher: Flusher, batch: Batch, retry_after_seconds: number): void {
    const was_exiting = is_exiting(flusher);
    const until = math.min(clock.now() + backoff(flusher, retry_after_seconds), end_of(flusher, batch));
    let left = until - clock.now();
    do {
        sleep(flusher, math.huge, math.huge, left);
        maintain(flusher);
        left = until - clock.now();
    } while (left > 0 && is_exiting(flusher) === was_exiting);
}

/** Puts two parts in the place of the next one: its first lines, which go first, and the others. */
function split(batch: Batch, first_entries: number): void {
    const part = table.remove(batch.parts)!;
    const end = lines.end_of(part.text, first_entries);
    batch.parts.push({ text: string.sub(part.text, end + 1), entries: part.entries - first_entries });
    batch.parts.push({ text: string.sub(part.text, 1, end), entries: first_entries });
}

/** What is sent next: a single entry while the circuit is open. */
function next_part(flusher: Flusher, batch: Batch): Part {
    const next = batch.parts[batch.parts.length - 1]!;
    if (next.entries === 1 || !is_open(flusher)) return next;
    split(batch, 1);
    return batch.parts[batch.parts.length - 1]!;
}

/** Books that the next part is settled. */
function settle(flusher: Flusher, batch: Batch): void {
    const part = table.remove(batch.parts)!;
    flusher.queue.done(part.entries, part.text.length);
    show(flusher);
}

/** Books that the next part is settled but for what is left of it, which takes its place. */
function settle_except(flusher: Flusher, batch: Batch, left: Part): void {
    settle(flusher, batch);
    batch.parts.push(left);
    flusher.queue.done(-left.entries, -left.text.length);
    show(flusher);
}

/** Keeps a part in the dead-letter file, where there is one. */
function write_dead_letter(flusher: Flusher, part: Part): void {
    if (flusher.dead_letter === undefined) return;
    const [verdict, err] = flusher.dead_letter.send(part.text, part.entries, math.huge);
    if (verdict === "sent") flusher.figures.dead_lettered.inc(part.entries);
    else flusher.faults.report("dead_letter", "sink ", flusher.settings.name, ": ", err);
}

/** Keeps what is left of a batch that is given up, unless the queue has it on disk. */
function write_all_dead_letters(flusher: Flusher, batch: Batch): void {
    if (flusher.queue.is_durable) return;
    for (const index of $range(batch.parts.length - 1, 0, -1)) write_dead_letter(flusher, batch.parts[index]!);
}

/** Keeps a refused part in the dead-letter file, where there is one, and drops it. */
function refuse(flusher: Flusher, part: Part, why: string): void {
    write_dead_letter(flusher, part);
    drop(flusher, "refused", part.entries, why);
}

/** Sends no more of a batch: drops what is left of it, unless the queue keeps it for another worker. */
function abandon(flusher: Flusher, batch: Batch, reason: Reason, why: string): void {
    drop(flusher, reason, flusher.queue.give_back(batch.parts), why);
    while (batch.parts.length > 0) table.remove(batch.parts);
    // Another worker may have more luck, and may begin at once.
    if (flusher.queue.is_durable) flusher.drain_until = clock.now();
}

/** Whether a batch that has just failed is not sent again. */
function is_over(flusher: Flusher, batch: Batch): boolean {
    return clock.now() >= end_of(flusher, batch) || (flusher.queue.is_durable && is_exiting(flusher));
}

function attempt(sink: Sink, part: Part, most_seconds: number): Outcome {
    return sink.send(part.text, part.entries, most_seconds);
}

/** Books a try that the sink has answered: all arrived but what is `refused`. */
function answered(flusher: Flusher, batch: Batch, part: Part, refused: Part | undefined, why: string): void {
    flusher.failures = 0;
    batch.failed = false;
    flusher.figures.sent.inc(part.entries - (refused?.entries ?? 0));
    if (refused !== undefined) refuse(flusher, refused, why);
    settle(flusher, batch);
}

/** Sends the next part; says why it has not arrived, unless it has, or never will. */
function try_part(
    flusher: Flusher,
    batch: Batch,
    most_seconds: number,
): LuaMultiReturn<[why?: string, retry_after_seconds?: number | undefined, cause?: Cause]> {
    const part = next_part(flusher, batch);
    if (batch.failed) flusher.figures.retries.inc();
    const [ok, verdict, err, retry_after, concerned, given_cause] = guard.protected_call(attempt, flusher.sink, part, most_seconds);
    // The worker is gone meanwhile, and has counted what it had.
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

/** Sends the batch in flight and books what becomes of it. Phases: timer. */
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
                // Whoever has a file for what the sink says no to wants this, too.
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
