/**
 * Reads model, tokens, finish reason and speed from responses of inference servers as they pass. It never changes or delays responses;
 * only with `include_usage` it requests usage events from nodes, and removes those that clients have not requested.
 */
import * as kind from "./config/kinds";
import { refuse } from "./config/problems";
import type { Values } from "./config/schema";
import { computed, option } from "./config/schema";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import * as guard from "./core/metrics/guard";
import type { Registry } from "./core/metrics/metric_registry";
import * as metric_registry from "./core/metrics/metric_registry";
import * as request from "./core/request/request";
import * as request_state from "./core/request/request_state";
import * as chunk from "./core/request/response_chunk";
import type { Context } from "./gateway/contract";
import * as contract from "./gateway/contract";
import type { Document } from "./inference/document";
import type { Fields } from "./inference/fields";
import type { Families } from "./inference/figures";
import * as figures from "./inference/figures";
import type { Inflation } from "./inference/inflation";
import * as inflations from "./inference/inflation";
import type { Reason } from "./inference/kinds";
import * as kinds from "./inference/kinds";
import type { Stream } from "./inference/stream";
import type { Usage } from "./inference/usage";
import * as usages from "./inference/usage";
import * as variables from "./inference/variables";

/** The state of one response. */
interface Answer {
    /** Nothing when it is not read; then `reason` says why. */
    readonly reader: Document | Stream | undefined;
    readonly reason: Reason | undefined;
    /** Decompresses it, if it is compressed. */
    readonly inflation: Inflation | undefined;
    /** Whether the body filter has seen any part of it. */
    is_seen: boolean;
    /** Whether it is complete. */
    is_whole: boolean;
}

declare module "./core/request/request_state" {
    interface RequestState {
        /** Its response, if a node has made it. */
        inference_answer?: Answer | undefined;
    }
}

export interface Inference {
    readonly families: Families;
    readonly faults: Faults;
    /** Requests usage from nodes; nothing without `include_usage`. */
    readonly usage: Usage | undefined;
    /** Requests the usage of a stream from the node; only with `include_usage`. Phases: access; yields. Never raises. */
    admitted?(): void;
    /** The same under the name of nginx's phase, where the plugin is used alone. */
    access?(): void;
    /** Decides whether the response is read. Phases: header_filter. Never raises. */
    header_filter(): void;
    /** Reads the next part of the response. Phases: body_filter. Never raises. */
    body_filter(): void;
    /** Counts what was read, and sets the variables. Phases: log. Never raises. */
    log(route: string): void;
}

const NAME = "inference";
const HTTP_OK = 200;
const USAGE_BODY_BYTES = 1024 * 1024;
/** A body is in memory twice while it is changed. */
const MOST_USAGE_BODY_BYTES = 64 * 1024 * 1024;

const SCHEMA = {
    include_usage: option(
        kind.flag,
        false,
        "whether the gateway asks for the usage of each stream; see [below](#exact-figures-of-streams)",
    ),
    max_body_bytes: computed(
        kind.whole(1, MOST_USAGE_BODY_BYTES),
        `${USAGE_BODY_BYTES}`,
        "maximum size of a request body that is changed; only with `include_usage`",
    ),
    dict: option(kind.text, "openclaw", "the `lua_shared_dict` of the metrics"),
};

/** Readers read so much at a time. */
const PIECE_BYTES = 16 * 1024;

function admitted(this: Inference): void {
    usages.ask(this.usage!);
}

function header_filter(this: Inference): void {
    if (this.usage !== undefined) usages.begin();
    if (request.status() !== HTTP_OK || !kinds.is_made_now()) return;
    const [reader, more] = kinds.reader_of();
    const answer: Answer =
        reader === undefined
            ? { reader: undefined, reason: more, inflation: undefined, is_seen: false, is_whole: false }
            : { reader, reason: undefined, inflation: more, is_seen: false, is_whole: false };
    request_state.open().inference_answer = answer;
}

function give(answer: Answer, memory: Bytes, bytes: number): void {
    const inflation = answer.inflation;
    if (inflation === undefined) answer.reader!.feed(memory, bytes);
    else inflations.feed(inflation, answer.reader!, memory, bytes);
}

function give_in_pieces(answer: Answer, memory: Bytes, bytes: number): void {
    for (const at of $range(0, bytes - 1, PIECE_BYTES)) {
        give(answer, pointer_add(memory, at), math.min(PIECE_BYTES, bytes - at));
    }
}

