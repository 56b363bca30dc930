/**
 * Collects the values of a response, and computes its metrics. All values come from outside: any may be missing, or have any type. Pure
 * Lua.
 */
import type { Receiver } from "../core/text/json/scanner";
import * as utf8 from "../core/text/utf8";
import * as finish_reason from "./finish_reason";

/** The metrics of a response. */
export interface Fields {
    model?: string | undefined;
    prompt_tokens?: number | undefined;
    /** Prompt tokens that the server had in its cache. */
    cached_tokens?: number | undefined;
    completion_tokens?: number | undefined;
    /** Completion tokens that were spent on reasoning. */
    reasoning_tokens?: number | undefined;
    /** Seconds of transcribed audio. */
    audio_seconds?: number | undefined;
    finish_reason?: string | undefined;
    /** Whether the completion tokens come from the server, or are an estimate by the number of events. */
    source?: "usage" | "estimate" | undefined;
}

/** The values of a response so far. */
export interface Reading extends Receiver {
    /** The last numbers and the last strings, by name. */
    readonly counts: Record<string, number | undefined>;
    readonly texts: Record<string, string | undefined>;
    model?: string | undefined;
    has_error: boolean;
    /** Whether the server has marked the end. */
    is_over: boolean;
    /** Whether it has ended normally. */
    has_stopped: boolean;
    /** The current choice: its index, and its finish reason. */
    position: number;
    first_finish?: string | undefined;
    other_finish?: string | undefined;
}

/** Larger numbers of tokens or seconds are considered wrong. */
const MOST = 1e9;
/** What a name is cut to, as a label is. */
const NAME_BYTES = 128;

/** The last events of streams without another end mark. */
const LAST_TYPES: Record<string, boolean> = { message_stop: true, "message-end": true };
const TRANSCRIPT_IS_DONE = "transcript.text.done";

/** Numbers that need not be whole. */
const SECONDS: Record<string, boolean> = { seconds: true, duration: true };

function name_of(text: string): string {
    // A little more than the limit first, so that a long name costs no more than a short one.
    const clean = utf8.clean(string.sub(text, 1, NAME_BYTES + 4));
    const name = utf8.cut(clean, NAME_BYTES);
    return name;
}

function take_text(reading: Reading, name: string, text: string): void {
    if (name === "model") {
        if (reading.model === undefined && text !== "") reading.model = name_of(text);
    } else if (name === "error") {
        if (text !== "") reading.has_error = true;
    } else if (text !== "") {
        reading.texts[name] = text;
        if (name === "type") {
            if (LAST_TYPES[text] === true) reading.is_over = true;
            else if (text === TRANSCRIPT_IS_DONE) reading.has_stopped = true;
            else if (text === "error") reading.has_error = true;
        }
    }
}

function take_literal(reading: Reading, name: string, literal: string): void {
    const number = tonumber(literal);
    if (number !== undefined) {
        if (number >= 0 && number <= MOST && (number % 1 === 0 || SECONDS[name] === true)) {
            reading.counts[name] = number;
        }
    } else if (literal === "true") {
        if (name === "done" || name === "stop") reading.has_stopped = true;
    } else if (name === "done_word" && literal === "DONE") {
        reading.is_over = true;
    }
}

function value(this: Reading, name: string, text: string, is_text: boolean): void {
    if (is_text) take_text(this, name, text);
    else take_literal(this, name, text);
}

function begins(this: Reading, name: string): void {
    if (name === "choices") {
        this.position = -1;
    } else if (name === "choice") {
        this.position += 1;
        this.texts.choice_finish = undefined;
        this.counts.index = undefined;
    } else if (name === "error") {
        this.has_error = true;
    }
}

function ends(this: Reading, name: string): void {
    if (name !== "choice") return;
    const reason = this.texts.choice_finish;
    if (reason === undefined) return;
    const index = this.counts.index ?? this.position;
    if (index === 0) this.first_finish = reason;
    else this.other_finish = reason;
}

