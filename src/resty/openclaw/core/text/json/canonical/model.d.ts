/** What the parts of `canonical` share. */
import type { Region } from "../../../bytes/region";

/** Takes the next bytes of the canonical text; they are gone when it returns. Must not yield. */
export type Sink<State> = (this: void, state: State, bytes: Bytes, count: number) => void;

/** Is called between small pieces of work. */
export type Breathe = (this: void) => void;

/** Why a text that may be JSON has no canonical form. */
export type Reason =
    | "invalid_utf8"
    | "lone_surrogate"
    | "duplicate_name"
    | "name_too_long"
    | "too_deep"
    | "number_too_long"
    | "number_too_large"
    | "number_not_exact"
    | "no_memory";

/** Why a text is refused. */
export type Problem = Reason | "not_json" | "too_large";

/** A member of an object. Places are those of the canonical text, counted from 0. */
export interface Member {
    /** Of its name: see `names`. */
    key: number;
    /** Its name's first quote. */
    begins: number;
    /** How long its name is, without the quotes. */
    name_bytes: number;
    /** After its value. */
    ends: number;
    /** The member after it in its object; NO_MEMBER after the last. First as in the text, later in canonical order. */
    next: number;
    /** How many objects had begun before it. */
    objects: number;
    /** 1 if it is left out, else 0. */
    is_ignored: number;
}

export interface JsonObject {
    /** Its braces. */
    begins: number;
    ends: number;
    /** NO_MEMBER if it is empty. */
    first: number;
    /** IN_ORDER, WITH_GAPS if only ignored members keep it from that, or OUT_OF_ORDER. */
    order: number;
    /** How many objects had begun at its end: the number of the first one after it. */
    after: number;
    /** The first object from this one on that is not in order: the number of all objects if there is none. */
    unordered: number;
}

/** A C array of structures: indexed from 0, never bounds-checked. */
export interface Records<Of> {
    get: LuaTableGetMethod<number, Of>;
}

/** A text that is being read. */
export interface Canonical {
    settings: Settings;
    /** What is wrong; nothing so far where all is fine. */
    problem: Problem | undefined;
    /** The canonical text of what has been read, but for the order of members. */
    readonly text_region: Region;
    text: Bytes;
    text_bytes: number;
    state: number;
    depth: number;
    /** The state after a value at this depth, and at the depths above. */
    after: number;
    readonly outer_after: number[];
    /** The object that is open at this depth or above, its last member so far, and those of the objects above. */
    object: number;
    member: number;
    readonly outer_object: number[];
    readonly outer_member: number[];
    /** Whether the string at hand is a name. */
    is_name: boolean;
    /** Where the number at hand begins. */
    number_begins: number;
    /** What the hexadecimal digits of an escape say so far, how many there are, and the first half of a surrogate pair, or 0. */
    code: number;
    hex_digits: number;
    high: number;
    readonly member_region: Region;
    members: Records<Member>;
    member_count: number;
    readonly object_region: Region;
    objects: Records<JsonObject>;
    object_count: number;
    /** For the sort of one object at a time. */
    readonly sort_region: Region;
    /** The outermost object's member of the wanted name; NO_MEMBER if there is none, or none so far. */
    wanted: number;
}

export interface Settings {
    /** How long the canonical text may be; at most 1 GiB. */
    readonly max_bytes: number;
    /** The canonical names of members at the top level that are left out, by their keys: see `names`. Nothing if there are none. */
    readonly ignored: LuaTable<number, LuaSet<string>> | undefined;
    /** The member at the top level whose text `finish` returns: its key, and its canonical name. Nothing if none is wanted. */
    readonly wanted_key: number | undefined;
    readonly wanted_name: string | undefined;
}
