/**
 * Has a request for a stream ask for its usage event too, in the words of OpenAI's API: `stream_options.include_usage`. What
 * is needed is put into the text, and every other byte stays as the client has written it.
 */
import * as ffi from "ffi";
import type { Place, Receiver } from "../core/text/json/scanner";
import * as scanners from "../core/text/json/scanner";

/** What is to become of a request: its new text; the client asks itself; it is no such request; it cannot be changed safely. */
export type Change =
    LuaMultiReturn<[what: "set", text: string]> | LuaMultiReturn<[what: "asked" | "other" | "left", text?: undefined]>;

interface Finding extends Receiver {
    /** Where the brackets of the request and of its options stand, counted from 0. */
    root_at?: number;
    options_at?: number;
    /** How often each has come: with two of a kind nobody knows which one counts. */
    streams: number;
    options: number;
    includes: number;
    is_streaming: boolean;
    /** The options, and the wish within, when they are no objects: the word, and where it stands. */
    options_word?: string;
    include_word?: string;
    word_at: number;
    word_end: number;
    is_continuous: boolean;
    is_odd: boolean;
}

const OBJECT = 123;
const ADDED = '"stream_options":{"include_usage":true},';

function fields(of: Record<string, Place>): Place["fields"] {
    const table = new LuaMap<string, Place>();
    for (const [name, place] of pairs(of)) table.set(name, place);
    return table;
}

const ROOT: Place = {
    watched: "root",
    fields: fields({
        stream: { name: "stream", watched: "odd" },
        // What a model is to answer: at least one of them.
        messages: { is_content: true },
        prompt: { is_content: true },
        stream_options: {
            name: "options",
            watched: "options",
            fields: fields({
                include_usage: { name: "include", watched: "odd" },
                continuous_usage_stats: { name: "continuous", watched: "odd" },
            })!,
        },
    })!,
};

function value(this: Finding, name: string, text: string, is_text: boolean, begin: number, end: number): void {
    if (is_text) this.is_odd = true;
    if (name === "stream") {
        this.streams += 1;
        this.is_streaming = text === "true";
    } else if (name === "options") {
        this.options += 1;
        this.options_word = text;
    } else if (name === "include") {
        this.includes += 1;
        this.include_word = text;
    } else {
        this.is_continuous = true;
    }
    if (name === "options" || name === "include") {
        this.word_at = begin;
        this.word_end = end;
    }
}

function begins(this: Finding, name: string, at: number): void {
    if (name === "root") {
        this.root_at = at;
    } else if (name === "options") {
        this.options += 1;
        this.options_at = at;
    } else {
        this.is_odd = true;
    }
}

function ends(this: Finding): void {
    return;
}

const metatable = { __index: { value, begins, ends } };

/** Puts `added` in place of the bytes from `begin` to before `end`, counted from 0. */
function with_text(text: string, begin: number, end: number, added: string): string {
    return string.sub(text, 1, begin) + added + string.sub(text, end + 1);
}

/** The same in place of a word, which has blanks around it at most. */
function with_word(text: string, finding: Finding, word: string, added: string): Change {
    const [begin, end] = string.find(text, word, finding.word_at + 1, true);
    if (begin === undefined || end! > finding.word_end) return $multi("left");
    return $multi("set", with_text(text, begin - 1, end!, added));
}

/** Whether the object at `at` has fields. */
function has_fields(text: string, at: number): boolean {
    const [next] = string.find(text, "%S", at + 2);
    return next !== undefined && string.sub(text, next, next) !== "}";
}

function changed(text: string, finding: Finding): Change {
    const { options_at, options_word, include_word } = finding;
    if (include_word === "true" && options_word === undefined) return $multi("asked");
    // Without the wish, vLLM's is none either; with it, each event would have numbers that the client did not ask for.
    if (finding.is_continuous) return $multi("left");
    if (finding.options === 0) return $multi("set", with_text(text, finding.root_at! + 1, finding.root_at! + 1, ADDED));
    if (options_at === undefined) {
        if (options_word !== "null") return $multi("left");
        return with_word(text, finding, "null", '{"include_usage":true}');
    }
    if (include_word === undefined) {
        const added = has_fields(text, options_at) ? '"include_usage":true,' : '"include_usage":true';
        return $multi("set", with_text(text, options_at + 1, options_at + 1, added));
    }
    if (include_word !== "false" && include_word !== "null") return $multi("left");
    return with_word(text, finding, include_word, "true");
}

/**
 * What a request of that text asks for, and its text when it asks for usage as well: "set". "other" is one that makes no
 * stream of a model, "left" one that is not understood without a doubt. Phases: any. Takes about a millisecond for each MB.
 */
export function change(text: string): Change {
    const made = {
        streams: 0,
        options: 0,
        includes: 0,
        is_streaming: false,
        word_at: 0,
        word_end: 0,
        is_continuous: false,
        is_odd: false,
    };
    const finding: Finding = setmetatable(made, metatable);
    const scanner = scanners.new(ROOT, finding);
    const memory = ffi.cast("const uint8_t *", text);
    scanners.feed(scanner, memory, 0, text.length);
    if (!finding.is_streaming && finding.streams < 2) return $multi("other");
    const root_at = finding.root_at;
    if (!scanners.is_whole(scanner) || scanner.values !== 1 || root_at === undefined) return $multi("left");
    if (memory.get(root_at) !== OBJECT || finding.streams !== 1) return $multi("left");
    if (finding.options_at !== undefined && memory.get(finding.options_at) !== OBJECT) return $multi("left");
    if (scanner.contents === 0) return $multi("other");
    if (finding.is_odd || finding.options > 1 || finding.includes > 1) return $multi("left");
    return changed(text, finding);
}
