/** Types that the parts of the scanner share. */

/** A wanted place in the JSON: the value there is wanted, or values below it. */
export interface Place {
    /** The places of an object's fields, by name. */
    readonly fields?: LuaMap<string, Place>;
    /** The place of each entry of an array. */
    readonly entries?: Place;
    /** The receiver gets the value under this name: a string, or the text of a number, true, false or null. */
    readonly name?: string;
    /** The value counts as content if it is a non-empty string, an object or an array. */
    readonly is_content?: boolean;
    /** The receiver is called under this name when an object or array here begins or ends. */
    readonly watched?: string;
}

/** Receives the wanted values. */
export interface Receiver {
    /** A value. `is_text`: whether it is a string. `begin` and `end`: its place in the bytes of this call of `feed`. */
    value(name: string, value: string, is_text: boolean, begin: number, end: number): void;
    /** An object or array begins; `at`: the place of its bracket. */
    begins(name: string, at: number): void;
    /** It ends. */
    ends(name: string): void;
}

export interface Scanner {
    readonly root: Place;
    readonly receiver: Receiver;
    /** The current object or array, whether it is an array, and those around it. Nothing at the top level. */
    top: Place | undefined;
    is_array: boolean;
    readonly tops: (Place | undefined)[];
    readonly kinds: boolean[];
    depth: number;
    /** The depth inside an unwanted object or array; 0 outside of these. */
    skipped: number;
    /** The place of the next value. Nothing if it is unwanted. */
    place: Place | undefined;
    expects_name: boolean;
    /** The role of the current string; NONE outside of strings. */
    role: number;
    /** Whether the piece before ended with a backslash that escapes the next byte of the string. */
    is_escaped: boolean;
    /** Where the current text begins in this piece; below 0 if there is none. */
    text_at: number;
    /** The part of the text that was in the pieces before. */
    partial: string | undefined;
    /** The number of values at the top level that have begun. */
    values: number;
    /** Whether a closing bracket had no opening one. */
    is_broken: boolean;
    /** The number of content values so far, and the place of the last one in the bytes of this call, to compare events. */
    contents: number;
    content_at: number;
    content_end: number;
}
