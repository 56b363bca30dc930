/**
 * How many tokens a request may cost, before a node has seen it: its prompt by the bytes of its body, its answer by the maximum that it
 * names. The names are those of OpenAI's APIs and Anthropic's (`max_tokens` and so on), of Ollama (`num_predict`), Text Generation
 * Inference (`max_new_tokens`) and Gemini (`maxOutputTokens`).
 */
import type { Faults } from "../core/metrics/fault";
import * as request_body from "../core/request/request_body";
import type { Place, Receiver, Scanner } from "../core/text/json/scanner";
import * as scanners from "../core/text/json/scanner";

/** What a request asks for. */
export interface Asked {
    /** Of its body. */
    bytes: number;
    /** The largest maximum of an answer that it names; nothing if it names none. */
    most: number | undefined;
    /** How many answers. */
    choices: number;
}

interface Finding extends Receiver, Asked {}

/** Larger numbers count as this one. */
const MOST = 1e9;
/** More tokens than any budget has, in a number that is written as a whole one. */
const MOST_COST = 1e15;
const PIECE_BYTES = 16 * 1024;

function places(of: Record<string, Place>): LuaMap<string, Place> {
    const table = new LuaMap<string, Place>();
    for (const [name, place] of pairs(of)) table.set(name, place);
    return table;
}

const MAXIMUM: Place = { name: "most" };
const ROOT: Place = {
    fields: places({
        max_tokens: MAXIMUM,
        max_completion_tokens: MAXIMUM,
        max_output_tokens: MAXIMUM,
        n: { name: "choices" },
        options: { fields: places({ num_predict: MAXIMUM }) },
        parameters: { fields: places({ max_new_tokens: MAXIMUM }) },
        generationConfig: { fields: places({ maxOutputTokens: MAXIMUM }) },
    }),
};

/** Numbers in quotes count as well: many servers accept them. */
function value(this: Finding, name: string, text: string): void {
    const number = tonumber(text);
    if (number === undefined || !(number >= 0 && number % 1 === 0)) return;
    const bounded = math.min(MOST, number);
    if (name === "choices") this.choices = math.max(this.choices, bounded);
    else this.most = math.max(this.most ?? 0, bounded);
}

function ignore(this: Finding): void {
    return;
}

const metatable = { __index: { value, begins: ignore, ends: ignore } };

function feed(this: void, scanner: Scanner, bytes: Bytes, count: number): void {
    scanners.feed(scanner, bytes, 0, count);
}

/**
 * What the request at hand asks for. Of a body that cannot be read, which is a fault, what is known of it. Phases: access; yields.
 * Ends the request only where nginx cannot read its body. Never raises.
 */
export function read(faults: Faults): Asked {
    const finding: Finding = setmetatable({ bytes: 0, most: undefined, choices: 1 }, metatable);
    const [body, read_err] = request_body.read();
    if (body === undefined) {
        faults.report("unreadable_body", read_err);
        return finding;
    }
    finding.bytes = body.bytes;
    const [count, err] = request_body.each(body, feed, scanners.new(ROOT, finding), PIECE_BYTES);
    if (count === undefined) faults.report("unreadable_body", err);
    return finding;
}

/** The tokens of the prompt, as they are guessed. Phases: any. */
export function prompt_of(asked: Asked, bytes_per_token: number): number {
    return math.min(MOST_COST, math.ceil(asked.bytes / bytes_per_token));
}

/** The most that the request may cost. `answer_tokens`: for an answer without a maximum. Phases: any. */
export function cost_of(asked: Asked, answer_tokens: number, bytes_per_token: number): number {
    const answers = (asked.most ?? answer_tokens) * asked.choices;
    return math.min(MOST_COST, prompt_of(asked, bytes_per_token) + answers);
}
