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
import type { Region } from "../../bytes/region";
import * as regions from "../../bytes/region";
import * as json_text from "../json";
import * as emission from "./canonical/emission";
import type { Breathe, Canonical, Reason, Settings, Sink } from "./canonical/model";
import * as number_places from "./canonical/number_places";
import * as order from "./canonical/order";
import * as reader from "./canonical/reader";
import { NO_MEMBER } from "./canonical/records";
import * as writing from "./canonical/text";
import { AFTER_TEXT, EXPONENT, FRACTION, VALUE, WHOLE, ZERO } from "./structure/states";

export type { Breathe, Canonical, Reason, Settings, Sink };

/** What became of a text: it went to the sink, it is no JSON, it has no canonical form, or that is over `max_bytes`. */
export type Outcome = "canonical" | "not_json" | "not_keyable" | "too_large";

/** Places in the text have 31 bits. */
const MOST_BYTES = 1024 * 1024 * 1024;
/** What `feed` should be given at a time. */
export const PIECE_BYTES = 4 * 1024;

/**
 * Reads the next bytes of the text. Does nothing where there is a problem already. PIECE_BYTES at a time take well below a millisecond,
 * whatever they are. Phases: any. Never raises.
 */
export const feed = reader.feed;

/** The text has ended: what remains to be refused. */
function end_text(json: Canonical): void {
    const { state } = json;
    if (json.problem !== undefined) return;
    const is_number = state === ZERO || state === WHOLE || state === FRACTION || state === EXPONENT;
    if (is_number && json.depth === 0) json.state = number_places.end_number(json, state, 0);
    if (json.problem !== undefined) return;
    if (json.state !== AFTER_TEXT || json.depth > 0) json.problem = "not_json";
    else if (json.text_bytes > json.settings.max_bytes) json.problem = "too_large";
}

/** Of the wanted member's value. */
const MOST_WANTED_BYTES = 256;
const QUOTE = 34;

/** The value of the wanted member, if it is a string without escapes and of at most 256 bytes. */
function wanted_value(json: Canonical): string | undefined {
    if (json.wanted === NO_MEMBER) return undefined;
    const { begins, name_bytes, ends } = json.members.get(json.wanted);
    // After the name, its quotes and the colon.
    const value = begins + name_bytes + 3;
    const bytes = ends - value - 2;
    if (json.text.get(value) !== QUOTE || bytes > MOST_WANTED_BYTES) return undefined;
    const text = ffi.string(pointer_add(json.text, value + 1), bytes);
    const [escape] = string.find(text, "\\", 1, true);
    return escape === undefined ? text : undefined;
}

/** Texts that are done, whose memory serves the next ones. */
const idle: Canonical[] = [];
const MOST_IDLE = 8;
const MOST_FREED = 2 * 1024 * 1024;

/** Gives back all memory of a region but the least, in steps: the system takes a quarter of a millisecond for a MiB. */
function shrink(region: Region, breathe: Breathe | undefined): void {
    let { bytes } = region;
    while (bytes > regions.LEAST_BYTES) {
        bytes = math.max(bytes - MOST_FREED, regions.LEAST_BYTES);
        regions.resize(region, bytes);
        if (breathe !== undefined) breathe();
    }
}

/** Keeps the text, with the least memory, for the next one. */
function recycle(json: Canonical, breathe: Breathe | undefined): void {
    shrink(json.text_region, breathe);
    shrink(json.member_region, breathe);
    shrink(json.object_region, breathe);
    shrink(json.sort_region, breathe);
    if (idle.length < MOST_IDLE) idle.push(json);
}

/**
 * The text has ended: passes its canonical text to the sink, whole or not at all. Returns what became of it, why there is no
 * canonical form, and the value of the wanted member if that is a string without escapes and of at most 256 bytes. The object must not be
 * used again. Calls `breathe`, if there is one, after less than a millisecond each: it may
 * yield. Phases: any. Never raises, if the sink and `breathe` do not.
 */
export function finish<State>(
    json: Canonical,
    sink: Sink<State>,
    state: State,
    breathe?: Breathe,
): LuaMultiReturn<[outcome: Outcome, reason?: Reason | undefined, wanted?: string | undefined]> {
    end_text(json);
    if (json.problem === undefined) order.sort_all(json, breathe);
    const { problem } = json;
    const wanted = problem === undefined ? wanted_value(json) : undefined;
    if (problem === undefined) emission.emit(json, sink, state, breathe);
    recycle(json, breathe);
    if (problem === undefined) return $multi("canonical", undefined, wanted);
    if (problem === "not_json" || problem === "too_large") return $multi(problem);
    return $multi("not_keyable", problem);
}

function fresh(settings: Settings): Canonical {
    return {
        settings,
        text_region: regions.new(),
        outer_after: [],
        outer_object: [],
        outer_member: [],
        member_region: regions.new(),
        object_region: regions.new(),
        sort_region: regions.new(),
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
    json.wanted = NO_MEMBER;
    json.member_count = 0;
    json.object_count = 0;
    writing.reserve(json, math.min(expected_bytes, settings.max_bytes));
    return json;
}
export { create as new };

function discard(this: void): void {
    return;
}

const PLAIN: Settings = { max_bytes: MOST_BYTES, ignored: undefined, wanted_key: undefined, wanted_name: undefined };

/** A name as it stands in canonical JSON, and its key; nothing where it is too long to have a canonical form. */
function canonical_name(name: string): LuaMultiReturn<[name?: string, key?: number]> {
    const text = `{${json_text.text(name)}:0}`;
    const json = create(PLAIN, text.length);
    reader.feed(json, ffi.cast("const uint8_t *", text), text.length);
    let its_name: string | undefined;
    let its_key: number | undefined;
    if (json.problem === undefined) {
        const { begins, name_bytes, key } = json.members.get(0);
        its_name = ffi.string(pointer_add(json.text, begins + 1), name_bytes);
        its_key = key;
    }
    finish(json, discard, undefined);
    return $multi(its_name!, its_key!);
}

/** Adds a name to those that are ignored. */
function add_name(ignored: LuaTable<number, LuaSet<string>>, name: string): void {
    const [its_name, key] = canonical_name(name);
    if (its_name === undefined) return;
    const names = (ignored.get(key!) as LuaSet<string> | undefined) ?? new LuaSet<string>();
    names.add(its_name);
    ignored.set(key!, names);
}

/**
 * Settings for texts whose canonical text may have so many bytes, at most 1 GiB. If the text is an object, its members with one of these
 * names are left out, but not those of objects in it. `wanted`: the name of the member whose value `finish` returns, also if it is left
 * out. Phases: any.
 */
export function settings(max_bytes: number, ignored_names: readonly string[], wanted?: string): Settings {
    const ignored = new LuaTable<number, LuaSet<string>>();
    for (const name of ignored_names) add_name(ignored, name);
    const [wanted_name, wanted_key] = canonical_name(wanted ?? "");
    return {
        max_bytes: math.min(max_bytes, MOST_BYTES),
        ignored: ignored_names.length > 0 ? ignored : undefined,
        wanted_key: wanted === undefined ? undefined : wanted_key,
        wanted_name,
    };
}
