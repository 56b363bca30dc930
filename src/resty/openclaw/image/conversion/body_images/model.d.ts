/** The types that the parts of `body_images` share. */

/** How images may come in: the body itself, a part of a form, base64 in a member of JSON, a data URL in JSON or as a text. */
export type Input = "raw" | "multipart" | "json" | "data_url";

/** What a route wants of bodies with images. */
export interface Wants {
    readonly inputs: readonly Input[];
    /** The member of JSON that has the image, in what comes in and in what goes out. None of `OWN_MEMBERS`. */
    readonly json_field: string;
    /** The field of a form that has the image; otherwise that of the first part with a file's name or an image's type. */
    readonly form_field?: string | undefined;
    /** The form of the new body, unless it is a chat's, which stays what it is. */
    readonly send: "raw" | "json" | "multipart";
    readonly most_images: number;
}

/** What is wrong: a code of docs/errors.md. */
export type Problem = string;

/** One image in the body, or the address of one. */
export interface FoundImage {
    /** Where its bytes, its letters or its address stand in the body. */
    readonly from: number;
    readonly count: number;
    readonly encoding: "bytes" | "base64";
    /** Whether there may be escapes of JSON among its letters. */
    readonly is_in_json: boolean;
    /** The http or https URL that stands in its place: printable ASCII, 2048 bytes at most. */
    readonly address?: string | undefined;
}

/** A converted image. */
export interface Picture {
    readonly memory: Bytes;
    readonly bytes: number;
    /** Such as `image/jpeg`. */
    readonly content_type: string;
    readonly width: number;
    readonly height: number;
}

/** How the value of a field stands in the body: as bytes, as a string of JSON without its quotes, or as a text of JSON. */
export type FieldKind = "bytes" | "string" | "json";

/** Another field of the form, or another member of the JSON, which goes into a body of another form. */
export interface Field {
    readonly name: string;
    readonly kind: FieldKind;
    readonly from: number;
    readonly count: number;
}

/** What takes the place of some bytes of JSON that stays what it is. `missing`: the members that are added after it. */
export interface Edit {
    readonly from: number;
    readonly end: number;
    /** Which of the images, counted from 1. */
    readonly image: number;
    readonly as: "data_url" | "base64" | "content_type" | "width" | "height";
    readonly missing: readonly string[];
}

/** A part of a form: where its header and its content stand. */
export interface Part {
    readonly header_from: number;
    readonly header_count: number;
    readonly from: number;
    readonly count: number;
    readonly name: string;
    readonly file_name: string | undefined;
    readonly type: string | undefined;
    /** Which of the images it is, counted from 1; 0 for none. */
    image: number;
}

/** What was found in a body, and how the new one is written. Its memory must stay as it is until the new body is written. */
export interface Reading {
    readonly memory: Bytes;
    readonly count: number;
    readonly content_type: string | undefined;
    readonly wants: Wants;
    /** How the images came in. */
    input: Input;
    /** In the order in which they stand in the body. */
    readonly images: FoundImage[];
    /** The new body is the old one with other images in it: its changes if it is JSON, its parts if it is a form. */
    edits: Edit[] | undefined;
    parts: Part[] | undefined;
    /** What goes on beside the image where the new body has another form than the old one. */
    readonly fields: Field[];
    /** The same as a text for a query, where the body has no place for it. */
    query: string | undefined;
    problem: Problem | undefined;
    /** One sentence about the problem. */
    message: string | undefined;
}

/** A new body. */
export interface Written {
    /** Given back when it is collected, or by `release`. */
    readonly memory: Bytes;
    readonly bytes: number;
    readonly content_type: string;
    /** Fields that have no place in the body: pairs as a query has them, without a question mark. */
    readonly query?: string | undefined;
}
