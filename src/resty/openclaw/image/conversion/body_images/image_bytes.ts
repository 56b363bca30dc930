/** The bytes of an image that was found in a body: a part of it, or decoded from base64. */
import * as c_memory from "../../../core/memory/c_memory";
import * as base64 from "./base64";
import * as json_text from "./json_text";
import type { FoundImage, Problem, Reading } from "./model";
import * as problems from "./problems";

/** The bytes of an image, or what is wrong. */
export type ImageBytes = LuaMultiReturn<
    [memory: Bytes, bytes: number, message?: undefined] | [memory: undefined, problem: Problem, message: string]
>;

const BACKSLASH = 92;

const NO_MEMORY_FOR_IMAGE = "There is no memory for the image.";
const NO_BASE64 = "The image is not valid base64.";

function decode(memory: Bytes, count: number): ImageBytes {
    const decoded = c_memory.allocate(base64.most_bytes_of(count));
    if (decoded === undefined) return $multi(undefined, problems.NO_MEMORY, NO_MEMORY_FOR_IMAGE);
    const bytes = base64.decode(memory, count, decoded);
    if (bytes > 0) return $multi(decoded, bytes);
    c_memory.free(decoded);
    const message = bytes < 0 ? NO_BASE64 : "The image is empty.";
    return $multi(undefined, problems.BROKEN_IMAGE, message);
}

/** Base64 with escapes of JSON in it. */
function decode_escaped(memory: Bytes, from: number, count: number): ImageBytes {
    const letters = c_memory.allocate(count);
    if (letters === undefined) return $multi(undefined, problems.NO_MEMORY, NO_MEMORY_FOR_IMAGE);
    const bytes = json_text.unescape(memory, from, count, letters);
    // Half a surrogate pair is no letter, as most characters are.
    if (bytes < 0) return $multi(undefined, problems.BROKEN_IMAGE, NO_BASE64);
    const [decoded, its_bytes, message] = decode(letters, bytes);
    c_memory.free(letters);
    if (decoded === undefined) return $multi(undefined, its_bytes, message);
    return $multi(decoded, its_bytes);
}

/**
 * The bytes of an image that was found, and how many they are: to be given to `release`. Nil, what is wrong and a sentence if it is no
 * base64, is an address, or there is no memory. Phases: any. Never raises.
 */
export function read(reading: Reading, found: FoundImage): ImageBytes {
    const { memory } = reading;
    const { from, count } = found;
    if (found.address !== undefined)
        return $multi(undefined, problems.UNSUPPORTED_IMAGE_URL, "The image is elsewhere: the body has its address.");
    if (found.encoding === "bytes") return $multi(pointer_add(memory, from), count);
    const has_escapes = found.is_in_json && c_memory.find_byte(memory, from, from + count, BACKSLASH) < from + count;
    if (has_escapes) return decode_escaped(memory, from, count);
    return decode(pointer_add(memory, from), count);
}

/** The bytes of `bytes_of` are not needed any more: gives their memory back at once. Phases: any. */
export function release(found: FoundImage, memory: Bytes): void {
    // Others are the body's.
    if (found.encoding === "base64") c_memory.free(memory);
}
