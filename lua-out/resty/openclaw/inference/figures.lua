local ____exports = {}
local metric_registry = require("resty.openclaw.metric_registry")
--- Labels whose values clients and nodes choose.
local FROM_OUTSIDE = {"variant", "model", "finish_reason"}
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
    local families = {
        answers = counter(registry, "openclaw_inference_answers_total", "Answers of models that were read, by why they ended.", {"route", "variant", "model", "finish_reason"}),
        prompt_tokens = counter(registry, "openclaw_inference_prompt_tokens_total", "Tokens that models were given.", labels),
        completion_tokens = counter(registry, "openclaw_inference_completion_tokens_total", "Tokens that models have made.", labels),
        first_token_seconds = histogram(registry, "openclaw_inference_first_token_seconds", "From the first byte of a request to the first content of its answer, of streams.", labels),
        tokens_per_second = histogram(
            registry,
            "openclaw_inference_tokens_per_second",
            "Tokens a second within one answer.",
            labels,
            TOKENS_PER_SECOND
        )
    }
    for ____, family in pairs(families) do
        metric_registry.from_outside(family, FROM_OUTSIDE)
    end
    return families
end
____exports.new = create
--- Counts an answer that was read, at a route. `rate`: tokens a second, where it is known. Phases: log.
function ____exports.count(families, route, variant, fields, rate, first_token_seconds)
    local ____fields_1 = fields
    local prompt_tokens = ____fields_1.prompt_tokens
    local completion_tokens = ____fields_1.completion_tokens
    local model = fields.model or ""
    families.answers:labels(route, variant, model, fields.finish_reason):inc()
    if prompt_tokens ~= nil then
        families.prompt_tokens:labels(route, variant, model):inc(prompt_tokens)
    end
    if completion_tokens ~= nil then
        families.completion_tokens:labels(route, variant, model):inc(completion_tokens)
    end
    if rate ~= nil then
        families.tokens_per_second:labels(route, variant, model):observe(rate)
    end
    if first_token_seconds ~= nil then
        families.first_token_seconds:labels(route, variant, model):observe(first_token_seconds)
    end
end
return ____exports
