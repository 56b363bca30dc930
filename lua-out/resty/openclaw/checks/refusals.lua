local ____exports = {}
local pairs = pairs
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local rejections = require("resty.openclaw.core.request.rejection")
local rejections_note = rejections.note
local STATUSES = {
    method_not_allowed = 405,
    body_too_large = 413,
    empty_body = 400,
    unsupported_media_type = 415,
    invalid_json = 400,
    json_too_large = 413,
    json_too_deep = 422,
    json_too_many_members = 422,
    json_duplicate_name = 422,
    image_too_large = 422,
    broken_image = 422,
    unreadable = 500
}
--- The counters of a route; all reasons are shown from the start. Phases: init.
local function counters(registry, route)
    local family = metric_registry_counter(registry, "openclaw_checks_refused_total", "Requests that a check refused, by route and reason.", {"route", "reason"})
    local all = {}
    for reason in pairs(STATUSES) do
        all[reason] = family:labels(route, reason)
    end
    return all
end
____exports.counters = counters
--- Counts the request and ends it. Phases: access; never returns.
local function refuse(its_counters, reason, message)
    its_counters[reason]:inc()
    rejections_note("checks", reason)
    return json_error_respond(STATUSES[reason], reason == "unreadable" and "internal_error" or reason, message)
end
____exports.refuse = refuse
return ____exports
