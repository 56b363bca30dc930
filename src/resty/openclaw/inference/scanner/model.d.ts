/** What the parts of the scanner have in common. */

/** A place in the JSON that is wanted: what is at it, or what is below it. */
export interface Place {
    /** The places of an object's fields, by name. */
    readonly fields?: LuaMap<string, Place>;
    /** The place of each entry of an array. */
    readonly entries?: Place;
    /** The receiver is given the value, under this name: a text, or what stands for a number, true, false or null. */
    readonly name?: string;
    /** Any of this is content: a text that is not empty, or an object or array. */
    readonly is_content?: boolean;
    /** The receiver is told when an object or array here begins or ends, under this name. */
    readonly watched?: string;
}

/** What is given the wanted values. */
export interface Receiver {
    /** A value; `is_text`: it stood in quotes. `begin` and `end`: where it stands in the bytes of this call of `feed`. */
    value(name: string, value: string, is_text: boolean, begin: number, end: number): void;
    /** An object or array begins; `at`: where its bracket stands. */
    begins(name: string, at: number): void;
    /** It ends. */
    ends(name: string): void;
}

export interface Scanner {
    readonly root: Place;
    readonly receiver: Receiver;
    /** The object or array at hand, whether it is an array, and those around it. Nothing outside of all. */
    top: Place | undefined;
    is_array: boolean;
    readonly tops: (Place | undefined)[];
    readonly kinds: boolean[];
    depth: number;
    /** How deep in an object or array that nobody wants; 0 when in none. */
    skipped: number;
    /** Where the next value is. Nothing when nobody wants it. */
    place: Place | undefined;
    expects_name: boolean;
    /** What the string at hand is; NONE outside of strings. */
    role: number;
    /** The next byte of the string has a backslash before it, at the end of the piece before. */
    is_escaped: boolean;
    /** Where the text at hand begins in this piece; below 0: there is none. */
    text_at: number;
    /** What of it was in the pieces before. */
    partial: string | undefined;
    /** How many values have begun outside of all others. */
    values: number;
    /** An end came that belongs to no beginning. */
    is_broken: boolean;
    /** How many pieces of content have come, and where the last one stands in the bytes of this call: to compare events. */
    contents: number;
    content_at: number;
    content_end: number;
}
