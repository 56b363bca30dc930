/**
 * The purges that were made, and the file that lists them:
 *
 *     openclaw purges 1 EPOCH LAST AT COUNT DIGEST
 *     7 route=chat&tenant=acme
 *     6 key=…
 *     4 all
 *
 * Each filter has the number of its last purge, the newest first. A number is never used again within an epoch, and each new list begins
 * a random epoch: both are in the keys of answers. Where gateways share the list, Redis makes epochs and numbers. Pure Lua: also runs in a thread of nginx.
 */
import * as digests from "../../core/bytes/digest";
import * as random from "../../core/bytes/random";
import * as filters from "./filter";

export interface Entry {
    readonly generation: number;
    /** See `filter.text`. */
    readonly filter: string;
}

export interface List {
    readonly epoch: string;
    /** The number of the last purge; 0 before the first one. */
    readonly last: number;
    /** When that was; 0 before. */
    readonly at: WallTime;
    /** The newest first. */
    readonly entries: readonly Entry[];
}

/** Why there is no list in a text: nothing is there; it was one, but is not whole; it is something else. */
export type Problem = "missing" | "damaged" | "foreign";

/** Of more filters nobody keeps an account: then everything is purged. */
export const MOST_FILTERS = 10000;
/** Of the lines of filters, all together. */
export const MOST_BYTES = 1024 * 1024;
/** Of a line, besides the filter: at most so many. */
export const NUMBER_BYTES = 18;
/** More than the first line has. */
const HEAD_BYTES = 256;
export const MOST_FILE_BYTES = MOST_BYTES + HEAD_BYTES;

const BEGINNING = "openclaw purges ";
const HEAD = "^openclaw purges 1 (%x+) (%d+) (%d+) (%d+) (%x+)\n";
/** 128 bits. */
const EPOCH_NUMBERS = 4;
/** A moment, and 96 bits. */
const SHARED_EPOCH_DIGITS = 40;

const sha256 = digests.new("sha256");

/** A list without purges, of an epoch that there never was. Phases: any. */
export function fresh(): List {
    return { epoch: random.hex(EPOCH_NUMBERS), last: 0, at: 0 as WallTime, entries: [] };
}

/**
 * Whether an epoch is one of a list that gateways share. It begins with 16 digits, by which later ones are greater; so nobody takes an
 * older one that Redis has gone back to for a new one. Phases: any.
 */
export function is_shared(epoch: string): boolean {
    return epoch.length === SHARED_EPOCH_DIGITS;
}

/** Whether a list is older than what is known: then it is a copy that somebody has put back. Phases: any. */
export function is_older(list: List, epoch: string, last: number): boolean {
    if (list.epoch === epoch) return list.last < last;
    return is_shared(epoch) && is_shared(list.epoch) && list.epoch < epoch;
}

/**
 * Whether a list lacks a purge of an earlier one of its epoch, without a later one of the same: some were lost, and others were made since
 * then. Phases: any.
 */
export function has_lost_any_of(list: List, before: List): boolean {
    if (list.epoch !== before.epoch || before.last >= list.last) return false;
    const generations = new LuaMap<string, number>();
    for (const { generation, filter } of list.entries) generations.set(filter, generation);
    const of_all = generations.get(filters.ALL) ?? 0;
    for (const { generation, filter } of before.entries) {
        if (math.max(of_all, generations.get(filter) ?? 0) < generation) return true;
    }
    return false;
}

function lines_of({ entries }: List): string {
    const lines: string[] = [];
    for (const { generation, filter } of entries) lines.push(string.format("%d %s\n", generation, filter));
    return table.concat(lines);
}

function digest_of(epoch: string, last: string, at: string, count: string, lines: string): string {
    const [hex, err] = sha256.of(`${epoch} ${last} ${at} ${count}\n${lines}`);
    return hex ?? error(`cannot make a digest: ${err}`, 0);
}