/** The finish reason; nothing where there is none. */
function reason_of(reading: Reading): string | undefined {
    const texts = reading.texts;
    if (reading.has_error || texts.object === "error") return "error";
    const said = reading.first_finish ?? texts.finish ?? reading.other_finish;
    if (said !== undefined) return finish_reason.usual(name_of(said));
    const status = texts.response_status ?? (texts.object === "response" ? texts.status : undefined);
    const of_status = finish_reason.of_status(status, texts.incomplete_reason);
    if (of_status !== undefined) return name_of(of_status);
    // llama.cpp's own words; Ollama's, of versions that give no reason.
    if (texts.stop_type !== undefined && texts.stop_type !== "none")
        return finish_reason.usual(name_of(texts.stop_type));
    return reading.has_stopped ? "stop" : undefined;
}

function sum(first: number | undefined, second: number | undefined): number | undefined {
    if (first === undefined) return second;
    return first + (second ?? 0);
}

/** The tokens of the prompt, all of them. */
function prompt_of(counts: Record<string, number | undefined>): number | undefined {
    const timed = sum(counts.timed_prompt, counts.timed_cached);
    const rest = counts.completion === undefined ? (counts.total ?? counts.billed) : undefined;
    const plain = counts.prompt ?? timed ?? rest;
    const cached = sum(counts.cache_read, counts.cache_written);
    return sum(sum(plain, cached), plain === undefined ? undefined : counts.tool_prompt);
}

function completion_of(counts: Record<string, number | undefined>): number | undefined {
    return sum(counts.completion, counts.thoughts) ?? counts.timed_completion;
}

/** Takes the answer's own tokens, or those that were counted. A server's count of a stream that broke off may be an old one. */
function set_completion(fields: Fields, said: number | undefined, contents: number, is_finished: boolean): void {
    const is_estimate = contents > 0 && (said === undefined || (!is_finished && contents > said));
    if (is_estimate) fields.completion_tokens = contents;
    // What was asked, and nothing made of it: an embedding, a ranking.
    else fields.completion_tokens = said ?? (fields.prompt_tokens === undefined ? undefined : 0);
    if (fields.completion_tokens !== undefined) fields.source = is_estimate ? "estimate" : "usage";
}

/**
 * The metrics of a response that has ended. Nothing where it has no known values. Phases: any.
 * @param contents number of events with content
 * @param is_whole whether the HTTP response is complete
 * @param is_stream whether it is a stream of events
 */
export function figures_of(
    reading: Reading,
    contents: number,
    is_whole: boolean,
    is_stream: boolean,
): Fields | undefined {
    const { counts, texts } = reading;
    const reason = reason_of(reading);
    const is_finished = reading.is_over || reason !== undefined;
    const fields: Fields = {
        model: reading.model,
        prompt_tokens: prompt_of(counts),
        cached_tokens: counts.cached ?? counts.cache_read ?? counts.timed_cached,
        reasoning_tokens: counts.reasoning ?? counts.thoughts,
        audio_seconds: counts.seconds ?? (texts.task === undefined ? undefined : counts.duration),
    };
    set_completion(fields, completion_of(counts), contents, is_finished);
    const is_known =
        fields.completion_tokens !== undefined || fields.audio_seconds !== undefined || reason !== undefined;
    if (reason !== undefined) fields.finish_reason = reason;
    else if (reading.is_over) fields.finish_reason = "none";
    else if (!is_whole || (is_stream && (contents > 0 || reading.model !== undefined)))
        fields.finish_reason = "aborted";
    else if (is_known) fields.finish_reason = "none";
    return fields.finish_reason === undefined ? undefined : fields;
}

const metatable = { __index: { value, begins, ends } };

/** Nothing known yet. Phases: any. */
function create(): Reading {
    const made = { counts: {}, texts: {}, has_error: false, is_over: false, has_stopped: false, position: -1 };
    return setmetatable(made, metatable);
}
export { create as new };
