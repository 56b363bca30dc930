/** The options of `checks`. */
import * as kinds from "../config/kinds";
import type { Values } from "../config/schema";
import { computed, option, optional, read_or_raise, table_of } from "../config/schema";
import * as image_size from "../core/media/image_size";
import * as magic from "../core/media/magic";

const MIB = 1024 * 1024;

const METHOD = kinds.of<string>("method", 'the name of a method, such as "POST"', (given) => {
    if (typeof given !== "string") return false;
    const [legal] = string.find(given, "^[A-Z][A-Z_-]*$");
    return legal !== undefined;
});

const JSON_SCHEMA = {
    max_bytes: option(kinds.whole(1), MIB, "maximum length of a JSON body"),
    max_depth: option(kinds.whole(1, 1000), 32, "how many objects and arrays may be inside one another"),
    max_members: option(kinds.whole(0), 10000, "how many members all objects together may have"),
    unique_names: option(
        kinds.flag,
        false,
        "rejects an object that has the same name twice; names are compared without their escapes",
    ),
};

const IMAGE_SCHEMA = {
    max_pixels: option(kinds.whole(1), 40000000, "maximum of width × height"),
    max_side: option(kinds.whole(1), 16384, "maximum of the width, and of the height, in pixels"),
};

export const SCHEMA = {
    methods: optional(
        kinds.list_of(METHOD),
        "the accepted methods; `GET` includes `HEAD`. Without the option all are accepted",
    ),
    max_body_bytes: optional(kinds.whole(1), "maximum length of the request body; see [below](#length)"),
    content_types: computed(
        kinds.list_of(kinds.one_of(...magic.TYPES)),
        "what `json` and `image` need",
        "the accepted types of the body, by its bytes; see [below](#types)",
    ),
    json: optional(table_of(JSON_SCHEMA), "limits of JSON bodies"),
    image: optional(table_of(IMAGE_SCHEMA), "limits of images, by their headers"),
    dict: option(
        kinds.text,
        "openclaw",
        "the `lua_shared_dict` of the metrics; without such a dict each worker counts for itself",
    ),
};

export type Options = Values<typeof SCHEMA>;
export type JsonLimits = Values<typeof JSON_SCHEMA>;
export type ImageLimits = Values<typeof IMAGE_SCHEMA>;

export interface Settings {
    /** The accepted methods, and as the header Allow has them; nothing where all are accepted. */
    readonly methods: LuaSet<string> | undefined;
    readonly allow: string;
    /** Nothing where there is no limit. */
    readonly max_body_bytes: number | undefined;
    /** The accepted types, in the order in which they are looked for; nothing where all bodies are accepted. */
    readonly types: readonly string[] | undefined;
    readonly type_names: string;
    /** Whether JSON is the only one. */
    readonly is_only_json: boolean;
    readonly json: JsonLimits;
    /** Nothing where the size of images is not checked. */
    readonly image: ImageLimits | undefined;
}

/** The methods as Allow has them: each once, and HEAD after GET. RFC 9110, section 10.2.1. */
function allowed(methods: readonly string[]): string[] {
    const known = new LuaSet<string>();
    const names: string[] = [];
    for (const method of methods) {
        for (const name of method === "GET" ? ["GET", "HEAD"] : [method]) {
            if (!known.has(name)) names.push(name);
            known.add(name);
        }
    }
    return names;
}

/** The accepted types: those that were given, or else those that the other options are about. */
function types_of(options: Options): string[] | undefined {
    const wanted = new LuaSet<string>();
    for (const media_type of options.content_types ?? []) wanted.add(media_type);
    if (options.content_types === undefined) {
        if (options.json !== undefined) wanted.add(magic.JSON);
        if (options.image !== undefined) for (const media_type of image_size.TYPES) wanted.add(media_type);
    }
    const types: string[] = [];
    for (const media_type of magic.TYPES) if (wanted.has(media_type)) types.push(media_type);
    return types.length > 0 ? types : undefined;
}

function set_of(names: readonly string[]): LuaSet<string> {
    const known = new LuaSet<string>();
    for (const name of names) known.add(name);
    return known;
}

/** The settings. Raises where there is nothing to check. Phases: init. */
export function of(options: Options, path: string): Settings {
    const types = types_of(options);
    if (types === undefined && options.methods === undefined && options.max_body_bytes === undefined) {
        error(`${path}: at least one of "methods", "max_body_bytes", "content_types", "json" and "image" is needed`, 0);
    }
    const methods = allowed(options.methods ?? []);
    return {
        methods: options.methods === undefined ? undefined : set_of(methods),
        allow: table.concat(methods, ", "),
        max_body_bytes: options.max_body_bytes,
        types,
        type_names: table.concat(types ?? [], ", "),
        is_only_json: types !== undefined && types.length === 1 && types[0] === magic.JSON,
        json: options.json ?? read_or_raise(JSON_SCHEMA, {}, ""),
        image: options.image,
    };
}
