/** Passes the canonical text on, with the members of objects in order: stretches that stay together in one piece. */
import * as ffi from "ffi";
import type { Breathe, Canonical, Sink } from "./model";
import { NO_MEMBER } from "./records";

/** What is passed on at a time: a fifth of a millisecond for SHA-256 without the processor's help. */
const PIECE_BYTES = 32 * 1024;
/** Members between two looks at the clock. */
const STEPS = 64;

const COMMA = ffi.new("uint8_t[1]", 44) as unknown as Bytes;

interface Emission<State> {
    readonly json: Canonical;
    readonly sink: Sink<State>;
    readonly state: State;
    readonly breathe: Breathe | undefined;
    steps: number;
    /** A stretch of the text that has not been passed on yet. */
    from: number;
    to: number;
    /** The objects that are open, by depth: the member at hand, the number of the object, and what comes after it. */
    depth: number;
    readonly members: number[];
    readonly objects: number[];
    readonly limits: number[];
}

function flush<State>(emission: Emission<State>): void {
    while (emission.from < emission.to) {
        const count = math.min(emission.to - emission.from, PIECE_BYTES);
        emission.sink(emission.state, pointer_add(emission.json.text, emission.from), count);
        emission.from += count;
        if (count === PIECE_BYTES && emission.breathe !== undefined) emission.breathe();
    }
}

/** A stretch of the text is next. */
function put<State>(emission: Emission<State>, from: number, to: number): void {
    if (from !== emission.to) {
        flush(emission);
        emission.from = from;
    }
    emission.to = to;
}

function put_comma<State>(emission: Emission<State>): void {
    flush(emission);
    emission.sink(emission.state, COMMA, 1);
}

/** From a member on, the first one that is not ignored. */
function not_ignored(json: Canonical, member: number): number {
    while (member !== NO_MEMBER && json.members.get(member).is_ignored !== 0) member = json.members.get(member).next;
    return member;
}

/** From the object of that number on, the first one that is written member by member. */
function next_unordered(json: Canonical, object: number): number {
    return object < json.object_count ? json.objects.get(object).unordered : json.object_count;
}

/** Writes the beginning of an object; returns its first member. */
function enter<State>(emission: Emission<State>, object: number, at: number, limit: number): number {
    const { json, depth } = emission;
    const { begins, first } = json.objects.get(object);
    put(emission, at, begins + 1);
    emission.objects[depth] = object;
    emission.limits[depth] = limit;
    emission.depth = depth + 1;
    return not_ignored(json, first);
}

/** Where a member is to be written from: at its comma, unless it is the first one. */
function begin_of<State>(emission: Emission<State>, begins: number, is_first: boolean): number {
    if (is_first) return begins;
    if (emission.json.text.get(begins - 1) === COMMA.get(0)) return begins - 1;
    // It was the first one in the text.
    put_comma(emission);
    return begins;
}

function take_step<State>(emission: Emission<State>): void {
    emission.steps += 1;
    if (emission.steps % STEPS === 0 && emission.breathe !== undefined) emission.breathe();
}

function emit_all<State>(emission: Emission<State>): void {
    const { json } = emission;
    let at = 0;
    let limit = json.text_bytes;
    let object = next_unordered(json, 0);
    let is_done = false;
    while (!is_done) {
        const is_object = object < json.object_count && json.objects.get(object).begins < limit;
        let member = NO_MEMBER;
        if (is_object) member = enter(emission, object, at, limit);
        else {
            put(emission, at, limit);
            if (emission.depth === 0) is_done = true;
            else member = not_ignored(json, json.members.get(emission.members[emission.depth - 1]!).next);
        }
        if (member !== NO_MEMBER) {
            const next = json.members.get(member);
            at = begin_of(emission, next.begins, is_object);
            limit = next.ends;
            object = next_unordered(json, next.objects);
            emission.members[emission.depth - 1] = member;
        } else if (!is_done) {
            emission.depth -= 1;
            const its_object = json.objects.get(emission.objects[emission.depth]!);
            at = its_object.ends;
            limit = emission.limits[emission.depth]!;
            object = next_unordered(json, its_object.after);
        }
        take_step(emission);
    }
    flush(emission);
}

/** Passes all of a text, whose objects are sorted, to the sink. Calls `breathe` after less than a millisecond each. */
export function emit<State>(json: Canonical, sink: Sink<State>, state: State, breathe: Breathe | undefined): void {
    emit_all({
        json,
        sink,
        state,
        breathe,
        steps: 0,
        from: 0,
        to: 0,
        depth: 0,
        members: [],
        objects: [],
        limits: [],
    });
}
