local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local type = type
local math_huge = math.huge
local math_min = math.min
local string_find = string.find
local string_lower = string.lower
local string_match = string.match
local table_concat = table.concat
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local texts = require("resty.openclaw.core.text.text")
local texts_split = texts.split
local texts_trim = texts.trim
--- Of requests that say nothing.
local ANY = {is_none = false, is_fresh = false, is_only_cached = false}
____exports.ANY = ANY
local NONE = {is_none = true, is_fresh = false, is_only_cached = false}
--- Longer headers are not looked at: they may say `no-store`.
local MOST_BYTES = 1024
--- Since this version of nginx, a header's variable contains all headers of that name; before, only the first.
local JOINS_HEADERS_FROM = 1023000
--- On an older nginx, more headers are not looked at.
local MOST_HEADERS = 100
--- Longer numbers are none.
local MOST_DIGITS = 10
local function number_of(digits)
    local found = string_find(digits, "^%d+$")
    local ____temp_0
    if found == nil or #digits > MOST_DIGITS then
        ____temp_0 = nil
    else
        ____temp_0 = tonumber(digits)
    end
    return ____temp_0
end
--- The wish in the value of `Cache-Control`, and in that of `X-OpenClaw-Cache-TTL`. Phases: any.
local function read(header, ttl)
    local ____temp_1
    if ttl == nil then
        ____temp_1 = nil
    else
        ____temp_1 = number_of(ttl)
    end
    local seconds = ____temp_1
    if seconds == 0 then
        return NONE
    end
    if header == nil then
        return seconds == nil and ANY or ({is_none = false, is_fresh = false, is_only_cached = false, seconds = seconds})
    end
    if #header > MOST_BYTES then
        return NONE
    end
    local is_fresh = false
    local is_only_cached = false
    local max_age
    for ____, part in ipairs(texts_split(
        string_lower(header),
        ","
    )) do
        local directive = texts_trim(part)
        if directive == "no-store" then
            return NONE
        end
        if directive == "no-cache" then
            is_fresh = true
        end
        if directive == "only-if-cached" then
            is_only_cached = true
        end
        local age = string_match(directive, "^max%-age=\"?(%d+)\"?$")
        if age ~= nil then
            max_age = math_min(
                max_age or math_huge,
                number_of(age) or math_huge
            )
        end
    end
    return {
        is_none = false,
        is_fresh = is_fresh or max_age == 0,
        is_only_cached = is_only_cached,
        max_age = max_age,
        seconds = seconds
    }
end
____exports.read = read
local function cache_control()
    local first = request_variable("http_cache_control")
    if first == nil or ngx.config.nginx_version >= JOINS_HEADERS_FROM then
        return first
    end
    local headers, err = ngx.req.get_headers(MOST_HEADERS)
    if err ~= nil then
        return nil, err
    end
    local all = headers["cache-control"]
    return type(all) == "table" and table_concat(all, ",") or first
end
--- The wish of the current request, however many such headers it has. Phases: access.
local function of_request()
    local header, err = cache_control()
    return err == nil and read(
        header,
        request_variable("http_x_openclaw_cache_ttl")
    ) or NONE
end
____exports.of_request = of_request
return ____exports
