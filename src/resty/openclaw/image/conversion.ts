/**
 * Converts the images in a body, in a thread of nginx or in a helper process: finds them, converts each one, and writes the new body. Uses
 * nothing of nginx.
 */
import * as ffi from "ffi";
import * as files from "../core/files/files";
import * as c_memory from "../core/memory/c_memory";
import * as body_images from "./conversion/body_images";
import type { FoundImage, Problem, Reading } from "./conversion/body_images/model";
import type { Answer, Converted, Fetched, Order, Plan } from "./conversion/model";
import * as picture_hash from "./conversion/picture_hash";
import * as priority from "./conversion/priority";
import type { Picture, Problem as PictureProblem, Target } from "./conversion/vips";
import * as vips from "./conversion/vips";

ffi.cdef(`
    struct openclaw_conversion_time { long seconds; long nanoseconds; };
    int openclaw_conversion_clock(int clock, struct openclaw_conversion_time *time) __asm__("clock_gettime");
`);

interface Moment {
    readonly seconds: number;
    readonly nanoseconds: number;
}

/** The conversion of one body. */
interface Work {
    readonly plan: Plan;
    readonly target: Target;
    readonly wants_thumbnail: boolean;
    readonly pictures: Picture[];
    readonly report: Converted[];
    readonly began: number;
}

/** The codes of what may be wrong with a picture. */
const CODES: Readonly<Record<PictureProblem, string>> = {
    broken_image: "broken_image",
    unsupported_image: "unsupported_media_type",
    image_too_large: "image_too_large",
    failed: "failed",
};

/** CLOCK_MONOTONIC */
const MONOTONIC = 1;

function now(): number {
    const time = ffi.new("struct openclaw_conversion_time[1]") as unknown as LuaTable<number, Moment>;
    ffi.C.openclaw_conversion_clock!(MONOTONIC, time);
    const { seconds, nanoseconds } = time.get(0);
    return tonumber(seconds)! + tonumber(nanoseconds)! / 1e9;
}

function failed(problem: string, message: string, detail?: string): Answer {
    return { problem, message, detail };
}

/** The body in memory, which is the caller's; or a copy of the file. On failure nil and why. */
function body_of({ memory, file, bytes }: Order): Result<Bytes> {
    if (memory !== undefined) return $multi(c_memory.at(memory));
    const copy = c_memory.allocate(bytes);
    if (copy === undefined) return $multi(undefined, "there is no memory for the body");
    let at = 0;
    while (at < bytes) {
        const [count, err] = files.read(file!, pointer_add(copy, at), bytes - at, at);
        if (count === undefined) return $multi(undefined, err);
        if (count === 0) return $multi(undefined, "the body's file is shorter than it was");
        at += count;
    }
    return $multi(copy);
}

function fetched_of(address: string, fetched: readonly Fetched[] | undefined): Fetched | undefined {
    for (const image of fetched ?? []) if (image.address === address) return image;
    return undefined;
}

/** The addresses in the body that have not been fetched. */
function addresses_of(images: readonly FoundImage[], fetched: readonly Fetched[] | undefined): string[] {
    const addresses: string[] = [];
    for (const { address } of images) {
        if (address !== undefined && fetched_of(address, fetched) === undefined) addresses.push(address);
    }
    return addresses;
}

function target_of(plan: Plan): Target {
    const { max_side, format, quality, max_pixels, keeps_profile, formats } = plan;
    return { max_side, format, quality, max_pixels, keeps_profile, formats };
}

function converted(picture: Picture, source_bytes: number): Converted {
    const { source_type, source_pixels, bytes, width, height } = picture;
    return { source_type, source_bytes, source_pixels, bytes, width, height };
}

/** Converts the image in so many bytes. Returns what went wrong, if anything did. */
function convert_bytes(work: Work, memory: Bytes, bytes: number): Answer | undefined {
    const { plan, target, wants_thumbnail, pictures, report } = work;
    if (bytes > plan.max_bytes) {
        return failed("body_too_large", `The image may have at most ${plan.max_bytes} bytes.`);
    }
    const [picture, problem, message, detail] = vips.convert(memory, bytes, target, wants_thumbnail);
    if (picture === undefined) return failed(CODES[problem!], message!, detail);
    pictures.push(picture);
    report.push(converted(picture, bytes));
    return undefined;
}

function convert_image(work: Work, reading: Reading, image: FoundImage, order: Order): Answer | undefined {
    if (image.address !== undefined) {
        const { memory, bytes } = fetched_of(image.address, order.fetched)!;
        return convert_bytes(work, c_memory.at(memory), bytes);
    }
    const [memory, count, message] = body_images.bytes_of(reading, image);
    if (memory === undefined) return failed(count as Problem, message!);
    const problem = convert_bytes(work, memory, count as number);
    body_images.release(image, memory);
    return problem;
}

/** Converts all images. Returns what went wrong, if anything did. */
function convert_all(work: Work, reading: Reading, order: Order): Answer | undefined {
    for (const image of reading.images) {
        const problem = convert_image(work, reading, image, order);
        if (problem !== undefined) return problem;
    }
    return undefined;
}

/** The new body, or what went wrong. */
function write({ pictures, report, began }: Work, reading: Reading): Answer {
    const [written, problem, message] = body_images.write(reading, pictures);
    if (written === undefined) return failed(problem, message);
    const { bytes, content_type, query } = written;
    const { thumbnail } = pictures[0]!;
    return {
        memory: c_memory.hand_over(written.memory),
        bytes,
        content_type,
        query,
        images: report,
        hash: thumbnail === undefined ? undefined : picture_hash.of(thumbnail),
        rest: thumbnail === undefined ? undefined : body_images.rest_of(reading),
        seconds: now() - began,
    };
}

function convert(order: Order, memory: Bytes): Answer {
    const { plan, bytes, content_type, fetched } = order;
    const began = now();
    const { inputs, json_field, form_field, send, most_images } = plan;
    const wants = { inputs, json_field, form_field, send, most_images };
    const [reading, problem, message] = body_images.find(memory, bytes, content_type, wants);
    if (reading === undefined) return failed(problem, message);
    if (reading.images.length === 0) return { is_untouched: true };
    const addresses = addresses_of(reading.images, fetched);
    if (addresses.length > 0) {
        if (plan.takes_addresses) return { addresses };
        return failed("remote_refused", "The image must be in the body: this service fetches none from other servers.");
    }
    const work: Work = {
        plan,
        target: target_of(plan),
        wants_thumbnail: plan.wants_hash && reading.images.length === 1,
        pictures: [],
        report: [],
        began,
    };
    const answer = convert_all(work, reading, order) ?? write(work, reading);
    for (const picture of work.pictures) vips.release(picture);
    return answer;
}

/** Converts a body. Phases: any; blocks for as long as it takes. Never raises. */
export function run(this: void, order: Order): Answer {
    const [memory, err] = body_of(order);
    if (memory === undefined) return failed("failed", "", err);
    const [ok, answer] = pcall(convert, order, memory);
    // What is the caller's stays.
    if (order.memory === undefined) c_memory.free(memory);
    return ok ? (answer as Answer) : failed("failed", "", tostring(answer));
}

/** The same, in a thread of a worker, which lets the worker go first. Phases: a thread of nginx. */
export function run_in_thread(this: void, order: Order): Answer {
    // Each time, as nginx gives a Lua VM now to this thread and now to that one.
    priority.lower();
    const answer = run(order);
    return answer;
}
