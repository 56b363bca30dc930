/** What in a string may be copied as it is, four bytes at a time. */
import * as ffi from "ffi";

const IS_LITTLE_ENDIAN = ffi.abi("le");
/** Of a character of three bytes, and of two: the bits that say so, and what they are. */
const LAST_TWO_OF_THREE = 0x00c0c0f0;
const IN_THREE = 0x008080e0;
const LAST_OF_TWO = 0x0000c0e0;
const IN_TWO = 0x000080c0;

/** Whether none of four bytes has a meaning in a string: all are ASCII, and no quote, backslash or control character. */
function are_plain(four: number): boolean {
    const quotes = four ^ 0x22222222;
    const backslashes = four ^ 0x5c5c5c5c;
    // A byte that is less than the number taken away has its highest bit set by that, or a byte below it has.
    return ((four | (four - 0x20202020) | (quotes - 0x01010101) | (backslashes - 0x01010101)) & 0x80808080) === 0;
}

/**
 * How long the character of more than one byte is that four bytes in a string begin with: 2 or 3 if it is certainly well-formed, else 0.
 * RFC 3629, section 4; after 0xe0 and 0xed not all bytes may follow.
 */
function length_of_character(four: number): number {
    if ((four & LAST_TWO_OF_THREE) === IN_THREE) {
        const first = four & 0xff;
        return first === 0xe0 || first === 0xed ? 0 : 3;
    }
    // 0xc0 and 0xc1 begin nothing.
    return (four & LAST_OF_TWO) === IN_TWO && (four & 0x1e) !== 0 ? 2 : 0;
}

/** How many of four bytes in a string are copied as they are: 4, a character of 3 or 2 bytes, or 0 if it takes a closer look. Phases: any. */
export function plain_bytes(four: number): number {
    if (are_plain(four)) return 4;
    return IS_LITTLE_ENDIAN ? length_of_character(four) : 0;
}
