/**
 * Finds a delimiter in bytes that arrive in pieces, and passes on those before it. What may be the beginning of a delimiter is kept until
 * the next piece: fewer bytes than the delimiter has.
 */
import * as ffi from "ffi";

// Names of our own, so that other libraries' declarations of the same functions are of no matter. The C library's search takes linear
// time. Sources: memmem(3), memmove(3).
ffi.cdef(`
    void *openclaw_memmem(const void *memory, size_t bytes, const void *sought, size_t sought_bytes) __asm__("memmem");
    void *openclaw_memmove(void *to, const void *from, size_t bytes) __asm__("memmove");
`);

/** Takes the next bytes; they are gone when it returns. */
export type Sink<State> = (this: void, state: State, bytes: Bytes, count: number) => void;

export interface Window {
    readonly delimiter: string;
    /** Bytes that have not been passed on, and room for as many that follow them. */
    readonly memory: Bytes;
    held: number;
}

/** The place of a text in some bytes, or -1. Phases: any. */
export function find(memory: Bytes, bytes: number, sought: string): number {
    const found = ffi.C.openclaw_memmem!(memory, bytes, sought, sought.length) as CValue | undefined;
    if (found === undefined) return -1;
    return pointer_difference(ffi.cast("const uint8_t *", found), memory);
}

/** An empty window. Phases: any. */
function create(delimiter: string): Window {
    const memory = ffi.new("uint8_t[?]", 2 * delimiter.length) as unknown as Bytes;
    return { delimiter, memory, held: 0 };
}
export { create as new };

/** Passes on the bytes in the window from the first one on, and keeps the rest. */
function pass<State>(window: Window, count: number, kept: number, sink: Sink<State>, state: State): void {
    if (count > 0) sink(state, window.memory, count);
    ffi.C.openclaw_memmove!(window.memory, pointer_add(window.memory, count), kept);
    window.held = kept;
}

/**
 * Looks for a delimiter that begins in the bytes that are held. The place after it; `limit` if all bytes are in the window now; -1 if there
 * is none and nothing is held any more.
 */
function seek_in_held<State>(
    window: Window,
    memory: Bytes,
    at: number,
    limit: number,
    sink: Sink<State>,
    state: State,
): LuaMultiReturn<[next: number, is_found: boolean]> {
    const { held, delimiter } = window;
    const longest = delimiter.length - 1;
    const more = math.min(longest, limit - at);
    ffi.copy(pointer_add(window.memory, held), pointer_add(memory, at), more);
    const found = find(window.memory, held + more, delimiter);
    if (found >= 0) {
        pass(window, found, 0, sink, state);
        return $multi(at + found + delimiter.length - held, true);
    }
    if (more < longest) {
        const kept = math.min(held + more, longest);
        pass(window, held + more - kept, kept, sink, state);
        return $multi(limit, false);
    }
    pass(window, held, 0, sink, state);
    return $multi(at, false);
}

/**
 * Passes on the bytes from `at` to before `limit`, up to the delimiter. Returns the place after the delimiter, and whether there is one.
 * Phases: any.
 */
export function seek<State>(
    window: Window,
    memory: Bytes,
    at: number,
    limit: number,
    sink: Sink<State>,
    state: State,
): LuaMultiReturn<[next: number, is_found: boolean]> {
    if (window.held > 0) {
        const [next, is_found] = seek_in_held(window, memory, at, limit, sink, state);
        if (is_found || next === limit) return $multi(next, is_found);
    }
    const from = pointer_add(memory, at);
    const found = find(from, limit - at, window.delimiter);
    const kept = found >= 0 ? 0 : math.min(window.delimiter.length - 1, limit - at);
    const count = found >= 0 ? found : limit - at - kept;
    if (count > 0) sink(state, from, count);
    ffi.copy(window.memory, pointer_add(from, count), kept);
    window.held = kept;
    return $multi(found >= 0 ? at + found + window.delimiter.length : limit, found >= 0);
}
