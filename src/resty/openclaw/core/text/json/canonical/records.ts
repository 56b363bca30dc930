/** The members and objects of a text, as C structures: what its order is worked out from. */
import * as ffi from "ffi";
import type { Region } from "../../../bytes/region";
import * as regions from "../../../bytes/region";
import type { Canonical, JsonObject, Member, Records } from "./model";

ffi.cdef("struct openclaw_json_member { double key; int32_t begins, name_bytes, ends, next, objects, is_ignored; };");
ffi.cdef("struct openclaw_json_object { int32_t begins, ends, first, order, after, unordered; };");

export const NO_MEMBER = -1;

/** Whether the members of an object are to be written as they stand, all but ignored ones, or in another order. */
export const IN_ORDER = 0;
export const WITH_GAPS = 1;
export const OUT_OF_ORDER = 2;

const MEMBER_BYTES = 32;
const OBJECT_BYTES = 24;

/** Makes a table so long. False if there is no room; then there is a problem. */
function make_room(json: Canonical, region: Region, wanted: number): boolean {
    if (wanted > json.settings.max_bytes && wanted > regions.LEAST_BYTES) {
        json.problem = "too_large";
        return false;
    }
    if (!regions.resize(region, math.max(2 * region.bytes, regions.LEAST_BYTES))) {
        json.problem = "no_memory";
        return false;
    }
    return true;
}

/** A member begins at the end of the text so far. False if there is no room; then there is a problem. Phases: any. */
export function add_member(json: Canonical): boolean {
    const at = json.member_count;
    const wanted = (at + 1) * MEMBER_BYTES;
    if (wanted > json.member_region.bytes) {
        if (!make_room(json, json.member_region, wanted)) return false;
        const members = ffi.cast("struct openclaw_json_member *", json.member_region.memory);
        json.members = members as unknown as Records<Member>;
    }
    const member = json.members.get(at);
    member.begins = json.text_bytes;
    member.next = NO_MEMBER;
    member.objects = json.object_count;
    member.is_ignored = 0;
    json.member_count = at + 1;
    return true;
}

/** An object begins at the end of the text so far. As `add_member`. */
export function add_object(json: Canonical): boolean {
    const at = json.object_count;
    const wanted = (at + 1) * OBJECT_BYTES;
    if (wanted > json.object_region.bytes) {
        if (!make_room(json, json.object_region, wanted)) return false;
        const objects = ffi.cast("struct openclaw_json_object *", json.object_region.memory);
        json.objects = objects as unknown as Records<JsonObject>;
    }
    const object = json.objects.get(at);
    object.begins = json.text_bytes;
    object.first = NO_MEMBER;
    object.order = IN_ORDER;
    json.object_count = at + 1;
    return true;
}
