local ____exports = {}
local string_lower = string.lower
--- Finish reasons of Anthropic, Ollama, Text Generation Inference, Gemini, llama.cpp, Cohere and the Responses API.
local REASONS = {
    end_turn = "stop",
    stop_sequence = "stop",
    eos_token = "stop",
    eos = "stop",
    word = "stop",
    complete = "stop",
    completed = "stop",
    max_tokens = "length",
    max_output_tokens = "length",
    limit = "length",
    model_length = "length",
    model_context_window_exceeded = "length",
    tool_use = "tool_calls",
    tool_call = "tool_calls",
    function_call = "tool_calls",
    refusal = "content_filter",
    safety = "content_filter",
    recitation = "content_filter",
    blocklist = "content_filter",
    prohibited_content = "content_filter",
    spii = "content_filter",
    image_safety = "content_filter",
    error_toxic = "content_filter",
    malformed_function_call = "error",
    failed = "error",
    abort = "cancelled"
}
--- Statuses of the Responses API with which a response has ended.
local FINAL_STATUSES = {completed = true, incomplete = true, failed = true, cancelled = true}
--- The reason of OpenAI for that of any server; an unknown one in lower case. Nothing for an empty one. Phases: any.
local function usual(reason)
    if reason == "" then
        return nil
    end
    local lower = string_lower(reason)
    return REASONS[lower] or lower
end
____exports.usual = usual
--- The reason of a status of the Responses API; nothing while it is at work. Phases: any.
local function of_status(status, incomplete_reason)
    if status == nil or FINAL_STATUSES[status] ~= true then
        return nil
    end
    if status == "incomplete" and incomplete_reason ~= nil then
        return usual(incomplete_reason)
    end
    return usual(status)
end
____exports.of_status = of_status
return ____exports
