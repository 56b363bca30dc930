local ____exports = {}
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local upstream_tries_last = upstream_tries.last
local upstream_tries_tried = upstream_tries.tried
local BAD_GATEWAY = "502"
local GATEWAY_TIMEOUT = "504"
local UNSET = "-"
--- Whether the status may come from nginx instead of the node.
local function may_be_of_nginx(status)
    return status == BAD_GATEWAY or status == GATEWAY_TIMEOUT
end
local function contact(connect_seconds, header_seconds)
    if connect_seconds == nil or connect_seconds == UNSET then
        return "none"
    end
    return (header_seconds == nil or header_seconds == UNSET) and "silent" or "answered"
end
--- Of the try before the one that is being balanced. Phases: balancer.
local function before(status)
    if not may_be_of_nginx(status) then
        return "answered"
    end
    local connect_times = upstream_tries_tried(request_variable("upstream_connect_time") or "")
    local header_times = upstream_tries_tried(request_variable("upstream_header_time") or "")
    return contact(connect_times[#connect_times], header_times[#header_times])
end
____exports.before = before
--- Of one of several tries; "silent" if nothing is known of it. Phases: any.
local function of_try(its_try)
    if its_try == nil then
        return "silent"
    end
    if not may_be_of_nginx(its_try.status) then
        return "answered"
    end
    return contact(its_try.connect_seconds, its_try.header_seconds)
end
____exports.of_try = of_try
--- Of a request's last try. Phases: log.
local function last(status)
    if not may_be_of_nginx(status) then
        return "answered"
    end
    return contact(
        upstream_tries_last(request_variable("upstream_connect_time") or UNSET),
        upstream_tries_last(request_variable("upstream_header_time") or UNSET)
    )
end
____exports.last = last
return ____exports
