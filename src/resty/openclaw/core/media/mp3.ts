/** Recognizes MP3: a tag of ID3v2, or two frames of MPEG audio, layer III, one after the other. One alone may be chance. */
import type { Source } from "../files/byte_source";
import * as byte_source from "../files/byte_source";

/** Bits 6 and 5 of a frame's second byte are its version; 0 is MPEG 2.5, 2 is MPEG 2, 3 is MPEG 1. ISO/IEC 11172-3, section 2.4.1.3. */
const MPEG_1 = 3;
const RESERVED = 1;
const LAYER_3 = 1;

/** Kilobits a second, by the upper half of the third byte: ISO/IEC 11172-3, section 2.4.2.3, and 13818-3, section 2.4.2.3. */
const RATES_1: readonly number[] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
const RATES_2: readonly number[] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];
/** Samples a second of MPEG 1; half of these in MPEG 2, and a quarter in MPEG 2.5. */
const FREQUENCIES: readonly number[] = [44100, 48000, 32000, 0];

/** The bytes of the frame that begins so; nothing where none does. WHATWG's MIME Sniffing, section 6.2.2. */
function frame_bytes(header: string): number | undefined {
    if (header.length < 3) return undefined;
    const [first, second_given, third_given] = string.byte(header, 1, 3);
    const second = second_given!;
    const third = third_given!;
    if (first !== 0xff || second < 0xe0) return undefined;
    const version = (second >> 3) & 3;
    if (version === RESERVED || ((second >> 1) & 3) !== LAYER_3) return undefined;
    const rate = (version === MPEG_1 ? RATES_1 : RATES_2)[third >> 4]!;
    const frequency = FREQUENCIES[(third >> 2) & 3]! / (version === MPEG_1 ? 1 : version === 2 ? 2 : 4);
    if (rate === 0 || frequency === 0) return undefined;
    const padding = (third >> 1) & 1;
    return math.floor(((version === MPEG_1 ? 144 : 72) * rate * 1000) / frequency) + padding;
}

/** ID3v2.4.0, section 3.1: a version, its revision, flags, and the size in four bytes below 0x80. */
function is_tag(first: string): boolean {
    if (string.sub(first, 1, 3) !== "ID3" || first.length < 10) return false;
    const version = string.byte(first, 4);
    if (version < 2 || version > 4 || string.byte(first, 5) === 0xff) return false;
    for (const place of $range(7, 10)) if (string.byte(first, place) >= 0x80) return false;
    return true;
}

/** Whether it begins as MP3 does. Phases: any. */
export function is_one(this: void, first: string, source: Source): boolean {
    if (is_tag(first)) return true;
    const bytes = frame_bytes(first);
    if (bytes === undefined) return false;
    return frame_bytes(byte_source.some(source, bytes, 3)) !== undefined;
}
