/**
 * Unmaps the regions of former dicts in the master. If a reload changes the size of a `lua_shared_dict`, the dict is new and empty,
 * and the region of the former dict would stay mapped as long as the master lives. So each region contains its dict's name, and the
 * master finds the former regions of that name in /proc/self/maps. Draining workers keep theirs. Linux.
 */
import * as ffi from "ffi";
import { areas_of } from "./areas";
import * as mapping from "./mapping";

/** Places in the area `label`: the region's number among those of its dict, whether a worker has used it, and the dict's name. */
const NUMBER = 0;
const USED = 1;
const TEXT = 8;

/** Number of regions that no worker has used and that stay mapped: the newest ones. */
const UNUSED_KEPT = 8;

interface Found {
    readonly base: Doubles;
    readonly label: Doubles;
    readonly blocks: number;
}

/** The text ends with a zero byte, so that no text is the beginning of another. */
function text_of(dict_name: string): string {
    return `resty.openclaw.shared_memory ${dict_name}\0`;
}

/** The region that a line of /proc/self/maps shows, if it is one of this dict. */
function region_in(line: string, text: string): Found | undefined {
    const [from, to] = string.match(line, "^(%x+)%-(%x+) rw%-s %x+ %S+ %d+ +/dev/zero");
    if (from === undefined || to === undefined) return undefined;
    const address = tonumber(from, 16)!;
    const blocks = (tonumber(to, 16)! - address) / mapping.BLOCK_BYTES;
    if (blocks < 1 || blocks % 1 !== 0) return undefined;
    const base = mapping.from_text(string.format("%.0f", address));
    // The last of its areas.
    const label = mapping.block_at(base, blocks - 1);
    if (ffi.string(pointer_add(label, TEXT), text.length) !== text) return undefined;
    return { base, label, blocks };
}

/** The regions of this dict that this process has mapped, the newest first; none if /proc cannot be read. */
function all_of(text: string): Found[] {
    const found: Found[] = [];
    const [file] = io.open("/proc/self/maps");
    if (file === undefined) return found;
    const lines = file.read("*a") ?? "";
    file.close();
    for (const [line] of string.gmatch(lines, "[^\n]+")) {
        const region = region_in(line!, text);
        if (region !== undefined) found.push(region);
    }
    table.sort(found, (a, b) => a.label.get(NUMBER) > b.label.get(NUMBER));
    return found;
}

/**
 * Unmaps the regions that no configuration can use again. The newest region that workers have used may belong to the running
 * configuration, which stays in use if the new one fails. Newer regions may belong to configurations whose workers have not started.
 */
function unmap_former(found: readonly Found[]): void {
    let unused = 0;
    let used = false;
    for (const region of found) {
        const is_unused = region.label.get(USED) === 0;
        if (used || (is_unused && unused >= UNUSED_KEPT)) mapping.unmap(region.base, region.blocks);
        else if (is_unused) unused += 1;
        else used = true;
    }
}

/**
 * Marks a new region as that of a dict, and unmaps those of former dicts of that name, except those that the running configuration
 * may use. Phases: init.
 */
export function follow(base: Doubles, blocks: number, dict_name: string): void {
    const text = text_of(dict_name);
    const found = all_of(text);
    unmap_former(found);
    const { label } = areas_of(base, blocks);
    label.set(NUMBER, found.length === 0 ? 1 : found[0]!.label.get(NUMBER) + 1);
    ffi.copy(ffi.cast("char *", pointer_add(label, TEXT)), text, text.length);
}

/** Notes that workers use the region. Phases: any but init. */
export function note_use(base: Doubles, blocks: number): void {
    areas_of(base, blocks).label.set(USED, 1);
}
