/**
 * Reads what answers in the words of OpenAI's API say of themselves as they pass: model, tokens, why they ended, how
 * fast they came. It looks at answers, and never changes, delays or withholds them.
 *
 * What it knows of a request stands in a table of the worker, by request, made only for answers that are read.
 */
import * as fault from "./fault";
import type { Faults } from "./fault";
import * as chunk from "./inference/chunk";
import * as documents from "./inference/document";
import type { Document } from "./inference/document";
import type { Fields } from "./inference/fields";
import * as figures from "./inference/figures";
import type { Families } from "./inference/figures";
import * as streams from "./inference/stream";
import type { Stream } from "./inference/stream";
import * as metric_registry from "./metric_registry";
import * as options_reader from "./options";
import type { Options } from "./options";
import * as request from "./request";
import * as texts from "./text";

/** An answer on its way. */
interface Answer {
    readonly reader: Document | Stream;
    /** Whether any part of it has come by. */
    is_seen: boolean;
    /** Whether its end has come. */
    is_whole: boolean;
}

export interface Inference {
    readonly max_bytes: number;
    readonly answers: LuaTable<number, Answer>;
    readonly families: Families;
    readonly faults: Faults;
    /** Decides whether the answer is to be read. Phases: header_filter. Never raises. */
    header_filter(): void;
    /** Reads the part of the answer that passes. Phases: body_filter. Never raises. */
    body_filter(): void;
    /** Counts what was read, and sets the variables. Phases: log. Never raises. */
    log(route: string): void;
}

const OWNER = "inference";
const HTTP_OK = 200;
const JSON = "application/json";
const EVENT_STREAM = "text/event-stream";
/** Readers take so much at once. */
const PIECE_BYTES = 16 * 1024;

/** What `$upstream_cache_status` says when a node has made the answer, now and for this request. */
const FROM_A_NODE: Record<string, boolean> = { MISS: true, BYPASS: true, EXPIRED: true };

/** The media type without its parameters, in small letters. */
function media_type(): string {
    const value = request.variable("sent_http_content_type") ?? "";
    const [semicolon] = string.find(value, ";", 1, true);
    if (semicolon === undefined) return string.lower(value);
    return string.lower(texts.trim(string.sub(value, 1, semicolon - 1)));
}

/** Whether a node has made the answer for this very request, and its bytes can be read. */
function is_readable(): boolean {
    if (request.is_subrequest()) return false;
    if (request.variable("sent_http_content_encoding") !== undefined) return false;
    const cache = request.variable("upstream_cache_status");
    return cache === undefined || FROM_A_NODE[cache] === true;
}

function new_reader(plugin: Inference): Document | Stream | undefined {
    const kind = media_type();
    if (kind !== JSON && kind !== EVENT_STREAM) return undefined;
    if (!is_readable()) return undefined;
    return kind === JSON ? documents.new(plugin.max_bytes) : streams.new();
}

function header_filter(this: Inference): void {
    const key = request.key();
    // What an earlier request has left that had no log hook.
    if (this.answers.has(key)) this.answers.delete(key);
    if (request.status() !== HTTP_OK) return;
    const reader = new_reader(this);
    if (reader !== undefined) this.answers.set(key, { reader, is_seen: false, is_whole: false });
}

function feed_in_pieces(reader: Document | Stream, memory: Bytes, bytes: number): void {
    for (const at of $range(0, bytes - 1, PIECE_BYTES)) {
        reader.feed(pointer_add(memory, at), math.min(PIECE_BYTES, bytes - at));
    }
}

function take(this: void, answer: Answer): void {
    if (!chunk.is_here()) return;
    answer.is_seen = true;
    const [memory, bytes] = chunk.look();
    if (memory !== undefined) {
        if (bytes <= PIECE_BYTES) answer.reader.feed(memory, bytes);
        else feed_in_pieces(answer.reader, memory, bytes);
    }
    if (chunk.is_last()) answer.is_whole = true;
}

function body_filter(this: Inference): void {
    const key = request.key();
    const answer = this.answers.get(key) as Answer | undefined;
    if (answer === undefined) return;
    // What is raised here would end the answer.
    const [ok, err] = pcall(take, answer);
    if (!ok) {
        this.answers.delete(key);
        this.faults.report("unread_answer", err);
    }
}

/** Tokens a second: of a stream those after the first, in the time they took to come. */
function rate_of(reader: Document | Stream): number | undefined {
    const tokens = reader.fields.completion_tokens ?? 0;
    const made = reader.is_stream ? tokens - 1 : tokens;
    if (reader.is_stream && reader.first_token_seconds === undefined) return undefined;
    const seconds = reader.is_stream
        ? reader.last_time - reader.first_time
        : (request.last_seconds("upstream_response_time") ?? 0);
    // nginx's clock has milliseconds, and may have been set back.
    return made > 0 && seconds > 0 ? made / seconds : undefined;
}

/** Sets a variable where nginx.conf has it. */
function show(name: string, format: string, value: string | number | undefined): void {
    if (value !== undefined) request.set_variable(name, string.format(format, value));
}

function show_all(fields: Fields, rate: number | undefined): void {
    show("openclaw_model", "%s", fields.model);
    show("openclaw_prompt_tokens", "%d", fields.prompt_tokens);
    show("openclaw_completion_tokens", "%d", fields.completion_tokens);
    show("openclaw_finish_reason", "%s", fields.finish_reason);
    show("openclaw_tokens_per_second", "%.1f", rate);
}

function settle(this: void, plugin: Inference, answer: Answer, route: string): void {
    const reader = answer.reader;
    if (!answer.is_seen) {
        // Answers to HEAD, and to clients that have left, have no bytes.
        if (request.whole_number("body_bytes_sent") > 0) {
            plugin.faults.report("no_body_filter", "include nginx/inference.conf in the location of the route ", route);
        }
        return;
    }
    reader.finish(answer.is_whole);
    if (reader.problem !== undefined) plugin.faults.report("broken_answer", reader.problem);
    const rate = rate_of(reader);
    const first_token_seconds = reader.is_stream ? reader.first_token_seconds : undefined;
    const variant = request.variable("openclaw_variant") ?? "";
    figures.count(plugin.families, route, variant, reader.fields, rate, first_token_seconds);
    show_all(reader.fields, rate);
}

function log(this: Inference, route = ""): void {
    const key = request.key();
    const answer = this.answers.get(key) as Answer | undefined;
    if (answer === undefined) return;
    this.answers.delete(key);
    const [ok, err] = pcall(settle, this, answer, route);
    if (!ok) this.faults.report("uncounted_answer", err);
}

const metatable = { __index: { header_filter, body_filter, log } };

/**
 * Makes the plugin. Raises when an option is wrong. Phases: init.
 * Options: `max_bytes` (65536), `dict` ("openclaw").
 */
function create(options: Options = {}): Inference {
    options_reader.check(OWNER, options, ["max_bytes", "dict"]);
    const max_bytes = options_reader.whole(OWNER, options, "max_bytes", 4096, 64 * 1024);
    const registry = metric_registry.open(options_reader.text(OWNER, options, "dict", "openclaw"));
    const fields = {
        max_bytes,
        answers: new LuaTable(),
        families: figures.new(registry),
        faults: fault.new(OWNER, registry),
    };
    return setmetatable(fields, metatable) as unknown as Inference;
}
export { create as new };
