/**
 * Reads a stream of server-sent events: the first ones as they come, until one has content; then only counts them; and
 * the last ones when all is over. It keeps the last 16 KB.
 */
import * as ffi from "ffi";
import * as string_buffer from "string.buffer";
import type { Buffer } from "string.buffer";
import * as request from "../request";
import * as event_count from "./event_count";
import type { EventCount } from "./event_count";
import * as events from "./events";
import * as fields_of from "./fields";
import type { Fields } from "./fields";
import * as search from "./search";

export interface Stream {
    readonly is_stream: true;
    readonly kept: Buffer;
    kept_bytes: number;
    /** How many bytes were let go of. */
    gone_bytes: number;
    /** Of the events in what is kept and in what was let go of. */
    readonly count: EventCount;
    /** Events before the first with content, and after the last. */
    early: number;
    late: number;
    is_late: boolean;
    /** Whether there was none with content yet; and where the events begin that were not read for it. */
    is_early: boolean;
    next_early: number;
    /** Seconds from the first byte of the request to the first event with content. */
    first_token_seconds?: number;
    first_time: number;
    last_time: number;
    readonly fields: Fields;
    /** As of a document. */
    problem?: string;
    feed(memory: Bytes, bytes: number): void;
    finish(is_whole: boolean): void;
}

const KEPT_BYTES = 16 * 1024;
/** So many at a time: a loop of few turns is one that LuaJIT does not compile. */
const SCAN_BYTES = 4 * 1024;
/** Where the last events are, as a rule. */
const END_BYTES = 4 * 1024;
/** Of the last events so many are read. */
const LAST_EVENTS = 16;
const DONE = "[DONE]";

/** Counts the events in what has come since the last time. */
function scan(stream: Stream): void {
    const [reference] = stream.kept.ref();
    event_count.go_on(stream.count, ffi.cast("const uint8_t *", reference), stream.kept_bytes);
}

/** Lets go of all but the last bytes. */
function shorten(stream: Stream): void {
    const surplus = stream.kept_bytes - KEPT_BYTES;
    if (surplus <= 0) return;
    stream.is_early = false;
    stream.kept.skip(surplus);
    stream.kept_bytes = KEPT_BYTES;
    stream.gone_bytes += surplus;
    stream.count.scanned -= surplus;
}

function note_content(stream: Stream): void {
    stream.is_early = false;
    stream.first_token_seconds = request.seconds_taken();
    stream.first_time = stream.last_time;
}

/** Reads the events that have come since the last time, up to the first with content. */
function look_for_content(stream: Stream): void {
    const text = stream.kept.tostring();
    let [data, after] = events.next_of(text, stream.next_early);
    while (after !== undefined && stream.is_early) {
        // The same bytes whatever chunks they came in.
        if (after > KEPT_BYTES) {
            stream.is_early = false;
            return;
        }
        stream.next_early = after;
        if (data !== undefined) {
            const [event] = fields_of.decode(data);
            fields_of.read_model(stream.fields, event);
            if (fields_of.has_content(event)) note_content(stream);
            else stream.early += 1;
        }
        [data, after] = events.next_of(text, after);
    }
}

function feed(this: Stream, memory: Bytes, bytes: number): void {
    this.kept.putcdata(memory, bytes);
    this.kept_bytes += bytes;
    this.last_time = request.now();
    if (this.is_early && event_count.line_feed_after(memory, 0, bytes) !== undefined) look_for_content(this);
    if (this.kept_bytes - this.count.scanned >= SCAN_BYTES) {
        scan(this);
        shorten(this);
    }
}

/** Reads the last of these events, from the end on. Returns whether one says that the stream is over. */
function read_last(stream: Stream, last_events: readonly string[]): boolean {
    const fields = stream.fields;
    const count = last_events.length;
    let is_done = false;
    stream.late = 0;
    stream.is_late = true;
    for (const index of $range(count, math.max(1, count - LAST_EVENTS + 1), -1)) {
        const data = last_events[index - 1]!;
        const [event, err] = fields_of.decode(data);
        if (data === DONE) is_done = true;
        // One that the end has cut off is no fault of the node's.
        else if (err !== undefined && !(stream.count.has_data && index === count)) stream.problem = err;
        fields_of.read(fields, event);
        if (fields_of.has_content(event)) stream.is_late = false;
        if (stream.is_late) stream.late += 1;
        else if (fields.completion_tokens !== undefined && fields.finish_reason !== undefined) break;
    }
    return is_done;
}

/** Reads the last events in the last bytes of what is kept. */
function read_end(stream: Stream, bytes: number): boolean {
    const [reference] = stream.kept.ref();
    const gone = stream.kept_bytes - bytes;
    const text = ffi.string(pointer_add(ffi.cast("const uint8_t *", reference), gone), bytes);
    return read_last(stream, events.all_of(`${text}\n\n`, gone + stream.gone_bytes > 0));
}

/** Whether the last events have said all there is to know. */
function is_settled(stream: Stream, is_over: boolean): boolean {
    const { completion_tokens, finish_reason } = stream.fields;
    if (completion_tokens === undefined && stream.is_late) return false;
    return is_over || finish_reason !== undefined;
}

/** Each event with content is taken for a token. */
function estimate(stream: Stream): number | undefined {
    if (stream.first_token_seconds === undefined) return undefined;
    const tokens = stream.count.events - stream.early - stream.late;
    return math.max(0, tokens);
}

/** Looks for what an event says that is larger than what is kept. Returns whether there is a usage, which ends a stream. */
function find_in_cut(stream: Stream): boolean {
    if (stream.gone_bytes === 0 || stream.fields.completion_tokens !== undefined) return false;
    search.read(stream.fields, stream.kept.tostring());
    return stream.fields.completion_tokens !== undefined;
}

function finish(this: Stream): void {
    const fields = this.fields;
    scan(this);
    shorten(this);
    if (this.count.has_data) this.count.events += 1;
    let is_over = read_end(this, math.min(END_BYTES, this.kept_bytes));
    if (!is_settled(this, is_over) && this.kept_bytes > END_BYTES) is_over = read_end(this, this.kept_bytes);
    if (find_in_cut(this)) is_over = true;
    this.kept.free();
    fields.completion_tokens = fields.completion_tokens ?? estimate(this);
    fields.finish_reason = fields.finish_reason ?? fields.other_finish_reason ?? (is_over ? "none" : "aborted");
}

const metatable = { __index: { feed, finish } };

/** A reader for one answer. */
function create(): Stream {
    const made = {
        is_stream: true,
        kept: string_buffer.new(),
        kept_bytes: 0,
        gone_bytes: 0,
        count: event_count.new(),
        early: 0,
        late: 0,
        is_late: true,
        is_early: true,
        next_early: 1,
        first_time: 0,
        last_time: 0,
        fields: {},
    };
    return setmetatable(made, metatable) as unknown as Stream;
}
export { create as new };
