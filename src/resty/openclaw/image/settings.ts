/** The options of `image`. */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import { option, optional, table_of } from "../config/schema";
import * as body_images from "./conversion/body_images";
import type { Input, Plan } from "./conversion/model";
import * as vips from "./conversion/vips";
import * as remotes from "./remote";

/** All forms in which an image may come. */
const ALL_INPUTS: Input[] = ["raw", "multipart", "json", "data_url"];
const INPUTS: Kind<Input> = kinds.one_of("raw", "multipart", "json", "data_url");
/** The media types of the names that the option `formats` takes. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
    jpeg: "image/jpeg",
    png: "image/png",
    webp: "image/webp",
    gif: "image/gif",
    tiff: "image/tiff",
    heif: "image/heif",
    avif: "image/avif",
};
const ALL_FORMATS = ["jpeg", "png", "webp", "gif", "tiff", "heif", "avif"];
const FORMAT = kinds.one_of("jpeg", "png", "webp", "gif", "tiff", "heif", "avif");

const MOST_NAME_BYTES = 64;

function is_name(given: unknown): given is string {
    if (typeof given !== "string" || given === "" || given.length > MOST_NAME_BYTES) return false;
    return body_images.is_form_name(given);
}

/** The name of a field of a form. */
const FIELD = kinds.of<string>("string", "a name without quotes, backslashes and control characters", is_name);

/** The name of a member of JSON, which has other members beside it. */
const MEMBER = kinds.of<string>(
    "string",
    "a name without quotes, backslashes and control characters, but not content_type, width or height",
    (given) => {
        for (const own of body_images.OWN_MEMBERS) if (given === own) return false;
        return is_name(given);
    },
);

const NEAR_SCHEMA = {
    distance: option(
        kinds.whole(0, 16),
        4,
        "how many of the 64 bits of two pictures' hashes may differ; see [below](#near-hits)",
    ),
    seconds: option(kinds.positive, 60, "how old the earlier answer may be"),
};

/** Nothing, or one of the words in a list. */
const KEEP = kinds.list_or_none_of(kinds.one_of("icc"));

const ISOLATION: Kind<"thread" | "process"> = kinds.one_of("thread", "process");

/** Identities, or true for any. */
const CALLERS: Kind<true | string[]> = {
    name: "boolean or list of string",
    read: (given, path, problems) => {
        if (given === true) return true;
        if (given === false) return [];
        if (type(given) === "table") return kinds.list_of(kinds.text).read(given, path, problems);
        problem.add_no_table(problems, path, "true or a list of identities", given);
        return [];
    },
};

export const SCHEMA = {
    inputs: option(kinds.list_of(INPUTS), ALL_INPUTS, "how an image may come; see [below](#one-form-in)"),
    json_field: option(MEMBER, "image", "the member of JSON that has the image, in base64 or as a data URL"),
    form_field: optional(
        FIELD,
        "the field of a form that has the image; without the option the first file or the first part with an image's type",
    ),
    formats: option(
        kinds.list_of(FORMAT),
        ALL_FORMATS,
        "the accepted formats; those that libvips at hand cannot read are refused as well",
    ),
    max_images: option(kinds.whole(1, 64), 8, "how many images a body may have"),
    max_bytes: option(kinds.whole(1024, 1073741824), 20971520, "maximum length of an image as it comes"),
    max_pixels: option(kinds.whole(1, 1000000000), 40000000, "maximum of width × height, by the image's header"),
    max_side: option(
        kinds.whole(1, 16383),
        1024,
        "the longer side of the image as it goes on; smaller ones keep their size",
    ),
    format: option(
        kinds.one_of("jpeg", "png", "webp", "keep"),
        "jpeg",
        'the format in which it goes on; "keep" takes that of the image',
    ),
    quality: option(kinds.whole(1, 100), 85, "the quality of JPEG and WebP; PNG has none"),
    keep: option(KEEP, [], 'metadata that stays: `"icc"`, the color profile. Without it colors are converted to sRGB'),
    send: option(
        kinds.one_of("raw", "json", "multipart"),
        "raw",
        "what the node gets: the image alone, JSON or a form. Chat messages stay what they are",
    ),
    jobs: option(kinds.whole(1, 256), 2, "how many conversions of the route run at a time on the machine"),
    queue: option(kinds.whole(0, 10000), 32, "how many more requests may wait for one"),
    queue_seconds: option(kinds.positive, 10, "how long a request waits at most until its conversion begins"),
    seconds: option(kinds.positive, 10, "how long a conversion may take"),
    isolate: option(
        ISOLATION,
        "thread",
        "where conversions run: in a thread of the worker, or in a process of their own; see [below](#thread-or-process)",
    ),
    thread_pool: option(kinds.text, "default", "the `thread_pool` of nginx in which conversions run"),
    envelope: option(kinds.flag, false, "puts answers in JSON into an [envelope](#one-form-out)"),
    near: optional(
        table_of(NEAR_SCHEMA),
        "answers from the cache for pictures that look alike; see [below](#near-hits)",
    ),
    remote: optional(
        table_of(remotes.SCHEMA),
        "servers from which images are fetched whose addresses stand in bodies; without the option none; see [below](#addresses)",
    ),
    converted_by: optional(
        CALLERS,
        "callers that say when their images have been converted already: their identities, or true for all with a verified one; " +
            "see [below](#at-the-edge)",
    ),
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics and of who converts"),
};

export type Options = Values<typeof SCHEMA>;

/** Raises if the options contradict each other. Phases: init. */
export function check(options: Options, path: string): void {
    const problems: problem.Problems = [];
    if (options.isolate === "thread" && ngx.run_worker_thread === undefined) {
        problems.push(
            `${path}.isolate must be "process": this nginx was built without threads (--with-threads), got "thread"`,
        );
    }
    const missing = vips.problem_of_library();
    if (missing !== undefined) problems.push(`${path} needs libvips: ${missing}`);
    problem.raise(problems);
}

/** What a conversion has to know. Phases: init. */
export function plan_of(options: Options): Plan {
    const formats: string[] = [];
    for (const name of options.formats) formats.push(MEDIA_TYPES[name]!);
    return {
        inputs: options.inputs,
        json_field: options.json_field,
        form_field: options.form_field,
        send: options.send,
        most_images: options.max_images,
        max_bytes: options.max_bytes,
        max_pixels: options.max_pixels,
        max_side: options.max_side,
        format: options.format,
        quality: options.quality,
        keeps_profile: options.keep.length > 0,
        formats,
        wants_hash: options.near !== undefined,
        takes_addresses: options.remote !== undefined,
    };
}
