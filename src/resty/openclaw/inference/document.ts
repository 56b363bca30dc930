/** Reads an answer of one piece of JSON, of any size, as it passes. */
import type { Scanner } from "../core/text/json/scanner";
import * as scanners from "../core/text/json/scanner";
import { ROOT } from "./dialects";
import type { Fields, Reading } from "./fields";
import * as readings from "./fields";

export interface Document {
    readonly is_stream: false;
    readonly reading: Reading;
    readonly scanner: Scanner;
    /** Why the answer could not be read; nothing when it could, or broke off. */
    problem?: string;
    /** Takes the next bytes. Phases: body_filter. */
    feed(memory: Bytes, bytes: number): void;
    /** The figures of what has come; nothing when there are none. `is_whole`: whether the end has come. Phases: log. */
    finish(is_whole: boolean): Fields | undefined;
}

function feed(this: Document, memory: Bytes, bytes: number): void {
    scanners.feed(this.scanner, memory, 0, bytes);
}

function finish(this: Document, is_whole: boolean): Fields | undefined {
    // One that broke off is no fault of the node's.
    if (is_whole && !scanners.is_whole(this.scanner)) this.problem = "it is no JSON, or ends too early";
    return readings.figures_of(this.reading, 0, is_whole, false);
}

const metatable = { __index: { feed, finish } };

/** A reader for one answer. Phases: any. */
function create(): Document {
    const reading = readings.new();
    const made = { is_stream: false as const, reading, scanner: scanners.new(ROOT, reading) };
    return setmetatable(made, metatable);
}
export { create as new };
