/** Puts the members of objects into canonical order: a merge sort of linked lists, in n log n steps whatever the names are. */
import type { Breathe, Canonical, JsonObject, Member, Records } from "./model";
import { compare } from "./names";
import { IN_ORDER, NO_MEMBER, OUT_OF_ORDER } from "./records";

/** A list that is being sorted: each has its own, because a sort may yield. */
interface Sort {
    readonly text: Bytes;
    readonly members: Records<Member>;
    readonly breathe: Breathe | undefined;
    steps: number;
    /** Where the next two runs begin, and how many members of each may be left. */
    left: number;
    left_count: number;
    right: number;
    right_count: number;
    /** The list that they are merged into. */
    first: number;
    last: number;
    has_duplicate: boolean;
}

/** Between two looks at the clock: names are 1 KiB at most. */
const STEPS = 128;

function take_step(sort: Sort): void {
    sort.steps += 1;
    if (sort.steps % STEPS === 0 && sort.breathe !== undefined) sort.breathe();
}

function append(sort: Sort, member: number): void {
    if (sort.last === NO_MEMBER) sort.first = member;
    else sort.members.get(sort.last).next = member;
    sort.last = member;
}

/** Whether the next member of the left run comes first. */
function is_left_first(sort: Sort): boolean {
    if (sort.right_count === 0 || sort.right === NO_MEMBER) return true;
    if (sort.left_count === 0) return false;
    const left = sort.members.get(sort.left);
    const right = sort.members.get(sort.right);
    const difference = compare(sort.text, left.begins + 1, left.name_bytes, right.begins + 1, right.name_bytes);
    if (difference === 0) sort.has_duplicate = true;
    return difference < 0;
}

/** Merges two runs, each of so many members, or fewer at the end of the list. */
function merge(sort: Sort, width: number): void {
    sort.right = sort.left;
    sort.left_count = 0;
    while (sort.left_count < width && sort.right !== NO_MEMBER) {
        sort.right = sort.members.get(sort.right).next;
        sort.left_count += 1;
        take_step(sort);
    }
    sort.right_count = width;
    while (sort.left_count > 0 || (sort.right_count > 0 && sort.right !== NO_MEMBER)) {
        if (is_left_first(sort)) {
            append(sort, sort.left);
            sort.left = sort.members.get(sort.left).next;
            sort.left_count -= 1;
        } else {
            append(sort, sort.right);
            sort.right = sort.members.get(sort.right).next;
            sort.right_count -= 1;
        }
        take_step(sort);
    }
    sort.left = sort.right;
}

/** Sorts runs of `width` members into runs of twice as many. Whether there was more than one of these. */
function pass(sort: Sort, width: number): boolean {
    sort.left = sort.first;
    sort.first = NO_MEMBER;
    sort.last = NO_MEMBER;
    let runs = 0;
    while (sort.left !== NO_MEMBER) {
        merge(sort, width);
        runs += 1;
    }
    sort.members.get(sort.last).next = NO_MEMBER;
    return runs > 1;
}

/** Sorts an object of two members that are in the wrong order, as most are that are: it needs no comparison. */
function swap(members: Records<Member>, object: JsonObject, second: number): void {
    members.get(second).next = object.first;
    members.get(object.first).next = NO_MEMBER;
    object.first = second;
}

function sort_object(sort: Sort, object: JsonObject): void {
    const second = sort.members.get(object.first).next;
    if (sort.members.get(second).next === NO_MEMBER) return swap(sort.members, object, second);
    sort.first = object.first;
    let width = 1;
    while (pass(sort, width)) width *= 2;
    object.first = sort.first;
}

/**
 * Sorts the members of all objects that are out of order, and says of each object which one is the next to be written member by
 * member. False if one has a name twice. Calls `breathe` after less than a millisecond each.
 */
export function sort_all(json: Canonical, breathe: Breathe | undefined): boolean {
    const sort: Sort = {
        text: json.text,
        members: json.members,
        breathe,
        steps: 0,
        left: NO_MEMBER,
        left_count: 0,
        right: NO_MEMBER,
        right_count: 0,
        first: NO_MEMBER,
        last: NO_MEMBER,
        has_duplicate: false,
    };
    let unordered = json.object_count;
    for (const at of $range(json.object_count - 1, 0, -1)) {
        const object = json.objects.get(at);
        if (object.order !== IN_ORDER) unordered = at;
        object.unordered = unordered;
        if (object.order === OUT_OF_ORDER) sort_object(sort, object);
        take_step(sort);
    }
    return !sort.has_duplicate;
}
