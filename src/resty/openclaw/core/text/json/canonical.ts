/**
 * Canonical JSON (RFC 8785): one text for all texts that mean the same, whatever the order of their members, their blanks, escapes and
 * spellings of numbers. The text may come in pieces of any size, cut anywhere.
 *
 * While it is read, its canonical text is written to memory, but for the order of members; C structures say where each member is. At
 * the end those objects are sorted that are out of order, and the text goes to a sink. It is one flat loop over a table of states.
 * Inside of a string it takes four bytes at a time. bench/README.md has the time that this takes.
 *
 * Stricter than the RFC: what two readers may understand differently has no canonical form. These are names that an object has twice,
 * whole numbers that no double is, numbers too large for a double, and half a surrogate pair.
 */
import * as ffi from "ffi";
import * as c_memory from "../../bytes/c_memory";
import * as json_text from "../json";
import * as emission from "./canonical/emission";
import type { Breathe, Canonical, Reason, Settings, Sink } from "./canonical/model";
import { compare } from "./canonical/names";
import * as numbers from "./canonical/numbers";
import * as order from "./canonical/order";
import * as records from "./canonical/records";
import { IN_ORDER, NO_MEMBER, OUT_OF_ORDER, WITH_GAPS } from "./canonical/records";
import { BEGIN_NUMBER, BLANK, NEXT, NEXT_MEMBER, PAIR, PAIR_U } from "./canonical/states";
import { escape } from "./canonical/strings";
import {
    AFTER_ENTRY,
    AFTER_MEMBER,
    AFTER_TEXT,
    BEGIN_NAME,
    CLOSE_ARRAY,
    CLOSE_OBJECT,
    COLON,
    END_NUMBER,
    END_STRING,
    END_WORD,
    EXPONENT,
    FIRST_ACTION,
    FIRST_ENTRY,
    FIRST_NAME,
    FRACTION,
    NAME,
    NEXT as STRICT,
    NEXT_NAME,
    NO_JSON,
    OPEN_ARRAY,
    OPEN_OBJECT,
    STRING,
    VALUE,
    WHOLE,
    ZERO,
} from "./structure/states";

export type { Breathe, Canonical, Reason, Settings, Sink };

/** What became of a text: it went to the sink, it is no JSON, it has no canonical form, or that is over `max_bytes`. */
export type Outcome = "canonical" | "not_json" | "not_keyable" | "too_large";

/** How many objects and arrays may be inside one another: requests have ten or so, and each level takes memory in each text. */
const MOST_DEPTH = 64;
/** Of a name, so that none takes long to compare. */
const MOST_NAME_BYTES = 1024;
/** Places in the text have 31 bits. */
const MOST_BYTES = 1024 * 1024 * 1024;
/** What may be written beyond what is read: a number. */
const SPARE_BYTES = 2 * numbers.LONGEST_TEXT;
/** So that numbers which become longer do not move the text each time. */
const LEAST_GROWTH = 16 * 1024;

const DIGIT_ZERO = 48;
const MINUS = 45;

function refuse(json: Canonical, problem: Reason | "not_json" | "too_large"): number {
    json.problem = problem;
    return VALUE;
}

/** Makes room for so many bytes more, and a number. False if there is none; then there is a problem. */
function reserve(json: Canonical, count: number): boolean {
    const { text_region } = json;
    const wanted = json.text_bytes + count + SPARE_BYTES;
    if (wanted <= text_region.bytes) return true;
    // The first time so many bytes may be all that there are.
    const more = text_region.bytes === 0 ? 0 : LEAST_GROWTH;
    const doubled = math.min(2 * text_region.bytes, json.settings.max_bytes);
    if (!c_memory.resize(text_region, math.max(wanted + more, doubled))) {
        json.problem = "no_memory";
        return false;
    }
    json.text = ffi.cast("uint8_t *", text_region.memory);
    return true;
}

