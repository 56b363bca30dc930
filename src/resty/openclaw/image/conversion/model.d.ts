/** What the gateway and a conversion tell each other. Numbers, strings and tables only, as they go to another Lua VM. */

/** How an image comes in. */
export type Input = "raw" | "multipart" | "json" | "data_url";

/** How it goes on. */
export type Output = "raw" | "json" | "multipart";

/** What a route wants of all images; one table for all its requests. */
export interface Plan {
    readonly inputs: readonly Input[];
    readonly json_field: string;
    readonly form_field?: string | undefined;
    readonly send: Output;
    /** How many images a body may have. */
    readonly most_images: number;
    /** How many bytes an image may have. */
    readonly max_bytes: number;
    readonly max_pixels: number;
    readonly max_side: number;
    readonly format: "jpeg" | "png" | "webp" | "keep";
    readonly quality: number;
    readonly keeps_profile: boolean;
    /** The media types that are accepted. */
    readonly formats: readonly string[];
    /** Whether the hash of the picture is wanted. */
    readonly wants_hash: boolean;
    /** Whether addresses in place of images are reported, or refused. */
    readonly takes_addresses: boolean;
}

/** An image that was fetched from an address that the body names. */
export interface Fetched {
    readonly address: string;
    /** Where it is in memory. */
    readonly memory: number;
    readonly bytes: number;
}

/** A body that is to be converted: in memory at that address, or in an open file, which is not closed. */
export interface Order {
    readonly plan: Plan;
    readonly bytes: number;
    readonly memory?: number | undefined;
    readonly file?: number | undefined;
    readonly content_type?: string | undefined;
    readonly fetched?: readonly Fetched[] | undefined;
}

/** One image, as it came and as it goes on. */
export interface Converted {
    readonly source_type: string;
    readonly source_bytes: number;
    readonly source_pixels: number;
    readonly bytes: number;
    readonly width: number;
    readonly height: number;
}

/** The body that goes to the node. */
export interface Done {
    /** Where it is; whoever gets this has to free it. */
    readonly memory: number;
    readonly bytes: number;
    readonly content_type: string;
    /** What has no place in the body: arguments for the query. */
    readonly query?: string | undefined;
    readonly images: readonly Converted[];
    /** 16 hexadecimal digits, of a body with one image, if wanted. */
    readonly hash?: string | undefined;
    /** How long it took. */
    readonly seconds: number;
}

/** There is no image to convert: a chat without a picture. The body goes on as it is. */
export interface Untouched {
    readonly is_untouched: true;
}

/** The addresses of images that are to be fetched before the body can be converted. */
export interface Wanted {
    readonly addresses: readonly string[];
}

/** Why the body was not converted. */
export interface Failed {
    readonly problem: string;
    /** For the client. */
    readonly message: string;
    /** For the log. */
    readonly detail?: string | undefined;
}

export type Answer = Partial<Done> & Partial<Untouched> & Partial<Wanted> & Partial<Failed>;
