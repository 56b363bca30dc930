/** Maps the finish reasons of all APIs to those of OpenAI's Chat Completions. Pure Lua. */

/** Finish reasons of Anthropic, Ollama, Text Generation Inference, Gemini, llama.cpp, Cohere and the Responses API. */
const REASONS: Record<string, string> = {
    end_turn: "stop",
    stop_sequence: "stop",
    eos_token: "stop",
    eos: "stop",
    word: "stop",
    complete: "stop",
    completed: "stop",
    max_tokens: "length",
    max_output_tokens: "length",
    limit: "length",
    model_length: "length",
    model_context_window_exceeded: "length",
    tool_use: "tool_calls",
    tool_call: "tool_calls",
    function_call: "tool_calls",
    refusal: "content_filter",
    safety: "content_filter",
    recitation: "content_filter",
    blocklist: "content_filter",
    prohibited_content: "content_filter",
    spii: "content_filter",
    image_safety: "content_filter",
    error_toxic: "content_filter",
    malformed_function_call: "error",
    failed: "error",
    abort: "cancelled",
};

/** Statuses of the Responses API with which a response has ended. */
const FINAL_STATUSES: Record<string, boolean> = { completed: true, incomplete: true, failed: true, cancelled: true };

/** The reason of OpenAI for that of any server; an unknown one in lower case. Nothing for an empty one. Phases: any. */
export function usual(reason: string): string | undefined {
    if (reason === "") return undefined;
    const lower = string.lower(reason);
    return REASONS[lower] ?? lower;
}

/** The reason of a status of the Responses API; nothing while it is at work. Phases: any. */
export function of_status(status: string | undefined, incomplete_reason: string | undefined): string | undefined {
    if (status === undefined || FINAL_STATUSES[status] !== true) return undefined;
    if (status === "incomplete" && incomplete_reason !== undefined) return usual(incomplete_reason);
    return usual(status);
}