/** The list as the file has it. Raises where OpenSSL fails. Phases: any. */
export function written(list: List): string {
    const lines = lines_of(list);
    const last = string.format("%d", list.last);
    const at = string.format("%d", list.at);
    const count = string.format("%d", list.entries.length);
    const digest = digest_of(list.epoch, last, at, count, lines);
    return `${BEGINNING}1 ${list.epoch} ${last} ${at} ${count} ${digest}\n${lines}`;
}

/** The list with one more purge, and whether that purges everything: if it is about all, or there are too many filters. Phases: any. */
export function added(list: List, filter: string, at: WallTime): LuaMultiReturn<[list: List, is_all: boolean]> {
    const generation = list.last + 1;
    const entries: Entry[] = [{ generation, filter }];
    let bytes = filter.length + NUMBER_BYTES;
    if (filter !== filters.ALL) {
        for (const entry of list.entries) {
            if (entry.filter !== filter) {
                entries.push(entry);
                bytes += entry.filter.length + NUMBER_BYTES;
            }
        }
    }
    const is_all = filter === filters.ALL || entries.length > MOST_FILTERS || bytes > MOST_BYTES;
    const kept = is_all ? [{ generation, filter: filters.ALL }] : entries;
    return $multi({ epoch: list.epoch, last: generation, at, entries: kept }, is_all);
}

/** Whether all filters are ones that purges have. Phases: any. */
export function is_legal(list: List): boolean {
    for (const { filter } of list.entries) if (filters.read(filter) === undefined) return false;
    return true;
}

/** The entries of lines from `from` on, down to a generation; filters are not looked at. Nothing if a line is none, or not in order. */
function entries_in(text: string, from: number, above: number): Entry[] | undefined {
    const entries: Entry[] = [];
    let at = from;
    let before = math.huge;
    while (at <= text.length) {
        const [begin, last, digits, filter] = string.find(text, "^(%d+) ([^\n]+)\n", at);
        if (begin === undefined) return undefined;
        const generation = tonumber(digits)!;
        if (generation >= before) return undefined;
        if (generation <= above) return entries;
        before = generation;
        entries.push({ generation, filter: filter as string });
        at = last + 1;
    }
    return entries;
}

/** The list of an epoch that has these lines; nothing if they are not in order. Phases: any. */
export function of_lines(epoch: string, last: number, at: WallTime, lines: string): List | undefined {
    const entries = entries_in(lines, 1, 0);
    if (entries === undefined || entries.length > MOST_FILTERS) return undefined;
    const first = entries[0];
    return (first?.generation ?? 0) === last ? { epoch, last, at, entries } : undefined;
}

/** The list in the text of a file; nothing and why if there is none. Phases: any. */
export function read(text: string): LuaMultiReturn<[list: List] | [list: undefined, problem: Problem]> {
    if (text === "") return $multi(undefined, "missing");
    if (string.sub(text, 1, BEGINNING.length) !== BEGINNING) return $multi(undefined, "foreign");
    const [, head_end, epoch, last, at, count, digest] = string.find(text, HEAD);
    if (head_end === undefined) return $multi(undefined, "damaged");
    const lines = string.sub(text, head_end + 1);
    if (digest_of(epoch as string, last as string, at as string, count as string, lines) !== digest) {
        return $multi(undefined, "damaged");
    }
    const entries = entries_in(text, head_end + 1, 0);
    if (entries === undefined || entries.length !== tonumber(count)) return $multi(undefined, "damaged");
    return $multi({ epoch: epoch as string, last: tonumber(last)!, at: tonumber(at) as WallTime, entries });
}

/**
 * What a file has that was written after the list of that epoch and last number: a list with the new entries alone. Nothing if it has
 * another epoch, or is not in order; `read` says more. Takes no longer than the new entries do. Phases: any.
 */
export function newer(text: string, epoch: string, known: number): List | undefined {
    const [, head_end, its_epoch, last, at] = string.find(text, HEAD);
    if (head_end === undefined || its_epoch !== epoch || tonumber(last)! < known) return undefined;
    const entries = entries_in(text, head_end + 1, known);
    return entries && { epoch, last: tonumber(last)!, at: tonumber(at) as WallTime, entries };
}
