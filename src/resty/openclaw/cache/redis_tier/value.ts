/**
 * An answer as one value in Redis: a line, the head, and the body, which is compressed if that makes it shorter. The line says:
 *
 *     openclaw1 CHECKSUM HEAD BODY KEPT UNTIL
 *
 * the version of the format; the CRC-32 of the key and all that comes after the sum, in hex; the lengths of the head, of the body, and of
 * the body as it is kept; and when the answer stops being fresh, in milliseconds of Redis' clock.
 */
import * as ffi from "ffi";
import * as checksums from "../../core/bytes/checksum";
import type { Gzip } from "../../core/bytes/gzip";
import * as inflations from "../../core/bytes/inflation";
import type { Slice } from "../../core/time/time_slice";
import * as time_slice from "../../core/time/time_slice";
import * as options from "./options";

/** Longer heads are not kept. */
export const MOST_HEAD_BYTES = 64 * 1024;
const MOST_LINE_BYTES = 100;
/** No value is longer. */
export const MOST_BYTES = MOST_LINE_BYTES + MOST_HEAD_BYTES + options.MOST_BODY_BYTES;

const BEGINNING = "openclaw1 ";
const LINE = "^openclaw1 (%x%x%x%x%x%x%x%x) ()(%d+) (%d+) (%d+) (%d+)\n()";
/** Shorter bodies are not worth it. */
const LEAST_COMPRESSED_BYTES = 256;
/** The sum of so many bytes takes less than half a millisecond. */
const PIECE_BYTES = 256 * 1024;

/** An answer that was read. */
export interface Answer {
    readonly head: string;
    readonly body: string;
    /** When it stops being fresh, in milliseconds of Redis' clock. */
    readonly fresh_until: number;
}

/** The body as it is kept. */
function shortest(gzip: Gzip, body: string): string {
    if (body.length < LEAST_COMPRESSED_BYTES) return body;
    const [compressed] = gzip.compress(body);
    if (compressed === undefined || compressed.length >= body.length) return body;
    return compressed;
}

function pause(slice: Slice): void {
    if (!time_slice.is_over(slice)) return;
    time_slice.yield_now();
    time_slice.renew(slice);
}

/** The sum of what `sum` is of, and of a text from a place on. */
function add(sum: number, text: string, from: number, slice: Slice): number {
    const bytes = ffi.cast("const uint8_t *", text);
    let [all, at] = [sum, from];
    while (at < text.length) {
        const count = math.min(PIECE_BYTES, text.length - at);
        all = checksums.add(all, pointer_add(bytes, at), count);
        at += count;
        pause(slice);
    }
    return all;
}

/** The value for an answer. `gzip`: not used by another meanwhile. Phases: those that may yield; yields. */
export function pack(gzip: Gzip, key: string, answer: Answer): string {
    const { head, body, fresh_until } = answer;
    const kept = shortest(gzip, body);
    const line = string.format("%d %d %d %.0f\n", head.length, body.length, kept.length, fresh_until);
    const slice = time_slice.begin();
    let sum = checksums.NOTHING;
    for (const part of [key, line, head, kept]) sum = add(sum, part, 0, slice);
    return table.concat([BEGINNING, string.format("%08x ", sum), line, head, kept]);
}

/** Uncompresses what stands behind a place of a value; never more than it is said to be. */
function uncompressed(value: string, from: number, bytes: number, slice: Slice): Result<string> {
    const inflation = inflations.new();
    if (inflation === undefined) return $multi(undefined, "zlib failed");
    inflations.give(inflation, pointer_add(ffi.cast("const uint8_t *", value), from), value.length - from);
    const parts: string[] = [];
    let made = 0;
    let is_full = true;
    while (is_full && made <= bytes && !inflation.is_ended) {
        const count = inflations.step(inflation);
        made += count;
        is_full = count === inflations.OUTPUT_BYTES;
        parts.push(ffi.string(inflations.output, count));
        pause(slice);
    }
    const is_whole = inflation.is_ended && inflation.problem === undefined && made === bytes;
    inflations.finish(inflation);
    if (!is_whole) return $multi(undefined, "its body is not as long as it says");
    return $multi(table.concat(parts));
}

/** The answer in the value of a key; nil and what is wrong, which shows nothing of it. Phases: those that may yield; yields if it is long. */
export function unpack(key: string, value: string): Result<Answer> {
    const beginning = string.sub(value, 1, MOST_LINE_BYTES);
    const [sum, summed, head_digits, body_digits, kept_digits, until_digits, behind] = string.match(beginning, LINE);
    if (sum === undefined) return $multi(undefined, "it has no beginning that this version knows");
    const [head_bytes, body_bytes, kept_bytes] = [
        tonumber(head_digits)!,
        tonumber(body_digits)!,
        tonumber(kept_digits)!,
    ];
    if (head_bytes > MOST_HEAD_BYTES || body_bytes > options.MOST_BODY_BYTES || kept_bytes > body_bytes) {
        return $multi(undefined, "it is too long");
    }
    const head_from = tonumber(behind)!;
    const from = head_from - 1 + head_bytes;
    if (value.length !== from + kept_bytes) return $multi(undefined, "it is not as long as it says");
    const slice = time_slice.begin();
    const found = add(checksums.add_text(checksums.NOTHING, key), value, tonumber(summed)! - 1, slice);
    if (found !== tonumber(sum, 16)) return $multi(undefined, "its checksum is wrong");
    const head = string.sub(value, head_from, from);
    const fresh_until = tonumber(until_digits)!;
    if (kept_bytes === body_bytes) return $multi({ head, body: string.sub(value, from + 1), fresh_until });
    const [body, err] = uncompressed(value, from, body_bytes, slice);
    if (body === undefined) return $multi(undefined, err);
    return $multi({ head, body, fresh_until });
}
