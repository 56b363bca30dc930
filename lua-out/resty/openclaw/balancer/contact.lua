local ____exports = {}
local request = require("resty.openclaw.core.request.request")
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
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
function ____exports.before(status)
    if not may_be_of_nginx(status) then
        return "answered"
    end
    local connect_times = upstream_tries.tried(request.variable("upstream_connect_time") or "")
    local header_times = upstream_tries.tried(request.variable("upstream_header_time") or "")
    return contact(connect_times[#connect_times], header_times[#header_times])
end
--- Of one of several tries; "silent" if nothing is known of it. Phases: any.
function ____exports.of_try(its_try)
    if its_try == nil then
        return "silent"
    end
    if not may_be_of_nginx(its_try.status) then
        return "answered"
    end
    return contact(its_try.connect_seconds, its_try.header_seconds)
end
--- Of a request's last try. Phases: log.
function ____exports.last(status)
    if not may_be_of_nginx(status) then
        return "answered"
    end
    return contact(
        upstream_tries.last(request.variable("upstream_connect_time") or UNSET),
        upstream_tries.last(request.variable("upstream_header_time") or UNSET)
    )
end
return ____exports
