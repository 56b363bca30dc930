/**
 * How much of the shared dict the names of series may take. What the rest of the gateway keeps there (leases, nodes,
 * states of links) must not be without memory because there are many series.
 */
import { increment } from "../../memory/shared_memory/names";
import type { Registry } from "./model";

/** Bytes that the names of all series take in the dict. */
const TAKEN = "series_bytes";

/** What nginx's dict keeps with each entry on a 64-bit system. Source: ngx_http_lua_shdict_node_t, ngx_rbtree_node_t. */
const BYTES_OF_ENTRY = 68;
/** A series is the value of "name:SLOT", and the key of "slot:NAME" whose value is a number of 8 bytes. */
const BYTES_BESIDE_NAME = 13;
/** What is larger than half a page takes whole pages; all else a power of two. Source: ngx_slab.c. */
const PAGE = 4096;

/** Shares of the dict: of all series, unless the option says otherwise, and of what the configuration binds. */
const DEFAULT_SHARE = 0.75;
const SHARE_AT_START = 0.9;
const MEGABYTE = 1048576;

/** How many bytes of the dict a series of that name takes. Phases: any. */
export function bytes_of(name: string): number {
    const entry = BYTES_OF_ENTRY + BYTES_BESIDE_NAME + name.length;
    if (entry > PAGE / 2) return 2 * PAGE * math.ceil(entry / PAGE);
    let taken = 128;
    while (taken < entry) taken *= 2;
    return 2 * taken;
}

/** How many bytes the names of series may take; infinite where the numbers are not shared. Phases: any. */
export function most_bytes(registry: Registry, is_starting: boolean): number {
    if (registry.dict === undefined) return math.huge;
    const capacity = registry.dict.capacity();
    const most = registry.most_bytes ?? DEFAULT_SHARE * capacity;
    return is_starting ? math.max(most, SHARE_AT_START * capacity) : most;
}

/** Takes the room of one more series whether there is any or not. Phases: any. */
export function take(registry: Registry, bytes: number): void {
    increment(registry.region.names, TAKEN, bytes, 0);
}

/** Gives it back. Phases: any. */
export function give_back(registry: Registry, bytes: number): void {
    registry.region.names.incr(TAKEN, -bytes);
}

/** Takes the room of one more series, if there is any. Phases: any. */
export function take_if_any(registry: Registry, bytes: number, is_starting: boolean): boolean {
    const [taken] = increment(registry.region.names, TAKEN, bytes, 0);
    if (taken === undefined) return false;
    if (taken <= most_bytes(registry, is_starting)) return true;
    give_back(registry, bytes);
    return false;
}

/** How many bytes of the dict are in use, and how many are free, in whole pages; nothing without a dict. Phases: any. */
export function usage(registry: Registry): LuaMultiReturn<[used?: number, free?: number]> {
    const { dict } = registry;
    if (dict === undefined) return $multi();
    const free = dict.free_space();
    return $multi(dict.capacity() - free, free);
}

/**
 * What to say when the dict is too small for the series that the configuration binds; nothing when it is large enough.
 * Phases: any.
 */
export function advice(registry: Registry): string | undefined {
    if (registry.missing_bytes === 0) return undefined;
    const [used] = usage(registry);
    if (used === undefined) return undefined;
    const { dict_name } = registry;
    const taken = registry.region.names.get<number>(TAKEN)[0] ?? 0;
    const needed = (math.max(used, taken) + registry.missing_bytes) / DEFAULT_SHARE;
    return string.format(
        '"lua_shared_dict %s %dm;" is too small for this configuration: it needs "lua_shared_dict %s %dm;", which nginx takes when it is stopped and started',
        dict_name,
        math.floor(registry.dict!.capacity() / MEGABYTE),
        dict_name,
        math.ceil(needed / MEGABYTE),
    );
}

/**
 * What to say when an operator's limit leaves no room for any series beside those that there are at the start; nothing when it
 * does. Phases: any.
 */
export function low_limit(registry: Registry): string | undefined {
    const most = registry.most_bytes;
    const [taken] = registry.region.names.get<number>(TAKEN);
    if (most === undefined || taken === undefined || taken < most) return undefined;
    return string.format(
        "metrics.max_bytes = %d leaves no room for further series: those that there are at the start take %d bytes",
        most,
        taken,
    );
}

/** Whether this process is to log it: one process for each configuration. Phases: any but init. */
export function is_first_to_report(registry: Registry): boolean {
    const { names, configuration } = registry.region;
    names.delete(`told:${configuration - 1}`);
    const [first, err] = names.safe_add(`told:${configuration}`, 1);
    // Without memory for that mark all of them may log it.
    return first === true || err !== "exists";
}
