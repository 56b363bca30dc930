/** A text that stands for an image: a data URL (RFC 2397), base64 alone, or an address. */
import * as media_type from "../../../core/http/media_type";
import * as json_text from "./json_text";
import type { FoundImage, Reading } from "./model";
import * as problems from "./problems";
import * as readings from "./readings";

/** What is before the comma of a data URL has fewer characters. */
const MOST_PREFIX = 256;
const MOST_ADDRESS_BYTES = 2048;
const DATA = "data:";
const BASE64 = ";base64,";

const BACKSLASH = 92;
const COMMA = 44;

/** The text up to its first comma, but at most `MOST_PREFIX` characters of it, and the place after that. Other than ASCII becomes "?". */
function prefix_of(
    memory: Bytes,
    from: number,
    end: number,
    is_in_json: boolean,
): LuaMultiReturn<[prefix: string, next: number]> {
    const characters: string[] = [];
    let at = from;
    let code = 0;
    while (at < end && code !== COMMA && characters.length < MOST_PREFIX) {
        code = memory.get(at);
        if (is_in_json && code === BACKSLASH) [code, at] = json_text.escape_at(memory, at);
        else at += 1;
        characters.push(code >= 0 && code < 0x80 ? string.char(code) : "?");
    }
    return $multi(table.concat(characters), at);
}

/** Whether a text begins so, whatever the letters' case. */
function begins(text: string, beginning: string): boolean {
    return string.lower(string.sub(text, 1, beginning.length)) === beginning;
}

/** A picture's type, or one that says nothing. */
function may_be_image(its_type: string): boolean {
    return its_type === "" || its_type === "application/octet-stream" || begins(its_type, "image/");
}

/** What is wrong with what a data URL has before its letters. */
function check_data_url(reading: Reading, prefix: string): void {
    const is_base64 = string.lower(string.sub(prefix, -BASE64.length)) === BASE64;
    if (!is_base64) return problems.refuse(reading, problems.BROKEN_IMAGE, "A data URL is not in base64.");
    if (!may_be_image(media_type.of(string.sub(prefix, DATA.length + 1, -BASE64.length - 1))))
        problems.refuse(reading, problems.UNSUPPORTED_MEDIA_TYPE, "A data URL has no image.");
}

function found(
    from: number,
    end: number,
    is_in_json: boolean,
    encoding: "bytes" | "base64",
    address?: string,
): FoundImage {
    return { from, count: end - from, encoding, is_in_json, address };
}

function read_address(reading: Reading, from: number, count: number, is_in_json: boolean): FoundImage {
    const is_short = count <= MOST_ADDRESS_BYTES;
    const text = is_short ? json_text.unescaped(reading.memory, from, count) : undefined;
    const [legal] = string.find(text ?? "", "^[!-~]+$");
    if (legal === undefined)
        problems.refuse(reading, problems.UNSUPPORTED_IMAGE_URL, "An image's URL is too long or has odd characters.");
    return found(from, from + count, is_in_json, "bytes", text);
}

/** Whether these bytes begin like a data URL. Phases: any. */
export function is_data_url(memory: Bytes, from: number, end: number, is_in_json: boolean): boolean {
    const [prefix] = prefix_of(memory, from, math.min(end, from + 6 * DATA.length), is_in_json);
    return begins(prefix, DATA);
}

/**
 * Reads the text of a string of JSON (`is_in_json`, without its quotes), or a text alone. `is_url`: base64 alone does not do. What is wrong
 * is a problem of the reading. Whether the letters are base64 shows when they are decoded. Phases: any.
 */
export function read(reading: Reading, from: number, end: number, is_in_json: boolean, is_url: boolean): FoundImage {
    const { memory } = reading;
    const [prefix, next] = prefix_of(memory, from, end, is_in_json);
    if (begins(prefix, DATA)) {
        readings.accept(reading, "data_url");
        check_data_url(reading, prefix);
        return found(next, end, is_in_json, "base64");
    }
    if (begins(prefix, "http://") || begins(prefix, "https://")) {
        readings.accept(reading, "data_url");
        return read_address(reading, from, end - from, is_in_json);
    }
    const [scheme] = string.find(prefix, "^%a[%w+.-]*:");
    if (scheme !== undefined || is_url) {
        const message = "An image's URL is neither a data URL nor an http or https URL.";
        problems.refuse(reading, problems.UNSUPPORTED_IMAGE_URL, message);
    } else readings.accept(reading, "json");
    return found(from, end, is_in_json, "base64");
}
