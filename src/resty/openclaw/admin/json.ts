/** Writes the JSON of the API's responses. */
import * as outputs from "../core/text/json/output";
import type { Writer } from "../core/text/json/shapes";
import * as time_slice from "../core/time/time_slice";

/** A value as JSON. Phases: content; yields. */
export function written<Value>(write: Writer<Value>, value: Value): string {
    const output = outputs.collecting(time_slice.paced(time_slice.yield_now));
    write(output, value);
    return outputs.finish(output);
}
