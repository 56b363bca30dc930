/**
 * The size of a TIFF: TIFF 6.0, section 2, and the BigTIFF design of libtiff. Of the first image; a file may hold more.
 * Where its tiles are larger, theirs: decoders take memory for whole tiles.
 */
import * as integers from "../../bytes/integers";
import type { Source } from "../../files/byte_source";
import * as byte_source from "../../files/byte_source";

type Read = (this: void, bytes: string, at: number) => number;

/** How a file writes its numbers. */
interface Layout {
    readonly short: Read;
    readonly long: Read;
    readonly count: Read;
    readonly offset: Read;
    /** Where the offset of the first directory is; how many bytes that, the number of entries, and an entry have. */
    readonly offset_at: number;
    readonly offset_bytes: number;
    readonly count_bytes: number;
    readonly entry_bytes: number;
}

const LITTLE: Layout = {
    short: integers.low_2,
    long: integers.low_4,
    count: integers.low_2,
    offset: integers.low_4,
    offset_at: 4,
    offset_bytes: 4,
    count_bytes: 2,
    entry_bytes: 12,
};
const BIG: Layout = {
    short: integers.high_2,
    long: integers.high_4,
    count: integers.high_2,
    offset: integers.high_4,
    offset_at: 4,
    offset_bytes: 4,
    count_bytes: 2,
    entry_bytes: 12,
};
const LITTLE_64: Layout = {
    short: integers.low_2,
    long: integers.low_4,
    count: integers.low_8,
    offset: integers.low_8,
    offset_at: 8,
    offset_bytes: 8,
    count_bytes: 8,
    entry_bytes: 20,
};
const BIG_64: Layout = {
    short: integers.high_2,
    long: integers.high_4,
    count: integers.high_8,
    offset: integers.high_8,
    offset_at: 8,
    offset_bytes: 8,
    count_bytes: 8,
    entry_bytes: 20,
};

const LAYOUTS = new LuaTable<string, Layout>();
LAYOUTS.set("II*\0", LITTLE);
LAYOUTS.set("MM\0*", BIG);
LAYOUTS.set("II+\0\b\0\0\0", LITTLE_64);
LAYOUTS.set("MM\0+\0\b\0\0", BIG_64);

/** Tags and types: TIFF 6.0, sections 2 and 15, and appendix A. */
const WIDTH = 256;
const HEIGHT = 257;
const TILE_WIDTH = 322;
const TILE_HEIGHT = 323;
const SHORT = 3;
const LONG = 4;
const LONG_8 = 16;

function layout_of(first: string): Layout | undefined {
    return LAYOUTS.get(string.sub(first, 1, 4)) ?? LAYOUTS.get(string.sub(first, 1, 8));
}

/** Byte order and version; of a BigTIFF the size of its offsets too. Phases: any. */
export function is_one(this: void, first: string): boolean {
    return layout_of(first) !== undefined;
}

function is_side(tag: number): boolean {
    return tag === WIDTH || tag === HEIGHT || tag === TILE_WIDTH || tag === TILE_HEIGHT;
}

/** The number in an entry of the directory; nothing where it is none, or there are several. */
function value(layout: Layout, entry: string): number | undefined {
    const type_code = layout.short(entry, 3);
    const at = 5 + layout.offset_bytes;
    if (layout.offset(entry, 5) !== 1) return undefined;
    if (type_code === SHORT) return layout.short(entry, at);
    if (type_code === LONG) return layout.long(entry, at);
    if (type_code === LONG_8 && layout.offset_bytes === 8) return layout.offset(entry, at);
    return undefined;
}

/** Where the first directory is; nothing where it is outside of the file, or in the header. */
function directory(source: Source, layout: Layout): number | undefined {
    const bytes = byte_source.all(source, layout.offset_at, layout.offset_bytes);
    if (bytes === undefined) return undefined;
    const at = layout.offset(bytes, 1);
    return at >= layout.offset_at + layout.offset_bytes && at < source.bytes ? at : undefined;
}

/** Width and height in pixels; nothing where they are missing, or they or the sides of tiles come twice or are 0. Phases: any. */
export function size(this: void, source: Source): LuaMultiReturn<[width: number, height: number] | [undefined]> {
    const layout = layout_of(byte_source.some(source, 0, 8));
    const at = layout === undefined ? undefined : directory(source, layout);
    if (layout === undefined || at === undefined) return $multi(undefined);
    const count_bytes = byte_source.all(source, at, layout.count_bytes);
    const count = count_bytes === undefined ? 0 : layout.count(count_bytes, 1);
    const sides = new LuaTable<number, number>();
    // However many entries it announces: a source can be read only so often.
    for (const index of $range(0, count - 1)) {
        const entry = byte_source.all(source, at + layout.count_bytes + index * layout.entry_bytes, layout.entry_bytes);
        if (entry === undefined) return $multi(undefined);
        const tag = layout.short(entry, 1);
        if (is_side(tag)) {
            const side = value(layout, entry) ?? 0;
            // Decoders do not agree on which of two counts.
            if (side === 0 || sides.has(tag)) return $multi(undefined);
            sides.set(tag, side);
        }
    }
    const width = sides.get(WIDTH);
    const height = sides.get(HEIGHT);
    if (width === undefined || height === undefined) return $multi(undefined);
    return $multi(math.max(width, sides.get(TILE_WIDTH) ?? 0), math.max(height, sides.get(TILE_HEIGHT) ?? 0));
}

/** How many directories follow each other, each of which is an image; `most` if they are more, or form a ring. Phases: any. */
export function pages(source: Source, most: number): number {
    const layout = layout_of(byte_source.some(source, 0, 8));
    let at = layout === undefined ? undefined : directory(source, layout);
    if (layout === undefined || at === undefined) return 0;
    for (const found of $range(1, most - 1)) {
        const count_bytes = byte_source.all(source, at, layout.count_bytes);
        if (count_bytes === undefined) return found - 1;
        const end: number = at + layout.count_bytes + layout.count(count_bytes, 1) * layout.entry_bytes;
        const next = byte_source.all(source, end, layout.offset_bytes);
        at = next === undefined ? 0 : layout.offset(next, 1);
        if (at === 0) return found;
    }
    return most;
}
