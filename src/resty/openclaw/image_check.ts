/** Rejects request bodies that are not images, by their first bytes. */
import * as kinds from "./config/kinds";
import type { Values } from "./config/schema";
import { option } from "./config/schema";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import type { Counter } from "./core/metrics/metric_handles";
import * as metric_registry from "./core/metrics/metric_registry";
import * as json_error from "./core/request/json_error";
import * as request_body from "./core/request/request_body";
import * as contract from "./gateway/contract";

/** Whether the first bytes of a file are those of one format. */
type Test = (this: void, first: string) => boolean;

export interface ImageCheck {
    /** One of these must accept the first bytes. */
    readonly known_by: readonly Test[];
    /** The accepted formats, for the error response. */
    readonly wanted: string;
    readonly empty: Counter;
    readonly not_an_image: Counter;
    readonly unreadable: Counter;
    readonly faults: Faults;
    /** Refuses a body that is not an image. Phases: access; yields. Never raises, but ends the request it refuses. */
    access(): void;
}

const NAME = "image_check";

const FORMAT = kinds.one_of("jpeg", "png", "gif", "webp", "bmp", "tiff");

const SCHEMA = {
    formats: option(kinds.list_of(FORMAT), ["jpeg", "png"], "accepted formats"),
    dict: option(
        kinds.text,
        "openclaw",
        "the `lua_shared_dict` of the metrics; without such a dict each worker counts for itself",
    ),
};

/** The bytes that the tests need. */
const FIRST_BYTES = 24;

const JPEG_BEGINNING = string.char(0xff, 0xd8, 0xff);
/** The signature, then the length and the type of the chunk that must come first. */
const PNG_BEGINNING = string.char(0x89) + "PNG\r\n" + string.char(0x1a) + "\n\0\0\0\rIHDR";

/** Start of image and another marker: ITU T.81, annex B. */
function is_jpeg(this: void, first: string): boolean {
    return string.sub(first, 1, 3) === JPEG_BEGINNING && (string.byte(first, 4) ?? 0) >= 0xc0;
}

/** A 31-bit number above 0, high byte first, as PNG has them. */
function is_png_size(first: string, at: number): boolean {
    const bytes = string.sub(first, at, at + 3);
    return bytes.length === 4 && bytes !== "\0\0\0\0" && string.byte(bytes) < 0x80;
}

/** Signature and image header with a width and a height: PNG, sections 5.2 and 11.2.1. */
function is_png(this: void, first: string): boolean {
    return string.sub(first, 1, 16) === PNG_BEGINNING && is_png_size(first, 17) && is_png_size(first, 21);
}

/** GIF89a, section 17. */
function is_gif(this: void, first: string): boolean {
    const signature = string.sub(first, 1, 6);
    return signature === "GIF87a" || signature === "GIF89a";
}

/** RFC 9649, section 2.4. */
function is_webp(this: void, first: string): boolean {
    return string.sub(first, 1, 4) === "RIFF" && string.sub(first, 9, 15) === "WEBPVP8";
}

/** BITMAPFILEHEADER, and the size of the header after it: 12 bytes to 124. */
function is_bmp(this: void, first: string): boolean {
    const size = string.byte(first, 15) ?? 0;
    return string.sub(first, 1, 2) === "BM" && size >= 12 && size <= 124 && string.sub(first, 16, 18) === "\0\0\0";
}

/** Byte order and version: TIFF 6.0, section 2, and BigTIFF. */
function is_tiff(this: void, first: string): boolean {
    const signature = string.sub(first, 1, 4);
    return signature === "II*\0" || signature === "MM\0*" || signature === "II+\0" || signature === "MM\0+";
}

const TESTS: Record<string, Test> = {
    jpeg: is_jpeg,
    png: is_png,
    gif: is_gif,
    webp: is_webp,
    bmp: is_bmp,
    tiff: is_tiff,
};

function fail(plugin: ImageCheck, err: string): void {
    plugin.unreadable.inc();
    plugin.faults.report("unreadable_body", err);
    json_error.respond(500, "internal_error", "The gateway could not read the request body.");
}

function access(this: ImageCheck): void {
    const [body, read_err] = request_body.read();
    if (body === undefined) return fail(this, read_err);
    const [first, first_err] = request_body.first(body, FIRST_BYTES);
    if (first === undefined) return fail(this, first_err);
    if (first === "") {
        this.empty.inc();
        json_error.respond(400, "empty_body", "The request has no body; send an image.");
    }
    for (const is_known of this.known_by) {
        if (is_known(first)) return;
    }
    this.not_an_image.inc();
    json_error.respond(415, "not_an_image", `The body is no image of these formats: ${this.wanted}.`);
}

const metatable = { __index: { access } };

function create(options: Values<typeof SCHEMA>): ImageCheck {
    const known_by: Test[] = [];
    for (const format of options.formats) known_by.push(TESTS[format]!);
    const registry = metric_registry.open(options.dict);
    const refused = metric_registry.counter(
        registry,
        "openclaw_image_check_refused_total",
        "Requests refused because their body was no image, by reason.",
        ["reason"],
    );
    const fields = {
        known_by,
        wanted: table.concat(options.formats, ", "),
        empty: refused.labels("empty_body"),
        not_an_image: refused.labels("not_an_image"),
        unreadable: refused.labels("unreadable"),
        faults: fault.new(NAME, registry),
    };
    return setmetatable(fields, metatable);
}

const declaration = {
    name: NAME,
    meaning: "[rejects non-image bodies](image_check.md), by the first bytes of the body",
    order: { access: 400 },
    schema: SCHEMA,
    create,
};

export const plugin = contract.define(declaration);

/** The plugin alone, from the options in docs/image_check.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): ImageCheck {
    return contract.alone(declaration, options);
}
export { alone as new };
