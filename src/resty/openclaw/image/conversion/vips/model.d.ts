/** What goes into a conversion, and what comes out. */
import type { Written } from "./formats";

/** What a picture is to become. */
export interface Target {
    /** Pixels of its longer side, at most. Pictures never become larger. */
    readonly max_side: number;
    /**
     * "keep": as it came in. What libvips cannot write well becomes PNG where it was lossless (GIF, TIFF) or has an alpha channel, and JPEG
     * otherwise (HEIF, AVIF).
     */
    readonly format: Written | "keep";
    /** From 1 to 100; for JPEG and WebP. */
    readonly quality: number;
    /** Width × height that may come in. */
    readonly max_pixels: number;
    /** Whether the colours stay as the picture's profile has them, and the profile with them; else they become sRGB. */
    readonly keeps_profile: boolean;
    /** Media types that may come in, such as "image/jpeg". HEIC is "image/heif". */
    readonly formats: readonly string[];
}

/** A picture that was made. It has to be given to `release`. */
export interface Picture {
    readonly memory: Bytes;
    readonly bytes: number;
    readonly width: number;
    readonly height: number;
    readonly content_type: string;
    readonly source_type: string;
    /** Width × height of what came in. */
    readonly source_pixels: number;
    /** If wanted: 32 × 32 pixels of black and white, a byte each, row by row. */
    readonly thumbnail: Bytes | undefined;
}

/** What is wrong: the file, its format, its size, or something here. */
export type Problem = "broken_image" | "unsupported_image" | "image_too_large" | "failed";

/** Why there is no picture: the problem, a sentence for clients, and for the log what libvips has to say (with bytes of strangers). */
export type Refusal = LuaMultiReturn<[undefined, problem: Problem, message: string, text?: string | undefined]>;

/** A picture, or why there is none. */
export type Conversion = LuaMultiReturn<
    [Picture] | [undefined, problem: Problem, message: string, text?: string | undefined]
>;
