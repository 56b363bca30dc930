local ____exports = {}
local metric_registry = require("resty.openclaw.metric_registry")
local table_clear = require("table.clear")
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
--- The names come from outside, so what is kept has its limits.
local MOST_KNOWN = 500
local MOST_REASONS = 20
local function labels_with(more)
    return {"route", "variant", "model", more}
end
--- Registers the families. Phases: init.
function ____exports.create(registry)
    local ____metric_registry_0 = metric_registry
    local counter = ____metric_registry_0.counter
    local histogram = ____metric_registry_0.histogram
    local labels = {"route", "variant", "model"}
    local families = {
        answers = counter(
            registry,
            "openclaw_inference_answers_total",
            "Answers of models that were read, by why they ended.",
            labels_with("finish_reason")
        ),
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
    return {families = families, known = {}, count = 0}
end
--- The handles for these labels. Phases: any.
function ____exports.of(all, route, variant, model)
    local key = table.concat({route, variant, model}, "\0")
    local before = all.known[key]
    if before ~= nil then
        return before
    end
    if all.count == MOST_KNOWN then
        table_clear(all.known)
        all.count = 0
    end
    local made = {
        families = all.families,
        route = route,
        variant = variant,
        model = model,
        answers = {},
        reasons = 0
    }
    all.known[key] = made
    all.count = all.count + 1
    return made
end
--- Counts one answer.
function ____exports.count_answer(series, reason)
    local answers = series.answers[reason]
    if answers == nil then
        answers = series.families.answers:labels(series.route, series.variant, series.model, reason)
        if series.reasons < MOST_REASONS then
            series.reasons = series.reasons + 1
            series.answers[reason] = answers
        end
    end
    answers:inc()
end
--- Counts the tokens of a prompt.
function ____exports.count_prompt(series, tokens)
    local ____series_1 = series
    local families = ____series_1.families
    local route = ____series_1.route
    local variant = ____series_1.variant
    local model = ____series_1.model
    series.prompt_tokens = series.prompt_tokens or families.prompt_tokens:labels(route, variant, model)
    series.prompt_tokens:inc(tokens)
end
--- Counts the tokens of an answer.
function ____exports.count_completion(series, tokens)
    local ____series_2 = series
    local families = ____series_2.families
    local route = ____series_2.route
    local variant = ____series_2.variant
    local model = ____series_2.model
    series.completion_tokens = series.completion_tokens or families.completion_tokens:labels(route, variant, model)
    series.completion_tokens:inc(tokens)
end
--- Counts how long the first token took.
function ____exports.observe_first_token(series, seconds)
    local ____series_3 = series
    local families = ____series_3.families
    local route = ____series_3.route
    local variant = ____series_3.variant
    local model = ____series_3.model
    series.first_token_seconds = series.first_token_seconds or families.first_token_seconds:labels(route, variant, model)
    series.first_token_seconds:observe(seconds)
end
--- Counts how fast an answer was made.
function ____exports.observe_rate(series, tokens_per_second)
    local ____series_4 = series
    local families = ____series_4.families
    local route = ____series_4.route
    local variant = ____series_4.variant
    local model = ____series_4.model
    series.tokens_per_second = series.tokens_per_second or families.tokens_per_second:labels(route, variant, model)
    series.tokens_per_second:observe(tokens_per_second)
end
return ____exports
