/**
 * Checks strictly whether a text is JSON (RFC 8259), in UTF-8, and within limits, without building its values. The text may come in
 * pieces of any size, cut anywhere, so that a long one is checked in slices of time.
 *
 * It is one flat loop over a table of states. Inside of a string it takes four bytes at a time. bench/README.md has the time per byte.
 */
import * as ffi from "ffi";
import type { Names } from "./structure/names";
import * as names from "./structure/names";
import {
    AFTER_ENTRY,
    AFTER_MEMBER,
    AFTER_TEXT,
    BEGIN_HEX,
    BEGIN_NAME,
    CLOSE_ARRAY,
    CLOSE_OBJECT,
    COLON,
    END_ESCAPE,
    END_NAME,
    END_NUMBER,
    END_STRING,
    END_WORD,
    EXPONENT,
    FIRST_ACTION,
    FIRST_ENTRY,
    FIRST_NAME,
    FRACTION,
    HEX_DIGIT,
    NAME,
    NAME_END,
    NAME_ESCAPE,
    NAME_HEX,
    NEXT,
    NO_JSON,
    OPEN_ARRAY,
    OPEN_OBJECT,
    STRING,
    VALUE,
    WHOLE,
    ZERO,
} from "./structure/states";

export interface Limits {
    /** How many objects and arrays may be inside one another. */
    readonly max_depth: number;
    /** How many members all objects together may have. */
    readonly max_members: number;
    /** Whether an object may have no two members of the same name. */
    readonly unique_names: boolean;
}

/** Why a text is refused: it is no JSON, a limit is met, or an object has a name twice. */
export type Problem = "no_json" | "too_deep" | "too_many_members" | "duplicate_name";

/** A text that is being checked. */
export interface Checker {
    readonly limits: Limits;
    /** Why the text is refused; nothing so far where it is fine. */
    problem: Problem | undefined;
    /** How many bytes of the text have been read; where there is a problem, the last one of these shows it. */
    bytes: number;
    state: number;
    depth: number;
    members: number;
    /** The state after a value at this depth, and at the depths above. */
    after: number;
    readonly outer: number[];
    readonly names: Names;
}

function refuse(checker: Checker, problem: Problem): number {
    checker.problem = problem;
    return VALUE;
}

/** An object or array begins. Each of these returns the next state. */
function open(checker: Checker, is_object: boolean): number {
    const { depth } = checker;
    if (depth >= checker.limits.max_depth) return refuse(checker, "too_deep");
    checker.outer[depth] = checker.after;
    checker.depth = depth + 1;
    checker.after = is_object ? AFTER_MEMBER : AFTER_ENTRY;
    if (is_object) names.open(checker.names, depth);
    return is_object ? FIRST_NAME : FIRST_ENTRY;
}

function close(checker: Checker): number {
    const depth = checker.depth - 1;
    checker.depth = depth;
    checker.after = checker.outer[depth]!;
    return checker.after;
}

function begin_name(checker: Checker, at: number): number {
    checker.members += 1;
    if (checker.members > checker.limits.max_members) return refuse(checker, "too_many_members");
    checker.names.begins = at;
    return NAME;
}

function end_name(checker: Checker, memory: Bytes, end: number): number {
    const is_duplicate = names.is_duplicate(checker.names, memory, end, checker.depth - 1);
    return is_duplicate ? refuse(checker, "duplicate_name") : COLON;
}

/** A part of an escape in a name; its byte is at `at`. */
function escape(checker: Checker, memory: Bytes, at: number, action: number): number {
    const its_names = checker.names;
    if (action === HEX_DIGIT) return names.add_digit(its_names, memory.get(at), at + 1) ? NAME : NAME_HEX;
    if (action === BEGIN_HEX) return NAME_HEX;
    if (action === END_ESCAPE) {
        names.end_escape(its_names, memory.get(at), at + 1);
        return NAME;
    }
    names.begin_escape(its_names, memory, at);
    return NAME_ESCAPE;
}

