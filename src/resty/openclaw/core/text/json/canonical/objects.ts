/** Objects and arrays of a text, and the members of objects. */
import * as ffi from "ffi";
import {
    AFTER_ENTRY,
    AFTER_MEMBER,
    COLON,
    FIRST_ENTRY,
    FIRST_NAME,
    NEXT_NAME,
    STRING,
    VALUE,
} from "../structure/states";
import type { Canonical, Member } from "./model";
import { compare, key_of } from "./names";
import { add_member, add_object, IN_ORDER, NO_MEMBER, OUT_OF_ORDER, WITH_GAPS } from "./records";
import * as text from "./text";

/** How many objects and arrays may be inside one another: requests have ten or so, and each level takes memory in each text. */
const MOST_DEPTH = 64;
/** Of a name, so that none takes long to compare. */
const MOST_NAME_BYTES = 1024;

/** An object or array begins. Each of these returns the next state; if there is a problem, one that is never used. Phases: any. */
export function open(json: Canonical, byte: number, is_object: boolean): number {
    const { depth } = json;
    if (depth >= MOST_DEPTH) return text.refuse(json, "too_deep");
    json.outer_after[depth] = json.after;
    json.depth = depth + 1;
    if (is_object) {
        json.outer_object[depth] = json.object;
        json.outer_member[depth] = json.member;
        json.object = json.object_count;
        json.member = NO_MEMBER;
        if (!add_object(json)) return VALUE;
    }
    json.after = is_object ? AFTER_MEMBER : AFTER_ENTRY;
    text.put(json, byte);
    return is_object ? FIRST_NAME : FIRST_ENTRY;
}

function end_member(json: Canonical): void {
    if (json.member !== NO_MEMBER) json.members.get(json.member).ends = json.text_bytes;
}

/** It ends. As `open`. */
export function close(json: Canonical, byte: number, is_object: boolean): number {
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
    text.put(json, byte);
    return json.after;
}

/** A member begins with its name. As `open`. */
export function begin_name(json: Canonical, byte: number): number {
    const before = json.member;
    const member = json.member_count;
    if (!add_member(json)) return VALUE;
    if (before === NO_MEMBER) json.objects.get(json.object).first = member;
    else json.members.get(before).next = member;
    json.is_name = true;
    text.put(json, byte);
    return STRING;
}

/** Compares a name with the one before it in its object. */
function compare_to(json: Canonical, before: Member, member: Member): void {
    const difference = compare(json.text, before, member);
    if (difference > 0) json.objects.get(json.object).order = OUT_OF_ORDER;
    else if (difference === 0) json.problem = "duplicate_name";
}

/** At the top level: leaves a member out if its name is to be ignored. Makes no string of other names: there may be many. */
function ignore(json: Canonical, member: Member): void {
    const { ignored } = json.settings;
    if (ignored === undefined || json.depth !== 1) return;
    const names = ignored.get(member.key) as LuaSet<string> | undefined;
    if (names === undefined) return;
    const name = ffi.string(pointer_add(json.text, member.begins + 1), member.name_bytes);
    if (!names.has(name)) return;
    member.is_ignored = 1;
    const object = json.objects.get(json.object);
    if (object.order === IN_ORDER) object.order = WITH_GAPS;
}

/** At the top level: notes where the wanted member is. */
function note_wanted(json: Canonical, member: Member, at: number): void {
    if (member.key !== json.settings.wanted_key || json.depth !== 1) return;
    const name = ffi.string(pointer_add(json.text, member.begins + 1), member.name_bytes);
    if (name === json.settings.wanted_name) json.wanted = at;
}

/** The name is whole. As `open`. */
export function end_name(json: Canonical): number {
    const at = json.member_count - 1;
    const member = json.members.get(at);
    const begins = member.begins;
    const bytes = json.text_bytes - begins - 1;
    if (bytes > MOST_NAME_BYTES) return text.refuse(json, "name_too_long");
    member.name_bytes = bytes;
    member.key = key_of(json.text, begins + 1, bytes);
    if (json.member !== NO_MEMBER) compare_to(json, json.members.get(json.member), member);
    ignore(json, member);
    note_wanted(json, member, at);
    json.member = at;
    json.is_name = false;
    return COLON;
}

/** A member ends, and another one follows. As `open`. */
export function next_member(json: Canonical, byte: number): number {
    end_member(json);
    text.put(json, byte);
    return NEXT_NAME;
}
