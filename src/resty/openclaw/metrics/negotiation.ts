/** Chooses the format by the Accept header: RFC 9110, section 12.5.1. Pure Lua, any phase. */
import type { Format } from "./format";
import * as open_metrics from "./open_metrics";
import * as text_format from "./text_format";

/** In bytes; a longer header is ignored. Prometheus sends 300. */
const LONGEST = 1024;

/** One entry of the header: `text/plain;version=0.0.4;q=0.5`. */
interface Range {
    readonly media_type: string;
    /** "" for any. */
    readonly version: string;
    readonly quality: number;
}

/** The quality of a format, and how specific the range is that it comes from. */
interface Preference {
    quality: number;
    specificity: number;
}

/** A number from 0 to 1; nothing for anything else. */
function read_quality(text: string): number | undefined {
    const [digits] = string.match(text, "^[01]%.?%d*$");
    const quality = tonumber(digits ?? "");
    return quality !== undefined && quality <= 1 ? quality : undefined;
}

/** Reads one entry; nothing where it is malformed. */
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

/** How specific a range is for a format: 0 when it does not match. */
function specificity_of(range: Range, format: Format): number {
    if (range.media_type === "*/*") return 1;
    if (range.media_type === string.gsub(format.media_type, "/.*$", "/*")[0]) return 2;
    if (range.media_type !== format.media_type) return 0;
    if (range.version === "") return 3;
    return range.version === format.version ? 4 : 0;
}

/** The preference for a format, by the most specific entry that matches it. */
function preference(accept: string, format: Format): Preference {
    const found: Preference = { quality: 0, specificity: 0 };
    for (const [entry] of string.gmatch(accept, "[^,]+")) {
        const range = read_range(entry!);
        const specific = range === undefined ? 0 : specificity_of(range, format);
        if (specific > found.specificity) {
            found.specificity = specific;
            found.quality = range!.quality;
        }
    }
    return found;
}

/**
 * The format for this Accept header. OpenMetrics if it has the higher quality, or the same quality but a more specific range; the text
 * format for all others. Phases: any.
 */
export function choose(accept: string | undefined): Format {
    if (accept === undefined || accept.length > LONGEST) return text_format;
    const open = preference(accept, open_metrics);
    const text = preference(accept, text_format);
    if (open.quality > text.quality) return open_metrics;
    const is_named = open.quality === text.quality && open.quality > 0 && open.specificity > text.specificity;
    return is_named ? open_metrics : text_format;
}
