/** What the events of a stream say of its end: by their types, and by what their JSON has at known places. Pure Lua. */
import type { Place, Receiver } from "../../core/text/json/scanner";

export interface Findings extends Receiver {
    /** Whether an event has said that the answer is none, or not all of it. */
    is_failed: boolean;
    /** Whether the current event says by its type that it is the last. */
    says_end: boolean;
}

/** Types of events after which nothing comes: of Anthropic, and of OpenAI's Responses API. */
const LAST_TYPES: Readonly<Record<string, true | undefined>> = { message_stop: true, "response.completed": true };
/** Types of events that say that the answer is none, or not all of it. */
const FAILED_TYPES: Readonly<Record<string, true | undefined>> = {
    error: true,
    "response.failed": true,
    "response.incomplete": true,
    "response.cancelled": true,
};
/** Finish reasons of choices, and kinds of events, that say the same: of OpenRouter, vLLM and SGLang. */
const FAILED_OUTCOMES: Readonly<Record<string, true | undefined>> = { error: true, abort: true, cancelled: true };

function object(fields: Record<string, Place>): Place {
    const table = new LuaMap<string, Place>();
    for (const [name, place] of pairs(fields)) table.set(name, place);
    return { fields: table };
}

/** An event, with its type under a name: what may say that the answer failed, and what most events differ in. */
function event(type_name: string): LuaMap<string, Place> {
    const error: Place = { name: "error", watched: "error" };
    const outcome: Place = { name: "outcome" };
    const content: Place = { is_content: true };
    const delta = object({
        content,
        reasoning_content: content,
        text: content,
        thinking: content,
        partial_json: content,
    });
    const choice = object({ error, finish_reason: outcome, delta, text: content });
    // The object "error" is one of vLLM's.
    return object({ type: { name: type_name }, error, object: outcome, choices: { entries: choice }, delta }).fields!;
}

/** The data of an event. A list of events may say that one of them failed; that it is the last one nobody says so. */
export const ROOT: Place = { fields: event("type"), entries: { fields: event("entry_type") } };

/** Takes the type of an event. Phases: any. */
export function take_type(findings: Findings, text: string): void {
    if (FAILED_TYPES[text] === true) findings.is_failed = true;
    else if (LAST_TYPES[text] === true) findings.says_end = true;
}

function is_nothing(text: string, is_text: boolean): boolean {
    return is_text ? text === "" : text === "null" || text === "false";
}

function value(this: Findings, name: string, text: string, is_text: boolean): void {
    if (name === "error") {
        if (!is_nothing(text, is_text)) this.is_failed = true;
    } else if (name === "type") {
        take_type(this, text);
    } else if (name === "entry_type") {
        if (FAILED_TYPES[text] === true) this.is_failed = true;
    } else if (FAILED_OUTCOMES[text] === true) {
        this.is_failed = true;
    }
}

/** An error that is an object or a list. */
function begins(this: Findings): void {
    this.is_failed = true;
}

function ends(this: Findings): void {
    return;
}

const metatable = { __index: { value, begins, ends } };

/** Of a stream of which nothing has come yet. Phases: any. */
function create(): Findings {
    const made = { is_failed: false, says_end: false };
    return setmetatable(made, metatable);
}
export { create as new };