function put(json: Canonical, byte: number): void {
    const at = json.text_bytes;
    json.text.set(at, byte);
    json.text_bytes = at + 1;
}

/** An object or array begins. Each of these returns the next state. */
function open(json: Canonical, byte: number, is_object: boolean): number {
    const { depth } = json;
    if (depth >= MOST_DEPTH) return refuse(json, "too_deep");
    json.outer_after[depth] = json.after;
    json.depth = depth + 1;
    if (is_object) {
        json.outer_object[depth] = json.object;
        json.outer_member[depth] = json.member;
        json.object = json.object_count;
        json.member = NO_MEMBER;
        if (!records.add_object(json)) return VALUE;
    }
    json.after = is_object ? AFTER_MEMBER : AFTER_ENTRY;
    put(json, byte);
    return is_object ? FIRST_NAME : FIRST_ENTRY;
}

function end_member(json: Canonical): void {
    if (json.member !== NO_MEMBER) json.members.get(json.member).ends = json.text_bytes;
}

function close(json: Canonical, byte: number, is_object: boolean): number {
    const depth = json.depth - 1;
    json.depth = depth;
    json.after = json.outer_after[depth]!;
    if (is_object) {
        end_member(json);
        const object = json.objects.get(json.object);
        object.ends = json.text_bytes;
        object.after = json.object_count;
        json.object = json.outer_object[depth]!;
        json.member = json.outer_member[depth]!;
    }
    put(json, byte);
    return json.after;
}

function begin_name(json: Canonical, byte: number): number {
    const before = json.member;
    const member = json.member_count;
    if (!records.add_member(json)) return VALUE;
    if (before === NO_MEMBER) json.objects.get(json.object).first = member;
    else json.members.get(before).next = member;
    json.is_name = true;
    put(json, byte);
    return STRING;
}

/** Compares a name with the one before it in its object. */
function compare_to(json: Canonical, before: number, begins: number, bytes: number): void {
    const other = json.members.get(before);
    const difference = compare(json.text, other.begins + 1, other.name_bytes, begins + 1, bytes);
    if (difference > 0) json.objects.get(json.object).order = OUT_OF_ORDER;
    else if (difference === 0) json.problem = "duplicate_name";
}

/** At the top level: leaves a member out if its name is to be ignored. */
function ignore(json: Canonical, begins: number, bytes: number): void {
    const { ignored } = json.settings;
    if (ignored === undefined || json.depth !== 1) return;
    const name = ffi.string(pointer_add(json.text, begins + 1), bytes);
    if (!ignored.has(name)) return;
    json.members.get(json.member_count - 1).is_ignored = 1;
    const object = json.objects.get(json.object);
    if (object.order === IN_ORDER) object.order = WITH_GAPS;
}

function end_name(json: Canonical): number {
    const member = json.member_count - 1;
    const { begins } = json.members.get(member);
    const bytes = json.text_bytes - begins - 1;
    if (bytes > MOST_NAME_BYTES) return refuse(json, "name_too_long");
    json.members.get(member).name_bytes = bytes;
    if (json.member !== NO_MEMBER) compare_to(json, json.member, begins, bytes);
    ignore(json, begins, bytes);
    json.member = member;
    json.is_name = false;
    return COLON;
}

function end_string(json: Canonical, byte: number): number {
    const next = json.is_name ? end_name(json) : json.after;
    put(json, byte);
    return next;
}

function next_member(json: Canonical, byte: number): number {
    end_member(json);
    put(json, byte);
    return NEXT_NAME;
}

/** Whether the number at hand is canonical as it is, which most are, as far as a glance shows it. */
function is_canonical(json: Canonical, state: number): boolean {
    const { text, number_begins } = json;
    const bytes = json.text_bytes - number_begins;
    const first = text.get(number_begins);
    if (state === WHOLE) return bytes <= 15;
    if (state === ZERO) return first !== MINUS;
    if (state !== FRACTION || bytes > 16 || first === MINUS || text.get(json.text_bytes - 1) === DIGIT_ZERO)
        return false;
    // Below 0.000001 there is an exponent.
    return first !== DIGIT_ZERO || bytes <= 8 || text.get(number_begins + 2) !== DIGIT_ZERO;
}

