local ____exports = {}
local pairs = pairs
local function object(fields)
    local ____table = {}
    for name, place in pairs(fields) do
        ____table[name] = place
    end
    return {fields = ____table}
end
local function array(entries)
    return {entries = entries}
end
--- Objects and lists whose beginning and end the receiver gets.
local function watched(name, place)
    return {fields = place.fields, entries = place.entries, watched = name}
end
local function value(name)
    return {name = name}
end
local content = {is_content = true}
--- Parts of content; each of these texts counts as content.
local content_parts = array(object({
    text = content,
    thinking = array(object({text = content}))
}))
local call = object({name = content, arguments = content})
local calls = array(object({
    ["function"] = call,
    custom = object({name = content, input = content})
}))
--- An error may be a string or an object.
local error_of = {name = "error", watched = "error"}
local cached = object({cached_tokens = value("cached")})
local reasoning = object({reasoning_tokens = value("reasoning")})
local two = object({
    input_tokens = value("prompt"),
    output_tokens = value("completion")
})
local usage = object({
    prompt_tokens = value("prompt"),
    input_tokens = value("prompt"),
    completion_tokens = value("completion"),
    output_tokens = value("completion"),
    total_tokens = value("total"),
    prompt_tokens_details = cached,
    input_tokens_details = cached,
    prompt_cache_hit_tokens = value("cached"),
    completion_tokens_details = reasoning,
    output_tokens_details = reasoning,
    cache_read_input_tokens = value("cache_read"),
    cache_creation_input_tokens = value("cache_written"),
    seconds = value("seconds"),
    tokens = two
})
local delta = {
    is_content = true,
    fields = object({
        text = content,
        thinking = content,
        partial_json = content,
        stop_reason = value("finish"),
        message = object({
            content = object({text = content, thinking = content}),
            tool_plan = content
        }),
        finish_reason = value("finish"),
        usage = usage
    }).fields
}
local chat_delta = object({
    content = {is_content = true, entries = content_parts.entries},
    reasoning_content = content,
    reasoning = content,
    refusal = content,
    tool_calls = calls,
    function_call = call,
    audio = object({data = content, transcript = content})
})
local choice = watched(
    "choice",
    object({
        index = value("index"),
        finish_reason = value("choice_finish"),
        text = content,
        delta = chat_delta
    })
)
local candidate = watched(
    "choice",
    object({
        index = value("index"),
        finishReason = value("choice_finish"),
        content = object({parts = array(object({text = content, functionCall = content, inlineData = content}))})
    })
)
local response = {
    is_content = true,
    fields = object({
        model = value("model"),
        status = value("response_status"),
        incomplete_details = object({reason = value("incomplete_reason")}),
        error = error_of,
        usage = usage
    }).fields
}
local message = object({
    model = value("model"),
    usage = usage,
    content = content,
    thinking = content,
    tool_calls = array({is_content = true})
})
local answer = {
    object = value("object"),
    type = value("type"),
    model = value("model"),
    error = error_of,
    usage = usage,
    choices = watched(
        "choices",
        array(choice)
    ),
    delta = delta,
    response = response,
    message = message,
    status = value("status"),
    incomplete_details = object({reason = value("incomplete_reason")}),
    stop_reason = value("finish"),
    finish_reason = value("finish"),
    meta = object({
        tokens = two,
        billed_units = object({input_tokens = value("billed")})
    }),
    done = value("done"),
    done_reason = value("finish"),
    prompt_eval_count = value("prompt"),
    eval_count = value("completion"),
    token = object({text = content}),
    details = object({
        finish_reason = value("finish"),
        generated_tokens = value("completion"),
        input_length = value("prompt")
    }),
    modelVersion = value("model"),
    candidates = watched(
        "choices",
        array(candidate)
    ),
    promptFeedback = object({blockReason = value("finish")}),
    usageMetadata = object({
        promptTokenCount = value("prompt"),
        toolUsePromptTokenCount = value("tool_prompt"),
        cachedContentTokenCount = value("cached"),
        candidatesTokenCount = value("completion"),
        thoughtsTokenCount = value("thoughts")
    }),
    content = content,
    stop = value("stop"),
    stop_type = value("stop_type"),
    tokens_evaluated = value("prompt"),
    tokens_predicted = value("completion"),
    timings = object({
        prompt_n = value("timed_prompt"),
        cache_n = value("timed_cached"),
        predicted_n = value("timed_completion")
    }),
    x_groq = object({usage = usage, error = error_of}),
    meta_info = object({
        prompt_tokens = value("prompt"),
        cached_tokens = value("cached"),
        completion_tokens = value("completion"),
        finish_reason = object({type = value("finish")})
    }),
    task = value("task"),
    duration = value("duration")
}
local fields = object(answer).fields
--- A response or an event of a stream; or a list of these, as in Gemini's streams. "[DONE]" is read as a list with a word in it.
local ROOT = {fields = fields, entries = {fields = fields, name = "done_word"}}
____exports.ROOT = ROOT
return ____exports
