/**
 * Numbers that all workers share. Counting costs a plain add; the numbers survive reloads and crashes of workers.
 *
 * One anonymous shared mapping is an array of doubles: blocks × slots. A slot is a number with a name. Each worker
 * leases a block and writes only there, so writes never collide; a total is the sum over the blocks. The master makes the
 * mapping before the workers fork. Its address and the slots' names are kept in a `lua_shared_dict`, where a reload finds
 * them again. Block 0 is common: numbers that one writer owns at a time, where the last write wins.
 *
 * A slot keeps its name for ever. Series that come and go use rows of slots instead: see `shared_memory/rows`.
 *
 * A block is released when its worker exits, or when another worker finds that its holder is dead. Counts stay in the
 * block, and the next holder continues from them; transient slots (such as requests in flight) are set to zero.
 */
import * as ffi from "ffi";
import { AREAS, areas_of } from "./shared_memory/areas";
import * as former from "./shared_memory/former";
import * as lease from "./shared_memory/lease";
import * as mapping from "./shared_memory/mapping";
import type { Names } from "./shared_memory/names";
import { advance, local_names } from "./shared_memory/names";
import * as rows from "./shared_memory/rows";

ffi.cdef("int get_nprocs_conf(void);");

export interface Region extends rows.Rows {
    /** Whether other workers see these numbers: false where the dict does not exist. */
    readonly shared: boolean;
    /** Block 0: the last write wins. */
    readonly common: Doubles;
    /** This worker's own block; leased at first use. */
    readonly mine: Doubles;
    /** The block in `mine`; 0 while this worker has none and its counts are missing from the totals. */
    block: number;
    /** While this worker has no block: the generations of rows as it last saw them. */
    followed: Doubles | undefined;
    /** The number of this process' configuration: how many had opened the region since nginx started, this one included. */
    readonly configuration: number;
    /** Whether this worker looks after the region. */
    attends: boolean;
    /** Functions that this worker calls about twice a second; they may yield, and must not raise. */
    readonly duties: ((this: void) => void)[];
}

/** Where counts without a slot are written; it is never read. */
export const LOST_SLOT = rows.LOST_SLOT;
/** Slot 3 of block 0: when there was last activity, so that callers need not look at all nodes to learn it. */
export const LAST_ACTIVE = 3;
/** Slot 2 of block 0: how many configurations have opened the region so far. */
const CONFIGURATION = 2;

/**
 * The version of what the numbers in a region mean. Raise it when that changes, because a region survives a reload with another version.
 * 2: moments are monotonic.
 */
const MEANING = 2;
/** Two versions share a region only if this is equal in both. */
const LAYOUT = `${MEANING} ${mapping.SLOTS} ${mapping.FIRST_TRANSIENT} ${AREAS}`;

/**
 * Number of generations of workers that can hold a block each. A generation has as many workers as nginx starts or the machine has
 * processors, whichever is more, because a reload may start more workers than before. Pages that are never written cost nothing.
 */
const GENERATIONS = 8;
const LEAST_BLOCKS = 255;

/** How many workers, draining ones included, are to have a block. */
function blocks_wanted(): number {
    const workers = math.max(ngx.worker.count(), tonumber(ffi.C.get_nprocs_conf!())!);
    return math.max(LEAST_BLOCKS, GENERATIONS * workers);
}

/** Seconds between two checks for dead holders, each by one worker. */
const SWEEP_SECONDS = 0.5;

/** Leases a block, and adds to it what this worker counted without one. */
function lease_block(region: Region): boolean {
    lease.sweep(region);
    const block = lease.take(region);
    if (block === undefined) return false;
    const leased = mapping.block_at(region.base, block);
    if (region.followed !== undefined) {
        const alone = region.mine;
        rows.follow_drops(region, region.followed, alone);
        mapping.merge(alone, leased);
        region.followed = undefined;
    }
    region.block = block;
    rawset(region, "mine", leased);
    return true;
}

