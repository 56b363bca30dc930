local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local tostring = tostring
local type = type
local math_huge = math.huge
local string_find = string.find
local string_lower = string.lower
local string_match = string.match
local string_sub = string.sub
local table_concat = table.concat
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local texts = require("resty.openclaw.core.text.text")
local texts_split = texts.split
local texts_trim = texts.trim
--- A response with more headers is not stored.
local MOST_HEADERS = 100
--- Directives with which nothing is stored that others would get.
local FORBIDDING = {}
for ____, directive in ipairs({"no-store", "no-cache", "private"}) do
    FORBIDDING[directive] = true
end
--- What a response may vary on: what is in every key, and what no node gets to see.
local IN_KEY = {}
for ____, name in ipairs({"accept", "accept-encoding", "content-type", "content-encoding"}) do
    IN_KEY[name] = true
end
local function joined(value)
    if value == nil then
        return ""
    end
    return type(value) == "table" and table_concat(value, ",") or tostring(value)
end
local function is_forbidden(cache_control)
    for ____, part in ipairs(texts_split(cache_control, ",")) do
        local directive = texts_trim(part)
        local names = string_find(directive, "=\"", 1, true)
        if FORBIDDING[names == nil and directive or string_sub(directive, 1, names - 1)] ~= nil then
            return true
        end
    end
    return false
end
--- The seconds of `s-maxage`, else of `max-age`; nothing where it has neither.
local function seconds_in(cache_control)
    local max_age
    for ____, part in ipairs(texts_split(cache_control, ",")) do
        local directive = texts_trim(part)
        local shared = string_match(directive, "^s%-maxage=(%d+)$")
        if shared ~= nil then
            return (tonumber(shared))
        end
        local own = string_match(directive, "^max%-age=(%d+)$")
        local ____temp_0
        if own == nil then
            ____temp_0 = max_age
        else
            ____temp_0 = tonumber(own)
        end
        max_age = ____temp_0
    end
    return max_age
end
--- The seconds until `Expires`; 0 where that is no time.
local function seconds_until(expires)
    local at = ngx.parse_http_time(expires)
    return at == nil and 0 or at - ngx.time()
end
--- The seconds that `X-Accel-Expires` allows; nothing if it says nothing that nginx understands.
local function accel_seconds()
    local value = request_variable("upstream_http_x_accel_expires") or ""
    local at, digits = string_match(value, "^(@?)(%d+)$")
    if at == nil then
        return nil
    end
    return at == "@" and tonumber(digits) - ngx.time() or tonumber(digits)
end
--- Whether the end of the response cannot be told from a node that broke off: nginx reads a response without a length, and one with another
-- coding than chunked, up to the end of the connection. Phases: header_filter.
local function has_open_end()
    local length = string_find(
        request_variable("upstream_http_content_length") or "",
        "^%d+$"
    )
    if length ~= nil then
        return false
    end
    local coding = string_lower(request_variable("upstream_http_transfer_encoding") or "")
    local chunked = string_find(coding, "chunked", 1, true)
    return chunked == nil
end
____exports.has_open_end = has_open_end
--- For how many seconds a node allows to keep what has these headers, 0 or less for not at all; nothing if it forbids it. By the header that
-- nginx takes of `X-Accel-Expires`, `Cache-Control` and `Expires`.
local function seconds_allowed(headers)
    local accel = accel_seconds()
    if accel ~= nil then
        return accel
    end
    local cache_control = string_lower(joined(headers["cache-control"]))
    local expires = joined(headers.expires)
    if cache_control == "" then
        return expires == "" and math_huge or seconds_until(expires)
    end
    if is_forbidden(cache_control) then
        return nil
    end
    return seconds_in(cache_control) or (expires == "" and math_huge or seconds_until(expires))
end
--- What the response says, if it may be stored by nginx's rules, apart from its status; nothing if it may not. Reads the headers, so it is to be
-- asked once. Phases: header_filter.
local function look()
    local headers, err = ngx.resp.get_headers(MOST_HEADERS)
    if err ~= nil or headers["set-cookie"] ~= nil then
        return nil
    end
    if request_variable("openclaw_degraded") == "1" then
        return nil
    end
    local is_vague = string_find(
        joined(headers.vary),
        "*",
        1,
        true
    )
    if is_vague ~= nil then
        return nil
    end
    local seconds = seconds_allowed(headers)
    local ____temp_1
    if seconds == nil or seconds <= 0 then
        ____temp_1 = nil
    else
        ____temp_1 = {headers = headers, seconds = seconds}
    end
    return ____temp_1
end
____exports.look = look
--- Whether what has these headers depends on no header of requests but those in each key, so that it may be kept without nginx. Phases: any.
local function is_same_for_all(headers)
    local vary = joined(headers.vary)
    if vary == "" then
        return true
    end
    for ____, name in ipairs(texts_split(
        string_lower(vary),
        ","
    )) do
        local trimmed = texts_trim(name)
        if trimmed ~= "" and not (IN_KEY[trimmed] ~= nil) then
            return false
        end
    end
    return true
end
____exports.is_same_for_all = is_same_for_all
return ____exports
