local ____exports = {}
local request = require("resty.openclaw.core.request.request")
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local BAD_GATEWAY = "502"
local GATEWAY_TIMEOUT = "504"
local UNSET = "-"
--- Whether nginx itself may have given a try this status: only then is there anything to look for.
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
--- Of a try that was parsed with these times; what nothing is known of came to a connection. Phases: any.
function ____exports.of_try(attempt)
    if attempt == nil then
        return "silent"
    end
    if not may_be_of_nginx(attempt.status) then
        return "answered"
    end
    return contact(attempt.connect_seconds, attempt.header_seconds)
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
