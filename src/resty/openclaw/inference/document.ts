/** Reads an answer of one piece of JSON: whole up to a limit, and of a larger one its beginning and its end. */
import * as string_buffer from "string.buffer";
import type { Buffer } from "string.buffer";
import * as fields_of from "./fields";
import type { Fields } from "./fields";
import * as search from "./search";

export interface Document {
    readonly is_stream: false;
    readonly kept: Buffer;
    readonly most_bytes: number;
    kept_bytes: number;
    /** The beginning of an answer that is too large to be kept. */
    head?: string;
    readonly fields: Fields;
    /** Why the answer could not be read; nothing when it could, or broke off. */
    problem?: string;
    /** Takes the next bytes, 16 KB at most. Phases: body_filter. */
    feed(memory: Bytes, bytes: number): void;
    /** Reads what was kept, once. `is_whole`: whether the end has come. Phases: log. */
    finish(is_whole: boolean): void;
}

const HEAD_BYTES = 4 * 1024;
const TAIL_BYTES = 16 * 1024;

/** Lets go of all but beginning and end. */
function shorten(document: Document): void {
    if (document.head === undefined) {
        document.head = document.kept.get(HEAD_BYTES);
        document.kept_bytes -= document.head.length;
    }
    if (document.kept_bytes > TAIL_BYTES) {
        document.kept.skip(document.kept_bytes - TAIL_BYTES);
        document.kept_bytes = TAIL_BYTES;
    }
}

function feed(this: Document, memory: Bytes, bytes: number): void {
    this.kept.putcdata(memory, bytes);
    this.kept_bytes += bytes;
    const limit = this.head === undefined ? this.most_bytes : 2 * TAIL_BYTES;
    if (this.kept_bytes > limit) shorten(this);
}

/** Reads the answer as a whole; whether that could be done. */
function read_whole(document: Document, text: string, is_whole: boolean): boolean {
    const [value, err] = fields_of.decode(text);
    if (err === undefined) fields_of.read(document.fields, value);
    // One that broke off is no fault of the node's.
    else if (is_whole) document.problem = err;
    return err === undefined;
}

function finish(this: Document, is_whole: boolean): void {
    const fields = this.fields;
    const text = this.kept.tostring();
    this.kept.free();
    if (this.head !== undefined || !read_whole(this, text, is_whole)) {
        // Names may come in any order: where both have one, the head has the model, the tail all else.
        if (this.head !== undefined) search.find_model(fields, this.head);
        search.read(fields, text);
        if (this.head !== undefined) search.read(fields, this.head);
    }
    fields.finish_reason = fields.finish_reason ?? fields.other_finish_reason ?? (is_whole ? "none" : "aborted");
}

const metatable = { __index: { feed, finish } };

/** A reader for one answer; `most_bytes`: what is kept whole. */
function create(most_bytes: number): Document {
    const made = { is_stream: false, kept: string_buffer.new(), most_bytes, kept_bytes: 0, fields: {} };
    return setmetatable(made, metatable) as unknown as Document;
}
export { create as new };