function take(this: void, answer: Answer): void {
    if (!chunk.is_here()) return;
    answer.is_seen = true;
    const [memory, bytes] = chunk.look();
    if (memory !== undefined) {
        if (bytes <= PIECE_BYTES) give(answer, memory, bytes);
        else give_in_pieces(answer, memory, bytes);
    }
    if (chunk.is_last()) answer.is_whole = true;
}

function body_filter(this: Inference): void {
    const state = request_state.present();
    const answer = state?.inference_answer;
    if (answer?.reader !== undefined) {
        // An error raised here would end the response.
        const [ok] = guard.call(this.faults, "unread_answer", take, answer);
        if (!ok) state!.inference_answer = undefined;
    }
    // After it was read, as this may change it.
    if (this.usage !== undefined) usages.pass(this.usage);
}

/** Tokens per second: for a stream the tokens after the first, in the time from the first to the last. */
function rate_of(reader: Document | Stream, fields: Fields): number | undefined {
    const tokens = fields.completion_tokens ?? 0;
    const made = reader.is_stream ? tokens - 1 : tokens;
    if (reader.is_stream && reader.first_token_seconds === undefined) return undefined;
    const seconds = reader.is_stream
        ? reader.last_time - reader.first_time
        : (request.last_seconds("upstream_response_time") ?? 0);
    // nginx's clock counts in milliseconds, and may have been set back.
    return made > 0 && seconds > 0 ? made / seconds : undefined;
}

function settle(this: void, plugin: Inference, answer: Answer, route: string): void {
    const reader = answer.reader;
    if (reader === undefined) {
        plugin.families.unread.labels(route, answer.reason!).inc();
        return;
    }
    if (!answer.is_seen) {
        // Nothing is sent to clients that have closed the connection.
        if (request.whole_number("body_bytes_sent") > 0) {
            plugin.faults.report("no_body_filter", "include nginx/inference.conf in the location of the route ", route);
        }
        return;
    }
    const fields = reader.finish(answer.is_whole);
    const broken = answer.inflation?.problem ?? reader.problem;
    if (broken !== undefined) plugin.faults.report("broken_answer", broken);
    if (fields === undefined) {
        plugin.families.unread.labels(route, "no_figures").inc();
        return;
    }
    const rate = rate_of(reader, fields);
    const first_token_seconds = reader.is_stream ? reader.first_token_seconds : undefined;
    const variant = request.variable("openclaw_variant") ?? "";
    figures.count(plugin.families, route, variant, fields, rate, first_token_seconds);
    variables.show_all(fields, rate, first_token_seconds);
}

function log(this: Inference, route = ""): void {
    if (this.usage !== undefined) usages.settle(this.usage);
    const state = request_state.present();
    const answer = state?.inference_answer;
    if (answer === undefined) return;
    state!.inference_answer = undefined;
    guard.call(this.faults, "uncounted_answer", settle, this, answer, route);
    if (answer.inflation !== undefined) inflations.finish(answer.inflation);
}

const metatable = { __index: { header_filter, body_filter, log } };

function usage_of(options: Values<typeof SCHEMA>, path: string, registry: Registry, faults: Faults): Usage | undefined {
    const { include_usage, max_body_bytes } = options;
    // It would have no effect.
    if (!include_usage && max_body_bytes !== undefined) {
        refuse(`${path}.max_body_bytes`, "left out unless include_usage = true", max_body_bytes);
    }
    return include_usage ? usages.new(registry, faults, max_body_bytes ?? USAGE_BODY_BYTES) : undefined;
}

function create(options: Values<typeof SCHEMA>, { path }: Context): Inference {
    const registry = metric_registry.open(options.dict);
    const faults = fault.new(NAME, registry);
    const usage = usage_of(options, path, registry, faults);
    const fields = { families: figures.new(registry), faults, usage };
    const inference: Inference = setmetatable(fields, metatable);
    // Without it the method is not called on requests.
    if (usage !== undefined) inference.admitted = admitted;
    return inference;
}

const declaration = {
    name: NAME,
    meaning: "[counts tokens](inference.md) of responses; the location needs `inference.conf`",
    order: { admitted: 300, header_filter: 200, body_filter: 100, log: 200 },
    schema: SCHEMA,
    variables: variables.VARIABLES,
    create,
};

export const plugin = contract.define(declaration);

/** The plugin alone, from the options in docs/inference.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): Inference {
    const inference = contract.alone(declaration, options);
    if (inference.usage !== undefined) inference.access = admitted;
    return inference;
}
export { alone as new };
