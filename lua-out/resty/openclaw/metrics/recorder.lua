local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local math_floor = math.floor
local math_max = math.max
local string_sub = string.sub
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_add = metric_handles.add
local metric_handles_observe = metric_handles.observe
local ____metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_LABEL_BYTES = ____metric_registry.LABEL_BYTES
local metric_registry_OTHER = ____metric_registry.OTHER
local LABEL_BYTES = metric_registry_LABEL_BYTES
local OTHER = metric_registry_OTHER
local cache_status = require("resty.openclaw.core.request.cache_status")
local cache_status_present = cache_status.present
local rejections = require("resty.openclaw.core.request.rejection")
local rejections_take_refusal = rejections.take_refusal
local request = require("resty.openclaw.core.request.request")
local request_last_seconds = request.last_seconds
local request_seconds_taken = request.seconds_taken
local request_status = request.status
local request_variable = request.variable
local request_whole_number = request.whole_number
local families = require("resty.openclaw.metrics.families")
local families_bind = families.bind
local first_byte = require("resty.openclaw.metrics.first_byte")
local first_byte_note = first_byte.note
local first_byte_take = first_byte.take
local mean_seconds = require("resty.openclaw.metrics.mean_seconds")
local mean_seconds_learn = mean_seconds.learn
local mean_seconds_new = mean_seconds.new
--- Maximum number of variants of a route; more are hardly intended.
local MOST_VARIANTS = 50
--- The registry reads at most so much of a label value.
local LONGEST_VARIANT = LABEL_BYTES + 4
--- The least class of status that is an error.
local FIRST_ERROR = 4
--- Cache statuses of responses from the cache.
local FROM_CACHE = {}
for ____, status in ipairs({
    "HIT",
    "STALE",
    "UPDATING",
    "REVALIDATED",
    "NEAR"
}) do
    FROM_CACHE[status] = true
end
--- The handles of a variant that this worker has not seen before.
local function first_seen(recorder, variant)
    if recorder.room == 0 then
        recorder.others = recorder.others or families_bind(recorder.families, recorder.route, OTHER)
        return recorder.others
    end
    recorder.room = recorder.room - 1
    local figures = families_bind(recorder.families, recorder.route, variant)
    recorder.by_variant[variant] = figures
    return figures
end
local function present_figures(recorder)
    local variant = request_variable("openclaw_variant")
    if variant == nil or variant == "" then
        return recorder.plain
    end
    if #variant > LONGEST_VARIANT then
        variant = string_sub(variant, 1, LONGEST_VARIANT)
    end
    return recorder.by_variant[variant] or first_seen(recorder, variant)
end
--- The recent mean duration at nodes.
local function mean_of(recorder, figures)
    if figures.node_seconds == nil then
        figures.node_seconds = mean_seconds_new(recorder.families.registry.region, figures.name)
    end
    return figures.node_seconds
end
--- Adds the duration of a cache miss to the mean.
local function learn(mean, seconds, status_class)
    if seconds ~= nil and status_class == 2 then
        mean_seconds_learn(mean, seconds)
    end
end
--- Counts an error. `node_seconds`: if a node was asked, before a refusal or after it, the error is the node's.
local function count_error(figures, status_class, node_seconds)
    local is_refused = rejections_take_refusal() and node_seconds == nil
    local counter = (is_refused and figures.refused or figures.other_errors)[status_class]
    if counter ~= nil then
        metric_handles_add(counter)
    end
end
local function header_filter(self)
    first_byte_note()
end
local function log(self)
    local figures = present_figures(self)
    local status_class = math_floor(request_status() / 100)
    metric_handles_add(figures.requests[status_class] or figures.other_requests)
    local taken = request_seconds_taken()
    metric_handles_observe(figures.duration, taken)
    local until_first_byte = first_byte_take(taken)
    if until_first_byte ~= nil then
        metric_handles_observe(figures.first_byte, until_first_byte)
    end
    local node_seconds = request_last_seconds("upstream_response_time")
    if node_seconds ~= nil then
        metric_handles_observe(figures.upstream, node_seconds)
    end
    if status_class >= FIRST_ERROR then
        count_error(figures, status_class, node_seconds)
    end
    local sent = request_whole_number("bytes_sent")
    local cache = cache_status_present()
    if cache ~= nil then
        local ____opt_0 = figures.cache[cache]
        if ____opt_0 ~= nil then
            ____opt_0:inc()
        end
        local mean = mean_of(self, figures)
        if FROM_CACHE[cache] ~= nil then
            figures.saved:inc(math_max(0, mean[0] - taken))
            metric_handles_add(figures.saved_bytes, sent)
        else
            learn(mean, node_seconds, status_class)
        end
    end
    metric_handles_add(
        figures.request_bytes,
        request_whole_number("request_length")
    )
    metric_handles_add(figures.response_bytes, sent)
end
local metatable = {__index = {header_filter = header_filter, log = log}}
--- The recorder of a route, with the handles for requests without a variant. Phases: init.
local function create(of, route)
    local fields = {
        families = of,
        route = route,
        plain = families_bind(of, route, ""),
        by_variant = {},
        room = MOST_VARIANTS
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
