local ____exports = {}
local pairs = pairs
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_from_outside = metric_registry.from_outside
--- Labels whose values clients and nodes choose.
local FROM_OUTSIDE = {"variant", "model", "finish_reason"}
--- Prompt tokens are never estimated.
local USAGE = "usage"
local TOKENS_PER_SECOND = {
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1000,
    2000
}
--- The families of a registry. Phases: init.
local function create(registry)
    local ____metric_registry_0 = metric_registry
    local counter = ____metric_registry_0.counter
    local histogram = ____metric_registry_0.histogram
    local labels = {"route", "variant", "model"}
    local with_source = {"route", "variant", "model", "source"}
    local families = {
        answers = counter(registry, "openclaw_inference_answers_total", "Responses of models that were read, by finish reason.", {"route", "variant", "model", "finish_reason"}),
        prompt_tokens = counter(registry, "openclaw_inference_prompt_tokens_total", "Prompt tokens.", with_source),
        cached_tokens = counter(registry, "openclaw_inference_cached_tokens_total", "Prompt tokens that nodes had in their caches.", labels),
        completion_tokens = counter(registry, "openclaw_inference_completion_tokens_total", "Completion tokens; source: the usage that nodes report, or an estimate by the number of events.", with_source),
        reasoning_tokens = counter(registry, "openclaw_inference_reasoning_tokens_total", "Completion tokens that were spent on reasoning.", labels),
        audio_seconds = counter(registry, "openclaw_inference_audio_seconds_total", "Seconds of transcribed audio.", labels),
        unread = counter(registry, "openclaw_inference_unread_answers_total", "Responses to POST requests without metrics, by reason.", {"route", "reason"}),
        first_token_seconds = histogram(registry, "openclaw_inference_first_token_seconds", "Time from the first byte of a request to the first content of its response; streams only.", labels),
        tokens_per_second = histogram(
            registry,
            "openclaw_inference_tokens_per_second",
            "Tokens per second within one response.",
            labels,
            TOKENS_PER_SECOND
        )
    }
    for ____, family in pairs(families) do
        metric_registry_from_outside(family, FROM_OUTSIDE)
    end
    return families
end
____exports.new = create
--- Counts an answer that was read, at a route. `rate`: tokens a second, where it is known. Phases: log.
local function count(families, route, variant, fields, rate, first_token_seconds)
    local ____fields_1 = fields
    local prompt_tokens = ____fields_1.prompt_tokens
    local cached_tokens = ____fields_1.cached_tokens
    local completion_tokens = ____fields_1.completion_tokens
    local reasoning_tokens = ____fields_1.reasoning_tokens
    local audio_seconds = ____fields_1.audio_seconds
    local model = fields.model or ""
    families.answers:labels(route, variant, model, fields.finish_reason):inc()
    if prompt_tokens ~= nil then
        families.prompt_tokens:labels(route, variant, model, USAGE):inc(prompt_tokens)
    end
    if cached_tokens ~= nil then
        families.cached_tokens:labels(route, variant, model):inc(cached_tokens)
    end
    if completion_tokens ~= nil then
        families.completion_tokens:labels(route, variant, model, fields.source):inc(completion_tokens)
    end
    if reasoning_tokens ~= nil then
        families.reasoning_tokens:labels(route, variant, model):inc(reasoning_tokens)
    end
    if audio_seconds ~= nil then
        families.audio_seconds:labels(route, variant, model):inc(audio_seconds)
    end
    if rate ~= nil then
        families.tokens_per_second:labels(route, variant, model):observe(rate)
    end
    if first_token_seconds ~= nil then
        families.first_token_seconds:labels(route, variant, model):observe(first_token_seconds)
    end
end
____exports.count = count
return ____exports
