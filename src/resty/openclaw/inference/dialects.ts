/**
 * The formats of inference servers' responses: tables of places in their JSON, with the figure that each place contains. Places
 * below a client's own texts (messages, instructions, tools) are not in them, so clients cannot forge figures.
 *
 * Sources: the servers' documentation: OpenAI (Chat Completions, Completions, Embeddings, Responses, audio), Anthropic
 * Messages, Ollama, Text Generation Inference, Gemini, llama.cpp, SGLang, vLLM, Azure, Groq, DeepSeek, Mistral, Cohere.
 */
import type { Place } from "../core/text/json/scanner";

function object(fields: Record<string, Place>): Place {
    const table = new LuaMap<string, Place>();
    for (const [name, place] of pairs(fields)) table.set(name, place);
    return { fields: table };
}

function array(entries: Place): Place {
    return { entries };
}

/** Objects and lists whose beginning and end the receiver gets. */
function watched(name: string, place: Place): Place {
    return { fields: place.fields!, entries: place.entries!, watched: name };
}

function value(name: string): Place {
    return { name };
}

const content: Place = { is_content: true };
/** Parts of content; each of these texts counts as content. */
const content_parts = array(object({ text: content, thinking: array(object({ text: content })) }));
const call = object({ name: content, arguments: content });
const calls = array(object({ function: call, custom: object({ name: content, input: content }) }));

/** An error may be a string or an object. */
const error_of: Place = { name: "error", watched: "error" };

const cached = object({ cached_tokens: value("cached") });
const reasoning = object({ reasoning_tokens: value("reasoning") });
const two = object({ input_tokens: value("prompt"), output_tokens: value("completion") });

const usage = object({
    prompt_tokens: value("prompt"),
    input_tokens: value("prompt"),
    completion_tokens: value("completion"),
    output_tokens: value("completion"),
    total_tokens: value("total"),
    // OpenAI, its Responses API and those that follow them; DeepSeek.
    prompt_tokens_details: cached,
    input_tokens_details: cached,
    prompt_cache_hit_tokens: value("cached"),
    completion_tokens_details: reasoning,
    output_tokens_details: reasoning,
    // Anthropic counts these apart from input_tokens.
    cache_read_input_tokens: value("cache_read"),
    cache_creation_input_tokens: value("cache_written"),
    // Transcription that is billed by time.
    seconds: value("seconds"),
    // Cohere.
    tokens: two,
});

const delta: Place = {
    // The Responses API and transcription: a string.
    is_content: true,
    fields: object({
        // Anthropic.
        text: content,
        thinking: content,
        partial_json: content,
        stop_reason: value("finish"),
        // Cohere.
        message: object({ content: object({ text: content, thinking: content }), tool_plan: content }),
        finish_reason: value("finish"),
        usage,
    }).fields!,
};

const chat_delta = object({
    content: { is_content: true, entries: content_parts.entries! },
    reasoning_content: content,
    reasoning: content,
    refusal: content,
    tool_calls: calls,
    function_call: call,
    audio: object({ data: content, transcript: content }),
});

const choice = watched(
    "choice",
    object({ index: value("index"), finish_reason: value("choice_finish"), text: content, delta: chat_delta }),
);

const candidate = watched(
    "choice",
    object({
        index: value("index"),
        finishReason: value("choice_finish"),
        content: object({ parts: array(object({ text: content, functionCall: content, inlineData: content })) }),
    }),
);

const response: Place = {
    // Ollama: a string.
    is_content: true,
    fields: object({
        model: value("model"),
        status: value("response_status"),
        incomplete_details: object({ reason: value("incomplete_reason") }),
        error: error_of,
        usage,
    }).fields!,
};

const message = object({
    // Anthropic's first event.
    model: value("model"),
    usage,
    // Ollama.
    content,
    thinking: content,
    tool_calls: array({ is_content: true }),
});

const answer: Record<string, Place> = {
    object: value("object"),
    type: value("type"),
    model: value("model"),
    error: error_of,
    usage,
    choices: watched("choices", array(choice)),
    delta,
    response,
    message,
    // The Responses API without streaming.
    status: value("status"),
    incomplete_details: object({ reason: value("incomplete_reason") }),
    // Anthropic without streaming; Cohere.
    stop_reason: value("finish"),
    finish_reason: value("finish"),
    meta: object({ tokens: two, billed_units: object({ input_tokens: value("billed") }) }),
    // Ollama.
    done: value("done"),
    done_reason: value("finish"),
    prompt_eval_count: value("prompt"),
    eval_count: value("completion"),
    // Text Generation Inference.
    token: object({ text: content }),
    details: object({
        finish_reason: value("finish"),
        generated_tokens: value("completion"),
        input_length: value("prompt"),
    }),
    // Gemini.
    modelVersion: value("model"),
    candidates: watched("choices", array(candidate)),
    promptFeedback: object({ blockReason: value("finish") }),
    usageMetadata: object({
        promptTokenCount: value("prompt"),
        toolUsePromptTokenCount: value("tool_prompt"),
        cachedContentTokenCount: value("cached"),
        candidatesTokenCount: value("completion"),
        thoughtsTokenCount: value("thoughts"),
    }),
    // llama.cpp.
    content,
    stop: value("stop"),
    stop_type: value("stop_type"),
    tokens_evaluated: value("prompt"),
    tokens_predicted: value("completion"),
    timings: object({
        prompt_n: value("timed_prompt"),
        cache_n: value("timed_cached"),
        predicted_n: value("timed_completion"),
    }),
    // Groq.
    x_groq: object({ usage, error: error_of }),
    // SGLang.
    meta_info: object({
        prompt_tokens: value("prompt"),
        cached_tokens: value("cached"),
        completion_tokens: value("completion"),
        finish_reason: object({ type: value("finish") }),
    }),
    // Transcription: the duration of the audio.
    task: value("task"),
    duration: value("duration"),
};

const fields = object(answer).fields!;

/** A response or an event of a stream; or a list of these, as in Gemini's streams. "[DONE]" is read as a list with a word in it. */
export const ROOT: Place = { fields, entries: { fields, name: "done_word" } };
