local ____exports = {}
local ipairs = ipairs
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local ____shapes = require("resty.openclaw.core.text.json.shapes")
local exact = ____shapes.exact
local map_of = ____shapes.map_of
local object = ____shapes.object
local rounded = ____shapes.rounded
local sorted_entries = ____shapes.sorted_entries
local ____plugin_json = require("resty.openclaw.status.plugin_json")
local plugin_json_WRITTEN = ____plugin_json.WRITTEN
local WRITTEN = plugin_json_WRITTEN
local ____quantile = require("resty.openclaw.status.quantile")
local quantile = ____quantile.quantile
local ____rate = require("resty.openclaw.status.rate")
local per_second = ____rate.per_second
local tallies = require("resty.openclaw.status.tally")
local tallies_ANSWERS = tallies.ANSWERS
local tallies_error_share = tallies.error_share
local tallies_is_used = tallies.is_used
local MODEL_RECENT = object()({"prompt_tokens_per_second", rounded}, {"completion_tokens_per_second", rounded}, {"answer_tokens_per_second_p50", rounded}, {"first_token_p95_seconds", rounded})
local MODEL = object()({"prompt_tokens", exact}, {"completion_tokens", exact}, {"recent", MODEL_RECENT})
local RECENT = object()(
    {"requests_per_second", rounded},
    {"error_share", rounded},
    {"p50_seconds", rounded},
    {"p95_seconds", rounded},
    {"p99_seconds", rounded},
    {"first_byte_p95_seconds", rounded},
    {"cache_hit_share", rounded}
)
local MODELS = map_of(MODEL)
local VARIANT = object()(
    {"requests", tallies_ANSWERS},
    {"request_bytes", exact},
    {"response_bytes", exact},
    {"cache_saved_seconds", rounded},
    {"recent", RECENT},
    {"models", MODELS}
)
--- How a route is written.
local ROUTE = object()(
    {"requests", tallies_ANSWERS},
    {"request_bytes", exact},
    {"response_bytes", exact},
    {"cache_saved_seconds", rounded},
    {"recent", RECENT},
    {"models", MODELS},
    {
        "variants",
        map_of(VARIANT)
    },
    {
        "plugins",
        map_of(WRITTEN)
    }
)
____exports.ROUTE = ROUTE
local function part(spread, share)
    return quantile(share, spread.counts, spread.bounds)
end
local function model_of(model, seconds)
    return {
        prompt_tokens = model.prompt_tokens,
        completion_tokens = model.completion_tokens,
        recent = {
            prompt_tokens_per_second = per_second(model.recent_prompt_tokens, seconds),
            completion_tokens_per_second = per_second(model.recent_completion_tokens, seconds),
            answer_tokens_per_second_p50 = part(model.speed, 0.5),
            first_token_p95_seconds = part(model.first_token, 0.95)
        }
    }
end
local function recent_of(figures, seconds)
    local ____figures_0 = figures
    local requests = ____figures_0.requests
    local duration = ____figures_0.duration
    local hits = ____figures_0.hits
    local cached = ____figures_0.cached
    return {
        requests_per_second = per_second(requests and requests.recent, seconds),
        error_share = tallies_error_share(requests),
        p50_seconds = part(duration, 0.5),
        p95_seconds = part(duration, 0.95),
        p99_seconds = part(duration, 0.99),
        first_byte_p95_seconds = part(figures.first_byte, 0.95),
        cache_hit_share = cached > 0 and hits / cached or nil
    }
end
--- The models; nothing where no response told tokens.
local function models_of(figures, seconds)
    local all = figures.models
    if next(all) == nil then
        return nil
    end
    return sorted_entries(
        all,
        function(model) return model_of(model, seconds) end
    )
end
local function figures_of(figures, seconds)
    local ____opt_3 = figures.requests
    return {
        requests = ____opt_3 and ____opt_3.totals,
        request_bytes = figures.request_bytes,
        response_bytes = figures.response_bytes,
        cache_saved_seconds = figures.saved_seconds,
        recent = recent_of(figures, seconds),
        models = models_of(figures, seconds)
    }
end
--- The variants to show: that of requests without one only where there were any, and not where there is no other.
local function shown_variants(variants)
    local shown = {}
    local has_names = false
    for ____, variant in ipairs(names_sorted(variants)) do
        if variant ~= "" then
            has_names = true
        end
        if variant ~= "" or tallies_is_used(variants[variant].requests) then
            shown[#shown + 1] = variant
        end
    end
    return has_names and shown or ({})
end
local function variants_of(variants, seconds)
    local shown = shown_variants(variants)
    if #shown == 0 then
        return nil
    end
    return function(put)
        for ____, variant in ipairs(shown) do
            put(
                variant,
                figures_of(variants[variant], seconds)
            )
        end
    end
end
--- What the document says of a route. Phases: any.
local function route(given, seconds, plugins)
    local all = figures_of(given.all, seconds)
    return {
        requests = all.requests,
        request_bytes = all.request_bytes,
        response_bytes = all.response_bytes,
        cache_saved_seconds = all.cache_saved_seconds,
        recent = all.recent,
        models = all.models,
        variants = variants_of(given.variants, seconds),
        plugins = plugins
    }
end
____exports.route = route
return ____exports
