/** Decides by the headers which responses are read, and how. */
import * as media_type from "../core/http/media_type";
import * as cache_status from "../core/request/cache_status";
import * as request from "../core/request/request";
import type { Document } from "./document";
import * as documents from "./document";
import type { Inflation } from "./inflation";
import * as inflations from "./inflation";
import type { Stream } from "./stream";
import * as streams from "./stream";

/** Why a response has no metrics: its type, its encoding, or no known values. */
export type Reason = "type" | "encoding" | "no_figures";

const DOCUMENT = 1;
const EVENTS = 2;
const LINES = 3;

const KINDS: Record<string, number> = {
    "application/json": DOCUMENT,
    "text/event-stream": EVENTS,
    "application/x-ndjson": LINES,
    "application/ndjson": LINES,
    "application/jsonl": LINES,
    "application/x-jsonlines": LINES,
    "application/stream+json": LINES,
};

/** Encodings that zlib decompresses. */
const COMPRESSED: Record<string, boolean> = { gzip: true, "x-gzip": true, deflate: true };

/** Values of `$upstream_cache_status` where a node has made the response for this request. */
const FROM_A_NODE: Record<string, boolean> = { MISS: true, BYPASS: true, EXPIRED: true };

/** The media type that a variable holds, without its parameters, in lower case. Phases: all with a request. */
export function type_in(variable: string): string {
    return media_type.of(request.variable(variable) ?? "");
}

/** Whether a node has made the response for this request, which must be a POST. */
export function is_made_now(): boolean {
    if (request.is_subrequest() || request.variable("request_method") !== "POST") return false;
    const cache = cache_status.present();
    return cache === undefined || FROM_A_NODE[cache] === true;
}

/** A reader for the current response, or why there is none. Phases: header_filter. */
export function reader_of(): LuaMultiReturn<
    [reader: Document | Stream, inflation: Inflation | undefined] | [reader: undefined, reason: Reason]
> {
    const kind = KINDS[type_in("sent_http_content_type")];
    if (kind === undefined) return $multi(undefined, "type");
    const encoding = string.lower(request.variable("sent_http_content_encoding") ?? "identity");
    let inflation: Inflation | undefined;
    if (encoding !== "identity" && encoding !== "") {
        if (COMPRESSED[encoding] === true) inflation = inflations.new();
        if (inflation === undefined) return $multi(undefined, "encoding");
    }
    const reader = kind === DOCUMENT ? documents.new() : streams.new(kind === LINES);
    return $multi(reader, inflation);
}