function take_block(region: Region): void {
    former.note_use(region.base, region.count);
    if (lease_block(region)) return;
    region.followed = mapping.create(1, false);
    rawset(region, "mine", mapping.create(1, false));
    ngx.log(
        ngx.ERR,
        "shared_memory: all ",
        region.count - 1,
        " blocks are leased, so what this worker counts is missing from the totals until one is free",
    );
}

function watch(premature: boolean, region: Region): void {
    if (premature) return;
    if (region.followed !== undefined && !lease_block(region)) {
        rows.follow_drops(region, region.followed, region.mine);
    }
    lease.announce(region, region.block);
    const [won] = region.names.safe_add("sweep", 1, SWEEP_SECONDS * 0.9);
    if (won === true) lease.sweep(region);
    for (const duty of region.duties) duty();
}

/**
 * Makes this worker maintain the region from now on: it releases dead workers' blocks and calls the duties. Counting does the same.
 * Phases: those that may start timers; in init nothing happens.
 */
export function attend(region: Region): void {
    if (region.attends || ngx.get_phase() === "init") return;
    region.attends = true;
    if (rawget(region, "mine") === undefined) take_block(region);
    // A worker that counts for the first time while it exits cannot start a timer, and needs none.
    if (ngx.get_phase() === "exit_worker") return;
    const [ok, err] = ngx.timer.every(SWEEP_SECONDS, watch, region);
    if (!ok) ngx.log(ngx.ERR, "shared_memory: cannot watch for dead workers: ", err);
}

/** The master counts in block 0 before the workers fork; a worker takes a block of its own. */
function first_touch(region: Region): Doubles {
    if (ngx.get_phase() === "init") return region.common;
    attend(region);
    return rawget(region, "mine") as Doubles;
}

function field_of(region: Region, field: string): Doubles | undefined {
    return field === "mine" ? first_touch(region) : undefined;
}

const lazily_mine = { __index: field_of };

const regions = new LuaMap<string, Region>();

/** The dict; nothing if its region does not exist yet and this is a worker, whose mapping no other worker could reach. */
function shareable(dict_name: string): ngx.SharedDict | undefined {
    const dict = ngx.shared[dict_name];
    if (dict === undefined || ngx.get_phase() === "init" || dict.get("region")[0] !== undefined) return dict;
    ngx.log(
        ngx.ERR,
        "shared_memory: ",
        dict_name,
        " was not opened in init_by_lua, so no worker sees the others' numbers",
    );
    return undefined;
}

/** Maps a new region. With a dict, the regions of former dicts are unmapped; without, the region is unmapped with the Lua state. */
function make_base(dict_name: string | undefined, count: number): Doubles {
    const blocks = count + AREAS;
    const base = mapping.create(blocks, dict_name !== undefined);
    if (dict_name === undefined) return mapping.unmapped_with_lua(base, blocks);
    former.follow(base, count, dict_name);
    return base;
}

/**
 * The region of a shared dict: all callers that name the dict get the same one. Without such a dict, or if a worker is
 * the first to open it, each process has numbers of its own (`shared` is false). Raises if the system has no memory to
 * map. Phases: init (the mapping must exist before the workers fork).
 * @param workers how many workers, draining ones included, can hold a block (eight times as many as nginx starts or the
 * machine has processors, 255 at least); fixed until nginx restarts
 */
