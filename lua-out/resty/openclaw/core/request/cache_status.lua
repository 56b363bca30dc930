local ____exports = {}
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
local request_variable = request.variable
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
--- The variable, which the plugin that notes it declares.
local VARIABLE = "openclaw_cache_result"
____exports.VARIABLE = VARIABLE
--- Those of responses that no node has made for this request. `NEAR`: it was made for a similar one.
local FROM_CACHE = {
    HIT = true,
    STALE = true,
    UPDATING = true,
    REVALIDATED = true,
    NEAR = true
}
--- Whether a response with that status comes from a cache. Phases: any.
local function is_from_cache(status)
    return FROM_CACHE[status] == true
end
____exports.is_from_cache = is_from_cache
--- Says it in place of nginx. Phases: access, header_filter.
local function note(status)
    request_state_open().cache_status = status
    request_set_variable(VARIABLE, status)
end
____exports.note = note
--- What the cache did; nothing if none was asked. Phases: header_filter, body_filter, log.
local function present()
    local ____opt_0 = request_state_present()
    return ____opt_0 and ____opt_0.cache_status or request_variable("upstream_cache_status")
end
____exports.present = present
return ____exports
