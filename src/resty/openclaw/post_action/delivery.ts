/** Brings one batch to its sink: tries, waits, tries again, and at last gives up. */
import * as noise from "../noise";
import type { Reason } from "./figures";
import * as figures_of from "./figures";
import * as lines from "./queue";
import type { Outcome, Sink, Verdict } from "./sinks";
import { drop, is_exiting, sleep } from "./state";
import type { Batch, Flusher } from "./state";

/** Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ */
const FIRST_BACKOFF_SECONDS = 0.1;
const MOST_BACKOFF_SECONDS = 30;
/** At exit: no more than half of what is left, so that the last tries come close to the end. */
const MOST_BACKOFF_SECONDS_AT_EXIT = 0.5;
const LEAST_BACKOFF_SECONDS_AT_EXIT = 0.02;

/** The longest wait before the next try, in seconds. */
function most_backoff(flusher: Flusher): number {
    if (!is_exiting(flusher)) return MOST_BACKOFF_SECONDS;
    const half = (flusher.drain_until! - ngx.now()) / 2;
    return math.max(LEAST_BACKOFF_SECONDS_AT_EXIT, math.min(half, MOST_BACKOFF_SECONDS_AT_EXIT));
}

/** Seconds to wait before the next try. */
function backoff(flusher: Flusher, batch: Batch, retry_after_seconds: number): number {
    const most = most_backoff(flusher);
    const ceiling = math.min(most, FIRST_BACKOFF_SECONDS * math.pow(2, batch.failures - 1));
    return math.max(noise.share() * ceiling, math.min(retry_after_seconds, most));
}

/** When the last try of a batch is due. */
function end_of(flusher: Flusher, batch: Batch): number {
    const end = batch.since + flusher.settings.retry_seconds;
    return is_exiting(flusher) ? math.min(end, flusher.drain_until!) : end;
}

/** Waits before the next try; a worker that begins to exit waits no longer. */
function pause(flusher: Flusher, batch: Batch, retry_after_seconds: number): void {
    const was_exiting = is_exiting(flusher);
    const until = math.min(ngx.now() + backoff(flusher, batch, retry_after_seconds), end_of(flusher, batch));
    let left = until - ngx.now();
    do {
        sleep(flusher, math.huge, math.huge, left);
        left = until - ngx.now();
    } while (left > 0 && is_exiting(flusher) === was_exiting);
}

function attempt(sink: Sink, batch: Batch, most_seconds: number): Outcome {
    return sink.send(batch.text, batch.entries, most_seconds);
}

/** `pcall`, as the compiler cannot know what a function with several results returns through it. */
const guarded = pcall as unknown as (
    this: void,
    attempted: typeof attempt,
    sink: Sink,
    batch: Batch,
    most_seconds: number,
) => LuaMultiReturn<[ok: boolean, verdict: Verdict | string, err?: string, retry_after_seconds?: number]>;

/** Sends a batch until it has arrived or is given up; says why it was dropped, or nothing. */
function deliver(flusher: Flusher, batch: Batch): LuaMultiReturn<[reason?: Reason, why?: string]> {
    let why = "no time is left";
    while (true) {
        const left = is_exiting(flusher) ? flusher.drain_until! - ngx.now() : math.huge;
        if (left <= 0) return $multi("exit", why);
        if (batch.failures > 0) flusher.figures.retries.inc();
        const [ok, verdict, err, retry_after] = guarded(attempt, flusher.sink, batch, left);
        if (ok && verdict === "sent") return $multi();
        why = ok ? tostring(err) : `the sink raised: ${tostring(verdict)}`;
        if (ok && verdict === "poison") return $multi("refused", why);
        batch.failures += 1;
        if (ngx.now() >= end_of(flusher, batch)) return $multi(is_exiting(flusher) ? "exit" : "gave_up", why);
        flusher.faults.report("retry", "sink ", flusher.settings.name, ": ", why);
        pause(flusher, batch, (ok ? retry_after : undefined) ?? 0);
    }
}

/** Sends the batch in flight and books what became of it. Phases: timer. */
export function fly(flusher: Flusher, batch: Batch): void {
    const [reason, why] = deliver(flusher, batch);
    if (reason === undefined) flusher.figures.sent.inc(batch.entries);
    else drop(flusher, reason, batch.entries, why!);
    flusher.batch = undefined;
    lines.settle(flusher.queue);
    figures_of.show(flusher.figures, flusher.queue);
}
