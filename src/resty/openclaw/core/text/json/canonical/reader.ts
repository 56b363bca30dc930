/** Reads the pieces of a text: one flat loop over a table of states. */
import * as ffi from "ffi";
import {
    BEGIN_ESCAPE,
    BEGIN_NAME,
    CLOSE_ARRAY,
    CLOSE_OBJECT,
    END_NUMBER,
    END_STRING,
    END_WORD,
    FIRST_ACTION,
    NAME,
    NO_JSON,
    OPEN_ARRAY,
    OPEN_OBJECT,
    STRING,
} from "../structure/states";
import type { Canonical } from "./model";
import * as number_places from "./number_places";
import * as objects from "./objects";
import { plain_bytes } from "./plain";
import { BEGIN_NUMBER, BLANK, NEXT, NEXT_MEMBER, PAIR, PAIR_U } from "./steps";
import { escape, whole_escape } from "./strings";
import * as writing from "./text";

/** No text goes on like this. */
function refuse_byte(json: Canonical, byte: number, state: number): number {
    if (state === PAIR || state === PAIR_U) return writing.refuse(json, "lone_surrogate");
    const is_in_character = state > STRING && state < NAME;
    if (is_in_character || (state === STRING && byte >= 0x80)) return writing.refuse(json, "invalid_utf8");
    return writing.refuse(json, "not_json");
}

function end_string(json: Canonical, byte: number): number {
    const next = json.is_name ? objects.end_name(json) : json.after;
    writing.put(json, byte);
    return next;
}

/** What a byte causes, where it does more than change the state. */
function act(json: Canonical, byte: number, action: number, state: number): number {
    if (action === END_STRING) return end_string(json, byte);
    if (action === BEGIN_NAME) return objects.begin_name(json, byte);
    if (action === NEXT_MEMBER) return objects.next_member(json, byte);
    if (action === BEGIN_NUMBER) return number_places.begin_number(json, byte, state);
    if (action === OPEN_OBJECT || action === OPEN_ARRAY) return objects.open(json, byte, action === OPEN_OBJECT);
    if (action === CLOSE_OBJECT || action === CLOSE_ARRAY) return objects.close(json, byte, action === CLOSE_OBJECT);
    if (action === END_WORD) {
        writing.put(json, byte);
        return json.after;
    }
    if (action === NO_JSON) return refuse_byte(json, byte, state);
    return escape(json, byte, action);
}

/** The next four bytes of the piece in a string; 0, which has a meaning, where there are not so many. */
function next_four(state: number, memory: Bytes, at: number, count: number): number {
    if (state !== STRING || at + 4 > count) return 0;
    const four = ffi.cast("const int32_t *", pointer_add(memory, at)).get(0);
    return four;
}

/** After so many steps in a string, the rest of it is copied by `copy_plain`. */
const STEPS_IN_STRING = 8;

/**
 * Copies what is plain in a string, four bytes at a time; returns how many bytes. A loop of its own, for long strings: LuaJIT compiles the loop
 * over all in the way that the first texts take, and if these are short, interprets steps in later strings in part.
 */
function copy_plain(target: Bytes, memory: Bytes, at: number, count: number): number {
    let copied = 0;
    while (at + copied + 4 <= count) {
        const four = ffi.cast("const int32_t *", pointer_add(memory, at + copied)).get(0);
        const plain = plain_bytes(four);
        if (plain === 0) break;
        // There is room for all four.
        ffi.cast("int32_t *", pointer_add(target, copied)).set(0, four);
        copied += plain;
    }
    return copied;
}

/**
 * Reads the next bytes of the text, from `memory` on. Does nothing where there is a problem already. PIECE_BYTES at a time take well
 * below a millisecond, whatever they are. Phases: any. Never raises.
 */
export function feed(this: void, json: Canonical, memory: Bytes, count: number): void {
    if (json.problem !== undefined || !writing.reserve(json, count)) return;
    let state = json.state;
    let text = json.text;
    let text_bytes = json.text_bytes;
    let at = 0;
    let steps = 0;
    while (at < count) {
        const four = next_four(state, memory, at, count);
        const plain = plain_bytes(four);
        if (plain > 0) {
            // There is room for all four.
            ffi.cast("int32_t *", pointer_add(text, text_bytes)).set(0, four);
            text_bytes += plain;
            at += plain;
            steps += 1;
            if (steps === STEPS_IN_STRING) {
                const copied = copy_plain(pointer_add(text, text_bytes), memory, at, count);
                text_bytes += copied;
                at += copied;
                steps = 0;
            }
        } else {
            steps = 0;
            const byte = memory.get(at);
            const next = NEXT.get(state * 256 + byte);
            if (next < FIRST_ACTION) {
                text.set(text_bytes, byte);
                text_bytes += 1;
                at += 1;
                state = next;
            } else if (next === BLANK) at += 1;
            else {
                json.text_bytes = text_bytes;
                const escape_bytes = next === BEGIN_ESCAPE ? whole_escape(json, memory, at, count) : 0;
                if (escape_bytes > 0) at += escape_bytes;
                else if (next === END_NUMBER) state = number_places.end_number(json, state, count - at);
                else {
                    state = act(json, byte, next, state);
                    at += 1;
                }
                text_bytes = json.text_bytes;
                text = json.text;
                if (json.problem !== undefined) at = count;
            }
        }
    }
    json.state = state;
    json.text_bytes = text_bytes;
    if (text_bytes > json.settings.max_bytes && json.problem === undefined) json.problem = "too_large";
}
