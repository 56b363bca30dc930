/**
 * Media types by the first bytes of a file: those formats that these bytes truly tell. Signatures: the WHATWG's MIME Sniffing, section 6,
 * and what each format's own text says.
 */
import type { Source } from "../files/byte_source";
import * as byte_source from "../files/byte_source";
import * as image_size from "./image_size";
import * as mp3 from "./mp3";

/** How many first bytes the tests look at. */
export const FIRST_BYTES = 64;

/** Whether the first bytes are of one format; `source`: all of the bytes. */
type Test = (this: void, first: string, source: Source) => boolean;

/** A test for bytes that must be at a place, counted from 1. */
function at(place: number, ...signatures: string[]): Test {
    return (first) => {
        for (const signature of signatures) {
            if (string.sub(first, place, place + signature.length - 1) === signature) return true;
        }
        return false;
    };
}

/** RIFF, or RF64 for long ones, with audio in waves: EBU Tech 3306. */
const is_riff = at(1, "RIFF", "RF64");
const has_waves = at(9, "WAVE");

/** RFC 3533, section 6: the first page, whose only packet begins after 28 bytes when it is the header of a codec for audio. */
const is_ogg = at(1, "OggS\0");
const has_audio_codec = at(29, "\x01vorbis", "OpusHead", "Speex   ", "\x7fFLAC");

/** The types of ISO/IEC 14496-12 files that are MPEG-4: the major brand of the box that comes first. */
const has_file_type = at(5, "ftyp");
const is_video_brand = at(
    9,
    "isom",
    "iso2",
    "iso3",
    "iso4",
    "iso5",
    "iso6",
    "mp41",
    "mp42",
    "avc1",
    "M4V ",
    "MSNV",
    "dash",
);
const is_audio_brand = at(9, "M4A ", "M4B ");

/** RFC 8794, section 8.1: EBML whose type of document is WebM. */
const EBML = string.char(0x1a, 0x45, 0xdf, 0xa3);
const DOCUMENT_TYPE = string.char(0x42, 0x82, 0x84) + "webm";

function is_webm(this: void, first: string): boolean {
    const [found] = string.find(first, DOCUMENT_TYPE, 1, true);
    return string.sub(first, 1, 4) === EBML && found !== undefined;
}

/** ISO 32000-1, section 7.5.2. */
function is_pdf(this: void, first: string): boolean {
    const digit = string.byte(first, 6) ?? 0;
    return string.sub(first, 1, 5) === "%PDF-" && digit >= string.byte("1") && digit <= string.byte("9");
}

const BEGIN_JSON = new LuaSet<number>();
for (const place of $range(1, 17)) BEGIN_JSON.add(string.byte('{["-0123456789tfn', place));
const BLANKS = new LuaSet<number>();
for (const place of $range(1, 4)) BLANKS.add(string.byte(" \t\n\r", place));

/** Whether a JSON text may begin so: RFC 8259, section 2. Whether it is JSON only the whole of it tells. */
function may_be_json(this: void, first: string): boolean {
    for (const place of $range(1, first.length)) {
        const byte = string.byte(first, place);
        if (!BLANKS.has(byte)) return BEGIN_JSON.has(byte);
    }
    return true;
}

function both(left: Test, right: Test): Test {
    return (first, source) => left(first, source) && right(first, source);
}

function of_image(media_type: string): Test {
    return image_size.FORMATS[media_type]!.is_one;
}

/** The type that is known by parsing, not by a signature. */
export const JSON = "application/json";

const TESTS: Readonly<Record<string, Test | undefined>> = {
    "image/jpeg": of_image("image/jpeg"),
    "image/png": of_image("image/png"),
    "image/gif": of_image("image/gif"),
    "image/webp": of_image("image/webp"),
    "image/bmp": of_image("image/bmp"),
    "image/tiff": of_image("image/tiff"),
    "application/json": may_be_json,
    "application/pdf": is_pdf,
    // RFC 1952, section 2.3.1: the only method is 8. PKWARE's APPNOTE, section 4.3.7.
    "application/gzip": at(1, string.char(0x1f, 0x8b, 8)),
    "application/zip": at(1, "PK\x03\x04"),
    "audio/flac": at(1, "fLaC"),
    "audio/mp4": both(has_file_type, is_audio_brand),
    "audio/mpeg": mp3.is_one,
    "audio/ogg": both(is_ogg, has_audio_codec),
    "audio/wav": both(is_riff, has_waves),
    "video/mp4": both(has_file_type, is_video_brand),
    "video/webm": is_webm,
};

/** All types that can be told, in the order in which `find` should have them. */
export const TYPES: readonly string[] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/tiff",
    "application/pdf",
    "application/gzip",
    "application/zip",
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "video/mp4",
    "video/webm",
    // The last one, because it is not told by a signature: "fLaC" might begin JSON.
    JSON,
];

/**
 * The first one of these types that the source may be; nothing where it is none. JSON is only told by its first character: the caller
 * has to check the rest. Phases: any.
 */
export function find(source: Source, types: readonly string[]): string | undefined {
    const first = byte_source.some(source, 0, FIRST_BYTES);
    for (const media_type of types) {
        if (TESTS[media_type]!(first, source)) return media_type;
    }
    return undefined;
}
