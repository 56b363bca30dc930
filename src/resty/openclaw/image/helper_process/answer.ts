/**
 * What a helper process answers, as the worker may believe it: once a picture has taken a library over, the helper may say anything. So only
 * what has the form of an answer is taken from it, and nothing that would change more than the request at hand.
 */
import type { Answer, Converted, Plan } from "../conversion/model";
import * as refusals from "../refusals";
import * as protocol from "./protocol";

/** No body has more. */
const MOST_BYTES = 1024 * 1024 * 1024;
/** More than any number that a picture has. */
const MOST_NUMBER = 2 ** 53;
const MOST_TYPE_BYTES = 8192;
const MOST_QUERY_BYTES = 65536;
const MOST_MESSAGE_BYTES = 1000;
const FAILED = "failed";

/** An answer whose bytes may be put into memory yet. */
export interface Received extends Omit<Answer, "memory"> {
    memory?: number;
}

type Said = Readonly<Record<string, unknown>>;

function is_number(value: unknown): value is number {
    return type(value) === "number" && (value as number) >= 0 && (value as number) <= MOST_NUMBER;
}

/** A text of at most so many bytes; nothing if it is none. */
function text_of(value: unknown, most: number): string | undefined {
    return typeof value === "string" && value.length <= most ? value : undefined;
}

/** The same without control characters, such as the ends of lines in headers. */
function line_of(value: unknown, most: number): string | undefined {
    const text = text_of(value, most);
    if (text === undefined) return undefined;
    const [control] = string.find(text, "%c");
    return control === undefined ? text : undefined;
}

/** A query as it may stand in a URL. */
function query_of(value: unknown): string | undefined {
    const text = text_of(value, MOST_QUERY_BYTES);
    if (text === undefined) return undefined;
    const [odd] = string.find(text, "[^!-~]");
    return odd === undefined ? text : undefined;
}

function image_of(value: unknown): Converted | undefined {
    if (type(value) !== "table") return undefined;
    const { source_type, source_bytes, source_pixels, bytes, width, height } = value as Said;
    const is_whole = is_number(source_bytes) && is_number(source_pixels) && is_number(bytes);
    if (!is_whole || !is_number(width) || !is_number(height)) return undefined;
    return { source_type: tostring(source_type), source_bytes, source_pixels, bytes, width, height };
}

/** A list of at most so many; nothing if one of its items is none. */
function list_of<T extends object | string>(
    value: unknown,
    most: number,
    read: (this: void, item: unknown) => T | undefined,
): T[] | undefined {
    if (type(value) !== "table") return undefined;
    const items: T[] = [];
    for (const [place, item] of ipairs(value as unknown[])) {
        const known = read(item);
        if (place > most || known === undefined) return undefined;
        items.push(known);
    }
    return items.length === 0 ? undefined : items;
}

function failed_of({ problem, message, detail }: Said): Received {
    const code = text_of(problem, MOST_MESSAGE_BYTES);
    const [its_detail] = string.gsub(text_of(detail, MOST_MESSAGE_BYTES) ?? "", "%c", " ");
    return {
        // As it becomes the label of a metric.
        problem: code !== undefined && refusals.status_of(code) !== undefined ? code : FAILED,
        message: line_of(message, MOST_MESSAGE_BYTES) ?? "",
        detail: its_detail,
    };
}

/** How many bytes it has made; nothing if that cannot be. */
function made_bytes(value: unknown): number | undefined {
    if (!is_number(value) || value > MOST_BYTES || value !== math.floor(value)) return undefined;
    return value;
}

function address_of(value: unknown): string | undefined {
    return text_of(value, protocol.MOST_TEXT_BYTES);
}

function done_of(said: Said, plan: Plan): Received | undefined {
    const bytes = made_bytes(said.bytes);
    const content_type = line_of(said.content_type, MOST_TYPE_BYTES);
    const images = list_of(said.images, plan.most_images, image_of);
    const { query, hash, rest } = said;
    const its_query = query_of(query);
    if (bytes === undefined || (content_type ?? "") === "" || images === undefined) return undefined;
    if (query !== undefined && its_query === undefined) return undefined;
    const its_hash = plan.wants_hash ? line_of(hash, 16) : undefined;
    const its_rest = its_hash === undefined ? undefined : text_of(rest, protocol.MOST_TEXT_BYTES);
    return {
        bytes,
        content_type: content_type!,
        query: its_query,
        images,
        hash: its_hash !== undefined && its_hash.length === 16 ? its_hash : undefined,
        rest: its_rest,
    };
}

/**
 * The answer that a text says, to an order with that plan; nothing if it says none. If it has `bytes`, so many follow, and its `memory` is not
 * known yet. Phases: any. Never raises.
 */
export function read(text: string, plan: Plan): Received | undefined {
    const said = protocol.read(text) as Said | undefined;
    if (said === undefined) return undefined;
    if (said.problem !== undefined) return failed_of(said);
    if (said.is_untouched === true) return { is_untouched: true };
    if (said.addresses === undefined) return done_of(said, plan);
    const addresses = plan.takes_addresses ? list_of(said.addresses, plan.most_images, address_of) : undefined;
    return addresses === undefined ? undefined : { addresses };
}
