/** JSON that is being written: it is collected in a buffer, and sent piece by piece, so that no worker is held for long. */
import * as buffer from "string.buffer";

export interface Output {
    readonly text: buffer.Buffer;
    /** Takes the next piece; may yield. Nothing where the text is kept as a whole. */
    readonly send: ((this: void, piece: string) => void) | undefined;
    /** Called after each small piece of work: see `time_slice.paced`. */
    readonly yield_if_due: (this: void) => void;
}

/** A piece goes out when there are so many bytes: about a tenth of a millisecond of work. */
const PIECE_BYTES = 4096;

/** An output whose text goes out piece by piece. Phases: any. */
export function sending(send: (this: void, piece: string) => void, yield_if_due: (this: void) => void): Output {
    return { text: buffer.new(), send, yield_if_due };
}

/** An output that keeps its text until `finish`. Phases: any. */
export function collecting(yield_if_due: (this: void) => void): Output {
    return { text: buffer.new(), send: undefined, yield_if_due };
}

/** To be called between two values: sends what there is where that is enough. Phases: those in which the output may yield. */
export function step(output: Output): void {
    const { text, send } = output;
    if (send !== undefined && length_of(text) >= PIECE_BYTES) send(text.get());
    output.yield_if_due();
}

/** Sends the rest, and returns it: all of the text where the output collects it. Else as `step`. */
export function finish(output: Output): string {
    const rest = output.text.get();
    if (output.send !== undefined) output.send(rest);
    return rest;
}
