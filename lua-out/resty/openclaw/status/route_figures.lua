local ____exports = {}
local ipairs = ipairs
local tallies = require("resty.openclaw.status.tally")
local tallies_add = tallies.add
local tallies_new = tallies.new
local windows = require("resty.openclaw.status.window")
local windows_each = windows.each
local windows_each_histogram = windows.each_histogram
local windows_exists = windows.exists
local REQUESTS = "openclaw_requests_total"
local DURATION = "openclaw_request_duration_seconds"
local FIRST_BYTE = "openclaw_request_first_byte_seconds"
local CACHE = "openclaw_cache_requests_total"
local SAVED = "openclaw_cache_saved_seconds_total"
local REQUEST_BYTES = "openclaw_request_bytes_total"
local RESPONSE_BYTES = "openclaw_response_bytes_total"
local PROMPT = "openclaw_inference_prompt_tokens_total"
local COMPLETION = "openclaw_inference_completion_tokens_total"
local FIRST_TOKEN = "openclaw_inference_first_token_seconds"
local SPEED = "openclaw_inference_tokens_per_second"
--- Of `$upstream_cache_status`: those whose response waited for no node.
local HITS = {hit = true, stale = true, updating = true}
local function new_spread()
    return {counts = {}, bounds = {}}
end
local function new_figures(window)
    local function zero(name)
        return windows_exists(window, name) and 0 or nil
    end
    return {
        requests = windows_exists(window, REQUESTS) and tallies_new() or nil,
        duration = new_spread(),
        first_byte = new_spread(),
        cached = 0,
        hits = 0,
        saved_seconds = zero(SAVED),
        request_bytes = zero(REQUEST_BYTES),
        response_bytes = zero(RESPONSE_BYTES),
        models = {}
    }
end
local function route_of(window, routes, name)
    local known = routes[name]
    if known ~= nil then
        return known
    end
    local made = {
        all = new_figures(window),
        variants = {}
    }
    routes[name] = made
    return made
end
local function variant_of(window, route, name)
    local known = route.variants[name]
    if known ~= nil then
        return known
    end
    local made = new_figures(window)
    route.variants[name] = made
    return made
end
local function model_of(figures, name)
    local known = figures.models[name]
    if known ~= nil then
        return known
    end
    local made = {
        prompt_tokens = 0,
        completion_tokens = 0,
        recent_prompt_tokens = 0,
        recent_completion_tokens = 0,
        first_token = new_spread(),
        speed = new_spread()
    }
    figures.models[name] = made
    return made
end
local function widen(spread, counts, bounds)
    for place = 0, #counts - 1 do
        spread.counts[place + 1] = (spread.counts[place + 1] or 0) + counts[place + 1]
    end
    spread.bounds = bounds
end
--- Adds each series of a family to its route and to its variant. `label`: the label whose value `add` gets.
local function count(window, routes, name, label, add)
    windows_each(
        window,
        name,
        function(labels, total, recent)
            local route = route_of(window, routes, labels.route or "")
            local value = labels[label] or ""
            add(route.all, value, total, recent)
            add(
                variant_of(window, route, labels.variant or ""),
                value,
                total,
                recent
            )
        end
    )
end
local function spread(window, routes, name, pick)
    windows_each_histogram(
        window,
        name,
        function(labels, counts, bounds)
            local route = route_of(window, routes, labels.route or "")
            local model = labels.model or ""
            widen(
                pick(route.all, model),
                counts,
                bounds
            )
            widen(
                pick(
                    variant_of(window, route, labels.variant or ""),
                    model
                ),
                counts,
                bounds
            )
        end
    )
end
--- All routes that somebody counts, and those whose names are given. Phases: those in which the window may yield.
local function gather(window, names)
    local routes = {}
    for ____, name in ipairs(names) do
        route_of(window, routes, name)
        window.yield_if_due()
    end
    count(
        window,
        routes,
        REQUESTS,
        "status",
        function(figures, status, total, recent)
            tallies_add(figures.requests, status, total, recent)
        end
    )
    spread(
        window,
        routes,
        DURATION,
        function(figures) return figures.duration end
    )
    spread(
        window,
        routes,
        FIRST_BYTE,
        function(figures) return figures.first_byte end
    )
    count(
        window,
        routes,
        CACHE,
        "status",
        function(figures, status, _, recent)
            figures.cached = figures.cached + recent
            if HITS[status] ~= nil then
                figures.hits = figures.hits + recent
            end
        end
    )
    count(
        window,
        routes,
        SAVED,
        "",
        function(figures, _, total)
            figures.saved_seconds = (figures.saved_seconds or 0) + total
        end
    )
    count(
        window,
        routes,
        REQUEST_BYTES,
        "",
        function(figures, _, total)
            figures.request_bytes = (figures.request_bytes or 0) + total
        end
    )
    count(
        window,
        routes,
        RESPONSE_BYTES,
        "",
        function(figures, _, total)
            figures.response_bytes = (figures.response_bytes or 0) + total
        end
    )
    count(
        window,
        routes,
        PROMPT,
        "model",
        function(figures, name, total, recent)
            local model = model_of(figures, name)
            model.prompt_tokens = model.prompt_tokens + total
            model.recent_prompt_tokens = model.recent_prompt_tokens + recent
        end
    )
    count(
        window,
        routes,
        COMPLETION,
        "model",
        function(figures, name, total, recent)
            local model = model_of(figures, name)
            model.completion_tokens = model.completion_tokens + total
            model.recent_completion_tokens = model.recent_completion_tokens + recent
        end
    )
    spread(
        window,
        routes,
        FIRST_TOKEN,
        function(figures, name) return model_of(figures, name).first_token end
    )
    spread(
        window,
        routes,
        SPEED,
        function(figures, name) return model_of(figures, name).speed end
    )
    return routes
end
____exports.gather = gather
return ____exports
