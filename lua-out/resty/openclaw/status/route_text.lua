local ____exports = {}
local json = require("resty.openclaw.core.text.json")
local numbers = require("resty.openclaw.status.number")
local pieces = require("resty.openclaw.status.output")
local ____quantile = require("resty.openclaw.status.quantile")
local quantile = ____quantile.quantile
local tallies = require("resty.openclaw.status.tally")
local function part(spread, share)
    return numbers.rounded(quantile(share, spread.counts, spread.bounds))
end
local function model_text(model, seconds)
    return string.format(
        "{\"prompt_tokens\":%s,\"completion_tokens\":%s,\"recent\":{\"prompt_tokens_per_second\":%s,\"completion_tokens_per_second\":%s,\"answer_tokens_per_second_p50\":%s,\"first_token_p95_seconds\":%s}}",
        numbers.exact(model.prompt_tokens),
        numbers.exact(model.completion_tokens),
        numbers.rounded(numbers.per_second(model.recent_prompt_tokens, seconds)),
        numbers.rounded(numbers.per_second(model.recent_completion_tokens, seconds)),
        part(model.speed, 0.5),
        part(model.first_token, 0.95)
    )
end
--- Requests, and what they took, without the braces.
local function fields(figures, seconds)
    local ____figures_0 = figures
    local requests = ____figures_0.requests
    local duration = ____figures_0.duration
    local hits = ____figures_0.hits
    local cached = ____figures_0.cached
    local recent = string.format(
        "{\"requests_per_second\":%s,\"error_share\":%s,\"p50_seconds\":%s,\"p95_seconds\":%s,\"p99_seconds\":%s,\"first_byte_p95_seconds\":%s,\"cache_hit_share\":%s}",
        numbers.rounded(numbers.per_second(requests and requests.recent, seconds)),
        numbers.rounded(tallies.error_share(requests)),
        part(duration, 0.5),
        part(duration, 0.95),
        part(duration, 0.99),
        part(figures.first_byte, 0.95),
        numbers.rounded(cached > 0 and hits / cached or nil)
    )
    return string.format(
        "\"requests\":%s,\"request_bytes\":%s,\"response_bytes\":%s,\"cache_saved_seconds\":%s,\"recent\":%s",
        tallies.text(requests),
        numbers.exact(figures.request_bytes),
        numbers.exact(figures.response_bytes),
        numbers.rounded(figures.saved_seconds),
        recent
    )
end
--- Writes the figures of a route or of a variant, and leaves the brace open.
local function write_figures(output, name, figures, seconds)
    pieces.put(
        output,
        ((json.short_text(name) .. ":{") .. fields(figures, seconds)) .. ",\"models\":"
    )
    local names = pieces.sorted(figures.models)
    if #names == 0 then
        pieces.put(output, "null")
        return
    end
    local separator = "{"
    for ____, model in ipairs(names) do
        pieces.put(
            output,
            ((separator .. json.short_text(model)) .. ":") .. model_text(figures.models[model], seconds)
        )
        separator = ","
    end
    pieces.put(output, "}")
end
--- The variants to show: that of requests without one only where there were any, and not where there is no other.
local function shown_variants(route)
    local names = {}
    local has_names = false
    for ____, name in ipairs(pieces.sorted(route.variants)) do
        if name ~= "" then
            has_names = true
        end
        if name ~= "" or tallies.is_used(route.variants[name].requests) then
            names[#names + 1] = name
        end
    end
    return has_names and names or ({})
end
--- Writes a route under its name. Phases: those in which the output may be sent.
function ____exports.write(output, name, route, seconds)
    write_figures(output, name, route.all, seconds)
    local variants = shown_variants(route)
    if #variants == 0 then
        pieces.put(output, ",\"variants\":null}")
        return
    end
    local separator = ",\"variants\":{"
    for ____, variant in ipairs(variants) do
        pieces.put(output, separator)
        write_figures(output, variant, route.variants[variant], seconds)
        separator = "},"
    end
    pieces.put(output, "}}}")
end
return ____exports