/** The number at hand has ended; so many bytes of the piece follow. */
function end_number(json: Canonical, state: number, left: number): number {
    if (!is_canonical(json, state)) {
        const [end, problem] = numbers.write(json.text, json.number_begins, json.text_bytes);
        if (end === undefined) return refuse(json, problem);
        json.text_bytes = end;
        if (!reserve(json, left)) return VALUE;
    }
    return json.after;
}

function begin_number(json: Canonical, byte: number, state: number): number {
    json.number_begins = json.text_bytes;
    put(json, byte);
    return STRICT.get(state * 256 + byte);
}

/** No text goes on like this. */
function refuse_byte(json: Canonical, byte: number, state: number): number {
    if (state === PAIR || state === PAIR_U) return refuse(json, "lone_surrogate");
    const is_in_character = state > STRING && state < NAME;
    if (is_in_character || (state === STRING && byte >= 0x80)) return refuse(json, "invalid_utf8");
    return refuse(json, "not_json");
}

/** What a byte causes, where it does more than change the state. */
function act(json: Canonical, byte: number, action: number, state: number): number {
    if (action === END_STRING) return end_string(json, byte);
    if (action === BEGIN_NAME) return begin_name(json, byte);
    if (action === NEXT_MEMBER) return next_member(json, byte);
    if (action === BEGIN_NUMBER) return begin_number(json, byte, state);
    if (action === OPEN_OBJECT || action === OPEN_ARRAY) return open(json, byte, action === OPEN_OBJECT);
    if (action === CLOSE_OBJECT || action === CLOSE_ARRAY) return close(json, byte, action === CLOSE_OBJECT);
    if (action === END_WORD) {
        put(json, byte);
        return json.after;
    }
    if (action === NO_JSON) return refuse_byte(json, byte, state);
    return escape(json, byte, action);
}

/** Whether none of four bytes has a meaning in a string: all are ASCII, and no quote, backslash or control character. */
function are_plain(four: number): boolean {
    const quotes = four ^ 0x22222222;
    const backslashes = four ^ 0x5c5c5c5c;
    // A byte that is less than the number taken away has its highest bit set by that, or a byte below it has.
    return ((four | (four - 0x20202020) | (quotes - 0x01010101) | (backslashes - 0x01010101)) & 0x80808080) === 0;
}

/**
 * Reads the next bytes of the text, from `memory` on. Does nothing where there is a problem already. 16 KiB at a time take well below a
 * millisecond. Phases: any. Never raises, whatever the bytes are.
 */
