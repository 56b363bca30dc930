local ____exports = {}
local error = error
local ipairs = ipairs
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local near_answers = require("resty.openclaw.cache.near_answers")
local near_answers_new = near_answers.new
local redis_tiers = require("resty.openclaw.cache.redis_tier")
local redis_tiers_new = redis_tiers.new
local rooms = require("resty.openclaw.cache.room")
local rooms_watch = rooms.watch
--- For how long an answer is kept that nginx's cache cannot keep, where the route does not say.
local DEFAULT_SECONDS = 3600
local OK = 200
local FOLLOWING = {"answered", "live", "alone"}
local RESULTS = {
    "kept",
    "incomplete",
    "error",
    "too_large",
    "no_room"
}
--- For how many seconds an answer with that status may be kept; nothing if it may not. Phases: any.
local function seconds_of(store, status)
    if status == OK then
        return store.seconds or DEFAULT_SECONDS
    end
    return store.negative[status]
end
____exports.seconds_of = seconds_of
--- The store of a route. Raises where there is no such dict. Phases: init.
local function create(options, path, route, registry, faults)
    local dict = ngx.shared[options.answers]
    if dict == nil then
        local line = ("lua_shared_dict " .. options.answers) .. " 64m;"
        error((((path .. ".answers: there is no lua_shared_dict \"") .. options.answers) .. "\"; write into http: ") .. line, 0)
    end
    rooms_watch(dict, options.answers, registry)
    local ____options_0 = options
    local redis = ____options_0.redis
    local followers = metric_registry_counter(registry, "openclaw_cache_followers_total", "Requests that found another one asking the same, by what became of them.", {"route", "result"})
    local answers = metric_registry_counter(registry, "openclaw_cache_recorded_total", "Answers that the gateway recorded to keep them in shared memory, by what became of them.", {"route", "result"})
    local following = {}
    for ____, result in ipairs(FOLLOWING) do
        following[result] = followers:labels(route, result)
    end
    local results = {}
    for ____, result in ipairs(RESULTS) do
        results[result] = answers:labels(route, result)
    end
    return {
        route = route,
        dict = dict,
        coalesces = options.coalesce,
        wait_seconds = options.coalesce_seconds,
        seconds = options.ttl,
        negative = options.negative or ({}),
        error_paths = options.errors or ({}),
        limit = options.stream_buffer_bytes,
        near = near_answers_new(registry, route),
        tier = redis and redis_tiers_new(
            redis,
            path .. ".redis",
            faults,
            registry,
            route
        ),
        following = following,
        results = results,
        faults = faults
    }
end
____exports.new = create
return ____exports