/** What the byte at `at` causes, where it does more than change the state. */
function act(checker: Checker, memory: Bytes, at: number, action: number): number {
    if (action === END_WORD) return checker.after;
    if (action === BEGIN_NAME) return begin_name(checker, at + 1);
    if (action === END_NAME) return end_name(checker, memory, at);
    if (action === OPEN_OBJECT || action === OPEN_ARRAY) return open(checker, action === OPEN_OBJECT);
    if (action === CLOSE_OBJECT || action === CLOSE_ARRAY) return close(checker);
    if (action === NO_JSON) return refuse(checker, "no_json");
    return escape(checker, memory, at, action);
}

/** As `act`. A number ends with the byte after it, which has a meaning of its own. */
function act_on(checker: Checker, memory: Bytes, at: number, action: number): number {
    if (action !== END_NUMBER) return act(checker, memory, at, action);
    const next = NEXT.get(checker.after * 256 + memory.get(at));
    return next < FIRST_ACTION ? next : act(checker, memory, at, next);
}

/** Whether none of four bytes has a meaning in a string: all are ASCII, and no quote, backslash or control character. */
function are_plain(memory: Bytes, at: number): boolean {
    const four = ffi.cast("const int32_t *", pointer_add(memory, at)).get(0);
    const quotes = four ^ 0x22222222;
    const backslashes = four ^ 0x5c5c5c5c;
    // A byte that is less than the number taken away has its highest bit set by that, or a byte below it has.
    return ((four | (four - 0x20202020) | (quotes - 0x01010101) | (backslashes - 0x01010101)) & 0x80808080) === 0;
}

/**
 * Checks the next bytes of the text, from `memory` on. Does nothing where there is a problem already. Phases: any. Never raises,
 * whatever the bytes are.
 */
export function feed(this: void, checker: Checker, memory: Bytes, count: number): void {
    let state = checker.state;
    let at = 0;
    if (checker.problem !== undefined) return;
    while (at < count) {
        if (state === STRING && at + 4 <= count && are_plain(memory, at)) {
            at += 4;
        } else {
            const next = NEXT.get(state * 256 + memory.get(at));
            if (next < FIRST_ACTION) state = next;
            else if (next === END_STRING) state = checker.after;
            else {
                state = act_on(checker, memory, at, next);
                if (checker.problem !== undefined) count = at + 1;
            }
            at += 1;
        }
    }
    checker.state = state;
    checker.bytes += at;
    if (state >= NAME && state < NAME_END) names.cut(checker.names, memory, at);
}

/** Whether the text may end in this state: the value at the top level is whole. */
function may_end(checker: Checker): boolean {
    const { state } = checker;
    if (checker.depth > 0) return false;
    return state === AFTER_TEXT || state === ZERO || state === WHOLE || state === FRACTION || state === EXPONENT;
}

/** The text has ended. Why it is refused; nothing where it is fine. Phases: any. */
export function finish(checker: Checker): Problem | undefined {
    if (checker.problem === undefined && !may_end(checker)) checker.problem = "no_json";
    return checker.problem;
}

/** A checker for one text. Phases: any. */
function create(limits: Limits): Checker {
    return {
        limits,
        problem: undefined,
        bytes: 0,
        state: VALUE,
        depth: 0,
        members: 0,
        after: AFTER_TEXT,
        outer: [],
        names: names.new(limits.unique_names),
    };
}
export { create as new };

/** The checker of a text before, whose tables serve the next one with the same limits. */
let used: Checker | undefined;
/** How many names it keeps, of all these texts. */
let used_names = 0;
const MOST_USED_NAMES = 256;

function take_used(limits: Limits): Checker {
    const checker = used;
    if (checker === undefined || checker.limits !== limits || used_names > MOST_USED_NAMES) {
        used_names = 0;
        return create(limits);
    }
    checker.bytes = 0;
    checker.state = VALUE;
    checker.members = 0;
    checker.after = AFTER_TEXT;
    return checker;
}

/** Checks a text at once: for short ones. Why it is refused, and at which byte, counted from 1; nothing where it is fine. Phases: any. */
export function check(text: string, limits: Limits): LuaMultiReturn<[problem: Problem, at: number] | [undefined]> {
    const checker = take_used(limits);
    feed(checker, ffi.cast("const uint8_t *", text), text.length);
    const problem = finish(checker);
    // What was refused may have ended anywhere.
    used = problem === undefined ? checker : undefined;
    used_names += checker.members;
    if (problem === undefined) return $multi(undefined);
    return $multi(problem, checker.bytes);
}