export function open(dict_name: string, workers = blocks_wanted()): Region {
    const known = regions.get(dict_name);
    if (known !== undefined) return known;
    const dict = shareable(dict_name);
    const names: Names = dict ?? local_names();
    const [left_behind] = names.get<string>("region");
    let base: Doubles;
    let count = workers + 1;
    if (left_behind === undefined) {
        base = make_base(dict === undefined ? undefined : dict_name, count);
        names.set("region", `${mapping.to_text(base)} ${count} ${LAYOUT}`);
    } else {
        const [address, blocks] = string.match(left_behind, `^(%d+) (%d+) ${LAYOUT}$`);
        if (address === undefined) {
            error(`shared_memory: another version laid out "${dict_name}": stop nginx and start it again`, 0);
        }
        base = mapping.from_text(address);
        count = tonumber(blocks)!;
    }
    if (left_behind === undefined || ngx.get_phase() === "init") {
        base.set(CONFIGURATION, base.get(CONFIGURATION) + 1);
    }
    const { generations, sizes, kept, touched, seen, pins } = areas_of(base, count);
    const fields = {
        shared: dict !== undefined,
        names,
        base,
        common: base,
        count,
        block: 0,
        configuration: base.get(CONFIGURATION),
        attends: false,
        duties: [],
        generations,
        sizes,
        kept,
        touched,
        seen,
        pins,
    };
    // `mine` is set when it is first read.
    const region = setmetatable(fields, lazily_mine) as unknown as Region;
    regions.set(dict_name, region);
    return region;
}

function claim(
    region: Region,
    name: string,
    count: number,
    cursor: string,
    first: number,
    limit: number,
): Result<number> {
    const key = `slot:${name}`;
    const [known] = region.names.get<number>(key);
    if (known !== undefined) return $multi(known);
    const [slot, err] = advance(region.names, cursor, count, first, limit);
    if (slot === undefined) return $multi(undefined, err);
    const [numbered] = region.names.safe_set(`name:${slot}`, name);
    const [named] = region.names.safe_add(key, slot);
    if (numbered === true && named === true) return $multi(slot);
    region.names.delete(`name:${slot}`);
    const [winner] = region.names.get<number>(key);
    if (winner !== undefined && winner !== slot) return $multi(winner);
    region.names.delete(key);
    return $multi(undefined, "the lua_shared_dict is full");
}

/**
 * The first of `count` adjoining slots with this name; all callers with the same name and count get the same slots.
 * Phases: any. On failure nil and why; LOST_SLOT is then a safe place to write to.
 */
export function slot(region: Region, name: string, count = 1): Result<number> {
    return claim(region, name, count, "next_slot", rows.FIRST_SLOT, mapping.FIRST_TRANSIENT);
}

/** As `slot`, but a worker's part of it is set to zero when that worker ends: for gauges such as requests in flight. */
export function transient_slot(region: Region, name: string): Result<number> {
    return claim(region, name, 1, "next_transient", mapping.FIRST_TRANSIENT, mapping.SLOTS);
}

/** The sum of a slot over all blocks, including those of draining and dead workers. Phases: any. */
export function total(region: Region, slot: number): number {
    const base = region.base;
    let sum = base.get(slot);
    for (const block of $range(1, base.get(lease.HIGHEST_BLOCK))) sum += base.get(block * mapping.SLOTS + slot);
    return sum;
}

/** The lowest value above 0 that a slot has in any block; 0 if there is none. Phases: any. */
export function least(region: Region, slot: number): number {
    const base = region.base;
    let found = 0;
    for (const block of $range(0, base.get(lease.HIGHEST_BLOCK))) {
        const value = base.get(block * mapping.SLOTS + slot);
        if (value > 0 && (found === 0 || value < found)) found = value;
    }
    return found;
}

/** Adds to a slot of this worker's block. Phases: any. */
export function add(region: Region, slot: number, by: number): void {
    const mine = region.mine;
    mine.set(slot, mine.get(slot) + by);
}

/**
 * How many slots of a space have names, and how many are left for new ones. Phases: any; a quarter of a millisecond when
 * there are many.
 */
export function usage(region: Region, space = rows.LASTING): LuaMultiReturn<[used: number, free: number]> {
    const used = rows.limit(region, space) - space.first - rows.unused(region, space);
    return $multi(used, space.limit - space.first - used);
}

/** Releases this worker's block: transient slots are set to zero, counts stay. Phases: exit_worker. */
export function release(region: Region): void {
    if (region.block === 0) return;
    lease.release(region, region.block);
    region.block = 0;
}
