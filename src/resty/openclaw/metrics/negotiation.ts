/** Which format a client likes best, by its header Accept: RFC 9110, section 12.5.1. Pure Lua, any phase. */
import type { Format } from "./format";
import * as open_metrics from "./open_metrics";
import * as text_format from "./text_format";

/** In bytes. Prometheus sends 300; of a longer header nothing is read. */
const LONGEST = 1024;

/** One entry of the header: `text/plain;version=0.0.4;q=0.5`. */
interface Range {
    readonly media_type: string;
    /** "" for any. */
    readonly version: string;
    readonly quality: number;
}

/** How much a client likes a format, and how exactly it said so. */
interface Liking {
    quality: number;
    exactness: number;
}

/** A number from 0 to 1; nothing for any other text. */
function read_quality(text: string): number | undefined {
    const [digits] = string.match(text, "^[01]%.?%d*$");
    const quality = tonumber(digits ?? "");
    return quality !== undefined && quality <= 1 ? quality : undefined;
}

/** Nothing for an entry that is none. */
function read_range(entry: string): Range | undefined {
    const [media_type, parameters] = string.match(entry, "^%s*([%w.+*-]+/[%w.+*-]+)%s*(.*)$");
    if (media_type === undefined) return undefined;
    let quality: number | undefined = 1;
    let version = "";
    for (const [name, value] of string.gmatch(parameters!, ';%s*(%w+)%s*=%s*"?([^";%s]*)')) {
        if (string.lower(name!) === "q") quality = read_quality(value!);
        if (string.lower(name!) === "version") version = value!;
    }
    if (quality === undefined) return undefined;
    return { media_type: string.lower(media_type), version, quality };
}

/** How exactly a range means a format: 0 when it means something else. */
function exactness(range: Range, format: Format): number {
    if (range.media_type === "*/*") return 1;
    if (range.media_type === string.gsub(format.media_type, "/.*$", "/*")[0]) return 2;
    if (range.media_type !== format.media_type) return 0;
    if (range.version === "") return 3;
    return range.version === format.version ? 4 : 0;
}

/** What a header says of a format: what its most exact entry says. */
function liking(accept: string, format: Format): Liking {
    const said: Liking = { quality: 0, exactness: 0 };
    for (const [entry] of string.gmatch(accept, "[^,]+")) {
        const range = read_range(entry!);
        const exact = range === undefined ? 0 : exactness(range, format);
        if (exact > said.exactness) {
            said.exactness = exact;
            said.quality = range!.quality;
        }
    }
    return said;
}

/**
 * The format for a client with this header Accept. OpenMetrics for one that would rather have it, or that names it where
 * it names the other by a wildcard only; the text format for all others, whatever they send. Phases: any.
 */
export function choose(accept: string | undefined): Format {
    if (accept === undefined || accept.length > LONGEST) return text_format;
    const open = liking(accept, open_metrics);
    const text = liking(accept, text_format);
    if (open.quality > text.quality) return open_metrics;
    const is_named = open.quality === text.quality && open.quality > 0 && open.exactness > text.exactness;
    return is_named ? open_metrics : text_format;
}
