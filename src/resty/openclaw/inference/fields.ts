/**
 * What an answer says of itself, in the words of OpenAI's API: Chat Completions, Completions, Embeddings, Responses. All
 * of it comes from outside: any field may be missing, or be of any type. Pure Lua.
 */
import * as cjson from "cjson.safe";
import * as utf8 from "../utf8";

/** What is known of an answer so far. */
export interface Fields {
    model?: string | undefined;
    prompt_tokens?: number | undefined;
    completion_tokens?: number | undefined;
    finish_reason?: string | undefined;
    /** That of a choice other than the first. */
    other_finish_reason?: string | undefined;
}

type Decoded = LuaTable<string | number, unknown>;

const DEEPEST = 64;
/** No answer has as many tokens: what says so is wrong. */
const MOST_TOKENS = 1e9;
/** What a name is cut to, as a label is. */
const NAME_BYTES = 128;

/** Of the Responses API: how an answer has ended, and the same in the words of the others. */
const FINAL_STATUSES: Record<string, string> = {
    completed: "stop",
    incomplete: "incomplete",
    failed: "failed",
    cancelled: "cancelled",
};
const INCOMPLETE_REASONS: Record<string, string> = { max_output_tokens: "length", content_filter: "content_filter" };

/** The fields of a delta whose text the model has made. */
const DELTA_TEXTS = ["content", "reasoning_content", "reasoning", "refusal"];
const DELTA_TABLES = ["tool_calls", "function_call", "audio"];

const decoder = cjson.new();
decoder.decode_max_depth(DEEPEST);
decoder.decode_invalid_numbers(false);

/** The value of a JSON text; nothing and why when it is none, or nested over 64 deep. */
export function decode(text: string): LuaMultiReturn<[value?: unknown, err?: string]> {
    return decoder.decode(text);
}

function table_of(value: unknown): Decoded | undefined {
    return type(value) === "table" ? (value as Decoded) : undefined;
}

function name_of(value: unknown): string | undefined {
    if (typeof value !== "string" || value === "") return undefined;
    // A little more than the limit first, so that a long name costs no more than a short one.
    const clean = utf8.clean(string.sub(value, 1, NAME_BYTES + 4));
    const name = utf8.cut(clean, NAME_BYTES);
    return name;
}

/** A number of tokens: whole and not negative. */
function count_of(value: unknown): number | undefined {
    if (typeof value !== "number" || !(value >= 0 && value <= MOST_TOKENS) || value % 1 !== 0) return undefined;
    return value;
}

/** Takes the token counts of a `usage`, if it has any. What is known already stays. */
function read_usage(fields: Fields, usage: Decoded): void {
    if (fields.prompt_tokens !== undefined || fields.completion_tokens !== undefined) return;
    fields.prompt_tokens = count_of(usage.get("prompt_tokens")) ?? count_of(usage.get("input_tokens"));
    fields.completion_tokens = count_of(usage.get("completion_tokens")) ?? count_of(usage.get("output_tokens"));
}

/** The first entry of `choices`; with `stream` that may be any of the choices. */
function read_choice(fields: Fields, choice: Decoded): void {
    const reason = name_of(choice.get("finish_reason"));
    if (reason === undefined) return;
    const index = choice.get("index");
    if (typeof index === "number" && index !== 0) fields.other_finish_reason = fields.other_finish_reason ?? reason;
    else fields.finish_reason = fields.finish_reason ?? reason;
}

/** A response of the Responses API has a status; one that is still at work says nothing. */
function read_status(fields: Fields, response: Decoded): void {
    const status = response.get("status");
    if (response.get("object") !== "response" || typeof status !== "string") return;
    const details = table_of(response.get("incomplete_details"));
    const reason = details === undefined ? undefined : name_of(details.get("reason"));
    const known = reason === undefined ? undefined : (INCOMPLETE_REASONS[reason] ?? reason);
    fields.finish_reason = fields.finish_reason ?? known ?? FINAL_STATUSES[status];
}

/** What the fields are in: the value itself, or a response that an event brings. */
function document_of(value: unknown): Decoded | undefined {
    const outer = table_of(value);
    if (outer === undefined) return undefined;
    return table_of(outer.get("response")) ?? outer;
}

function read_name(fields: Fields, document: Decoded): void {
    fields.model = fields.model ?? name_of(document.get("model"));
}

/** Takes the model only: counts at the beginning of a stream are not yet those of its end. Never raises. */
export function read_model(fields: Fields, value: unknown): void {
    const document = document_of(value);
    if (document !== undefined) read_name(fields, document);
}

/** Takes what a whole answer, or one event of a stream, says. What is known already stays. Never raises. */
export function read(fields: Fields, value: unknown): void {
    const document = document_of(value);
    if (document === undefined) return;
    read_name(fields, document);
    const usage = table_of(document.get("usage"));
    if (usage !== undefined) read_usage(fields, usage);
    const choices = table_of(document.get("choices"));
    const choice = choices === undefined ? undefined : table_of(choices.get(1));
    if (choice !== undefined) read_choice(fields, choice);
    read_status(fields, document);
}

function is_text(value: unknown): boolean {
    return typeof value === "string" && value !== "";
}

function delta_has_content(delta: Decoded): boolean {
    for (const name of DELTA_TEXTS) {
        if (is_text(delta.get(name))) return true;
    }
    for (const name of DELTA_TABLES) {
        const part = table_of(delta.get(name));
        if (part !== undefined && next(part)[0] !== undefined) return true;
    }
    return false;
}

/** Whether an event of a stream brings something that the model has made: text, or a part of a call. Never raises. */
export function has_content(value: unknown): boolean {
    const event = table_of(value);
    if (event === undefined) return false;
    if (is_text(event.get("delta"))) return true;
    const choices = table_of(event.get("choices"));
    const choice = choices === undefined ? undefined : table_of(choices.get(1));
    if (choice === undefined) return false;
    const delta = table_of(choice.get("delta"));
    return is_text(choice.get("text")) || (delta !== undefined && delta_has_content(delta));
}
