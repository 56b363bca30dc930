/** Puts the members of objects into canonical order: a merge sort, in n log n steps whatever the names are. */
import * as ffi from "ffi";
import * as regions from "../../../bytes/region";
import type { Breathe, Canonical, JsonObject, Member, Records } from "./model";
import { compare } from "./names";
import { IN_ORDER, NO_MEMBER, OUT_OF_ORDER } from "./records";

/** A sort of one object after the other: each text has its own, because it may yield. */
interface Sort {
    readonly text: Bytes;
    readonly members: Records<Member>;
    readonly breathe: Breathe | undefined;
    steps: number;
    /** The members of the object, and room for as many. */
    from: Doubles;
    to: Doubles;
    count: number;
    has_duplicate: boolean;
}

/** Between two looks at the clock: names are 1 KiB at most. */
const STEPS = 128;

function take_step(sort: Sort): void {
    sort.steps += 1;
    if (sort.steps % STEPS === 0 && sort.breathe !== undefined) sort.breathe();
}

function is_before(sort: Sort, left: number, right: number): boolean {
    const difference = compare(sort.text, sort.members.get(left), sort.members.get(right));
    if (difference === 0) sort.has_duplicate = true;
    return difference < 0;
}

/** Merges each two runs of `width` members. One flat loop, because LuaJIT compiles short ones badly. */
function pass(sort: Sort, width: number): void {
    const { from, to, count } = sort;
    let [left, left_end, right, right_end] = [0, 0, 0, 0];
    let at = 0;
    while (at < count) {
        if (at === right_end) {
            left = at;
            left_end = math.min(at + width, count);
            right = left_end;
            right_end = math.min(left_end + width, count);
        }
        const is_left = right === right_end || (left < left_end && is_before(sort, from.get(left), from.get(right)));
        to.set(at, from.get(is_left ? left : right));
        if (is_left) left += 1;
        else right += 1;
        at += 1;
        take_step(sort);
    }
    sort.from = to;
    sort.to = from;
}

/** How many members an object has. */
function count_members(sort: Sort, object: JsonObject): number {
    let count = 0;
    let member = object.first;
    while (member !== NO_MEMBER) {
        member = sort.members.get(member).next;
        count += 1;
        take_step(sort);
    }
    return count;
}

/** Fills `from` with the members of the object. */
function collect(sort: Sort, object: JsonObject): void {
    let at = 0;
    let member = object.first;
    while (member !== NO_MEMBER) {
        sort.from.set(at, member);
        member = sort.members.get(member).next;
        at += 1;
        take_step(sort);
    }
}

/** Links the members of the object in their new order. */
function link(sort: Sort, object: JsonObject): void {
    const { from, members } = sort;
    let next = NO_MEMBER;
    for (const at of $range(sort.count - 1, 0, -1)) {
        const member = from.get(at);
        members.get(member).next = next;
        next = member;
        take_step(sort);
    }
    object.first = next;
}

/** Sorts an object of two members that are in the wrong order, as most are that are: it needs no comparison. */
function swap(members: Records<Member>, object: JsonObject, second: number): void {
    members.get(second).next = object.first;
    members.get(object.first).next = NO_MEMBER;
    object.first = second;
}

/** False if there is no memory. */
function sort_object(json: Canonical, sort: Sort, object: JsonObject): boolean {
    const second = sort.members.get(object.first).next;
    if (sort.members.get(second).next === NO_MEMBER) {
        swap(sort.members, object, second);
        return true;
    }
    const count = count_members(sort, object);
    if (8 * count > json.sort_region.bytes && !regions.resize(json.sort_region, 8 * count)) return false;
    sort.count = count;
    sort.from = ffi.cast("int32_t *", json.sort_region.memory);
    sort.to = pointer_add(sort.from, count);
    collect(sort, object);
    let width = 1;
    while (width < count) {
        pass(sort, width);
        width *= 2;
    }
    link(sort, object);
    return true;
}

/**
 * Sorts the members of all objects that are out of order, and says of each object which one is the next to be written member by
 * member. Sets the problem if one has a name twice. Calls `breathe` after less than a millisecond each. Phases: any.
 */
export function sort_all(json: Canonical, breathe: Breathe | undefined): void {
    const { text, members } = json;
    const sort: Sort = { text, members, breathe, steps: 0, from: text, to: text, count: 0, has_duplicate: false };
    let unordered = json.object_count;
    for (const at of $range(json.object_count - 1, 0, -1)) {
        const object = json.objects.get(at);
        if (object.order !== IN_ORDER) unordered = at;
        object.unordered = unordered;
        if (object.order === OUT_OF_ORDER && !sort_object(json, sort, object)) json.problem = "no_memory";
        take_step(sort);
    }
    if (sort.has_duplicate) json.problem = "duplicate_name";
}