export function feed(this: void, json: Canonical, memory: Bytes, count: number): void {
    if (json.problem !== undefined || !reserve(json, count)) return;
    let { state, text, text_bytes } = json;
    let at = 0;
    while (at < count) {
        const four =
            state === STRING && at + 4 <= count ? ffi.cast("const int32_t *", pointer_add(memory, at)).get(0) : 0;
        if (four !== 0 && are_plain(four)) {
            ffi.cast("int32_t *", pointer_add(text, text_bytes)).set(0, four);
            text_bytes += 4;
            at += 4;
        } else {
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
                if (next === END_NUMBER) state = end_number(json, state, count - at);
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

/** The text has ended: what remains to be refused. */
function end_text(json: Canonical): void {
    const { state } = json;
    if (json.problem !== undefined) return;
    const is_number = state === ZERO || state === WHOLE || state === FRACTION || state === EXPONENT;
    if (is_number && json.depth === 0) json.state = end_number(json, state, 0);
    if (json.problem !== undefined) return;
    if (json.state !== AFTER_TEXT || json.depth > 0) json.problem = "not_json";
    else if (json.text_bytes > json.settings.max_bytes) json.problem = "too_large";
}

/** Texts that are done, whose memory serves the next ones. */
const idle: Canonical[] = [];
const MOST_IDLE = 8;
/** Of each of their regions. */
const MOST_IDLE_BYTES = 64 * 1024;

function recycle(json: Canonical): void {
    const { text_region, member_region, object_region } = json;
    if (text_region.bytes > MOST_IDLE_BYTES) c_memory.release(text_region);
    if (member_region.bytes > MOST_IDLE_BYTES) c_memory.release(member_region);
    if (object_region.bytes > MOST_IDLE_BYTES) c_memory.release(object_region);
    if (idle.length < MOST_IDLE) idle.push(json);
}

/**
 * The text has ended: passes its canonical text to the sink, whole or not at all. Returns what became of it, and why there is no
 * canonical form. The object must not be used again. Calls `breathe`, if there is one, after less than a millisecond each: it may
 * yield. Phases: any. Never raises, if the sink and `breathe` do not.
 */
export function finish<State>(
    json: Canonical,
    sink: Sink<State>,
    state: State,
    breathe?: Breathe,
): LuaMultiReturn<[outcome: Outcome, reason?: Reason]> {
    end_text(json);
    if (json.problem === undefined && !order.sort_all(json, breathe)) json.problem = "duplicate_name";
    const { problem } = json;
    if (problem === undefined) emission.emit(json, sink, state, breathe);
    recycle(json);
    if (problem === undefined) return $multi("canonical");
    if (problem === "not_json" || problem === "too_large") return $multi(problem);
    return $multi("not_keyable", problem);
}

function fresh(settings: Settings): Canonical {
    const text_region = c_memory.new();
    return {
        settings,
        text_region,
        outer_after: [],
        outer_object: [],
        outer_member: [],
        member_region: c_memory.new(),
        object_region: c_memory.new(),
    } as unknown as Canonical;
}

/**
 * A text that is to be read. It takes memory for its canonical text, and up to twice as much for tables where members are many and short.
 * `expected_bytes`: how long it is, if that is known, so that its memory need not grow. Phases: any.
 */
function create(settings: Settings, expected_bytes = 0): Canonical {
    const json = table.remove(idle) ?? fresh(settings);
    json.settings = settings;
    json.problem = undefined;
    json.text_bytes = 0;
    json.state = VALUE;
    json.depth = 0;
    json.after = AFTER_TEXT;
    json.object = 0;
    json.member = NO_MEMBER;
    json.is_name = false;
    json.number_begins = 0;
    json.code = 0;
    json.hex_digits = 0;
    json.high = 0;
    json.member_count = 0;
    json.object_count = 0;
    reserve(json, math.min(expected_bytes, settings.max_bytes));
    return json;
}
export { create as new };

function keep(this: void, parts: string[], bytes: Bytes, count: number): void {
    parts.push(ffi.string(bytes, count));
}

/** A name as it stands in canonical JSON, without the quotes. */
function canonical_name(name: string): string {
    const text = json_text.text(name);
    const json = create({ max_bytes: MOST_BYTES, ignored: undefined }, text.length);
    feed(json, ffi.cast("const uint8_t *", text), text.length);
    const parts: string[] = [];
    finish(json, keep, parts);
    return string.sub(table.concat(parts), 2, -2);
}

/**
 * Settings for texts whose canonical text may have so many bytes, at most 1 GiB. If the text is an object, its members with one of these
 * names are left out, but not those of objects in it. Phases: any.
 */
export function settings(max_bytes: number, ignored_names: readonly string[]): Settings {
    const ignored = new LuaSet<string>();
    for (const name of ignored_names) ignored.add(canonical_name(name));
    return {
        max_bytes: math.min(max_bytes, MOST_BYTES),
        ignored: ignored_names.length > 0 ? ignored : undefined,
    };
}
