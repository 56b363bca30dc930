local ____exports = {}
local error = error
local ipairs = ipairs
local tonumber = tonumber
local tostring = tostring
local math_max = math.max
local math_min = math.min
local string_byte = string.byte
local string_find = string.find
local string_gsub = string.gsub
local string_lower = string.lower
local string_match = string.match
local texts = require("resty.openclaw.core.text.text")
local texts_split = texts.split
local texts_trim = texts.trim
local http_client = require("resty.openclaw.http_client")
local http_client_parse_url = http_client.parse_url
local http_client_request = http_client.request
local key_set = require("resty.openclaw.auth.jwt.key_set")
local key_set_MOST_BYTES = key_set.MOST_BYTES
--- Each of connecting, sending and waiting for more.
local STEP_SECONDS = 2
--- The whole request, without the look-up of the name.
local MOST_SECONDS = 5
____exports.MOST_SECONDS = MOST_SECONDS
--- Whether a host is this machine.
local function is_loopback(host)
    local ipv4 = string_find(host, "^127%.%d+%.%d+%.%d+$")
    return ipv4 ~= nil or host == "localhost" or host == "[::1]"
end
--- Whether a host is an address: nginx verifies names in certificates alone.
local function is_address(host)
    local ipv4 = string_find(host, "^%d+%.%d+%.%d+%.%d+$")
    return ipv4 ~= nil or string_byte(host) == string_byte("[")
end
--- The place that a URL names. Raises when it is no https URL with a host name, or http URL of this machine. The message begins with
-- the option's path and shows nothing of the URL, which may have a password. Phases: init.
local function place_of(option, url, server_name)
    local target, err = http_client_parse_url(url)
    if target == nil then
        error((option .. " must be an https URL: ") .. err, 0)
    end
    local ____target_0 = target
    local scheme = ____target_0.scheme
    local host = ____target_0.host
    local port = ____target_0.port
    local path = ____target_0.path
    if scheme == "http" and not is_loopback(host) then
        error(option .. " must be an https URL; http is for 127.0.0.1, localhost and [::1] only", 0)
    end
    if scheme == "https" and is_address(host) and server_name == nil then
        error(option .. " must have a host name, as certificates are verified by name, got an address", 0)
    end
    local without_query = string_gsub(path, "%?.*$", "")
    return {
        target = target,
        server_name = server_name,
        name = ((((scheme .. "://") .. host) .. ":") .. tostring(port)) .. without_query
    }
end
____exports.place_of = place_of
--- What a directive like `max-age=300` says; nothing for all others. Source: RFC 9111, section 5.2.
local function max_age(directive)
    local digits = string_match(
        string_lower(texts_trim(directive)),
        "^max%-age=\"?(%d+)\"?$"
    )
    return (tonumber(digits))
end
--- How long an answer may be used by its `Cache-Control`, less the time that it was in caches already; nothing where it does not say.
-- Source: RFC 9111, sections 4.2 and 5.2.2. Phases: any.
local function seconds_of(headers)
    local control = headers["cache-control"]
    if control == nil then
        return nil
    end
    local found
    for ____, directive in ipairs(texts_split(control, ",")) do
        local word = string_lower(texts_trim(directive))
        if word == "no-store" or word == "no-cache" then
            return 0
        end
        local seconds = max_age(directive)
        if seconds ~= nil then
            found = math_min(found or seconds, seconds)
        end
    end
    if found == nil then
        return nil
    end
    local age = string_match(headers.age or "", "^%d+$")
    return (math_max(
        0,
        found - (tonumber(age) or 0)
    ))
end
____exports.seconds_of = seconds_of
--- What to do about an error of TLS.
local function remedy(err)
    local found = string_find(err, "unable to get local issuer certificate", 1, true)
    return found == nil and "" or "; lua_ssl_trusted_certificate must name the file with its authority"
end
--- Fetches the text; redirects are not followed. Phases: timers. On failure nil and why, without anything of the answer.
local function fetch(place)
    local ____place_target_1 = place.target
    local scheme = ____place_target_1.scheme
    local host = ____place_target_1.host
    local port = ____place_target_1.port
    local path = ____place_target_1.path
    local response, err = http_client_request({
        scheme = scheme,
        host = host,
        port = port,
        path = path,
        headers = {Accept = "application/json"},
        connect_seconds = STEP_SECONDS,
        send_seconds = STEP_SECONDS,
        read_seconds = STEP_SECONDS,
        total_seconds = MOST_SECONDS,
        max_bytes = key_set_MOST_BYTES,
        ssl_verify = true,
        ssl_server_name = place.server_name
    })
    if response == nil then
        return nil, err .. remedy(err)
    end
    if response.status ~= 200 then
        return nil, ("status " .. tostring(response.status)) .. " instead of 200"
    end
    return {
        text = response.body,
        seconds = seconds_of(response.headers)
    }
end
____exports.fetch = fetch
return ____exports
