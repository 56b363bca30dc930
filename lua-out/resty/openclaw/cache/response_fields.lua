local ____exports = {}
local math_floor = math.floor
local math_max = math.max
local cache_status = require("resty.openclaw.core.request.cache_status")
local cache_status_is_from_cache = cache_status.is_from_cache
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
--- By `$upstream_cache_status`. What nginx serves while it asks a node again is stale.
local STATUS = {
    HIT = "openclaw; hit",
    STALE = "openclaw; hit; detail=stale",
    UPDATING = "openclaw; hit; detail=updating",
    REVALIDATED = "openclaw; hit; detail=revalidated",
    MISS = "openclaw; fwd=uri-miss",
    EXPIRED = "openclaw; fwd=stale",
    SCARCE = "openclaw; fwd=miss; detail=scarce",
    BYPASS = "openclaw; fwd=bypass"
}
--- Where a node was asked because the client did not want what the cache has.
local BY_REQUEST = "openclaw; fwd=request"
--- Adds the headers to a response with that `$upstream_cache_status`. `is_by_request`: whether the client did not want what the cache has. Phases:
-- header_filter.
local function show(status, is_by_request)
    local is_hit = cache_status_is_from_cache(status)
    local text = is_by_request and not is_hit and BY_REQUEST or STATUS[status]
    if text ~= nil then
        ngx.header["Cache-Status"] = text
    end
    if not is_hit then
        return
    end
    local date = request_variable("upstream_http_date")
    local ____temp_0
    if date == nil then
        ____temp_0 = nil
    else
        ____temp_0 = ngx.parse_http_time(date)
    end
    local made_at = ____temp_0
    if made_at ~= nil then
        ngx.header.Age = math_max(
            0,
            math_floor(ngx.now() - made_at)
        )
    end
end
____exports.show = show
return ____exports
