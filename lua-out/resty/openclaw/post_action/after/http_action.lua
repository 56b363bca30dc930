local ____exports = {}
local pairs = pairs
local tostring = tostring
local type = type
local math_huge = math.huge
local math_max = math.max
local math_min = math.min
local string_format = string.format
local string_lower = string.lower
local random = require("resty.openclaw.core.bytes.random")
local random_hex = random.hex
local retry_after = require("resty.openclaw.core.http.retry_after")
local retry_after_seconds = retry_after.seconds
local backoffs = require("resty.openclaw.core.time.backoff")
local backoffs_jittered = backoffs.jittered
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local http_client = require("resty.openclaw.http_client")
local http_client_header_fault = http_client.header_fault
local http_client_parse_url = http_client.parse_url
local http_client_request = http_client.request
--- The options of `http_client.request`, and our own, with their types.
local TYPES = {
    url = "string",
    scheme = "string",
    host = "string",
    port = "number",
    path = "string",
    method = "string",
    headers = "table",
    body = "string",
    connect_seconds = "number",
    send_seconds = "number",
    read_seconds = "number",
    total_seconds = "number",
    keepalive_seconds = "number",
    keepalive_connections = "number",
    max_bytes = "number",
    truncate = "boolean",
    ssl_verify = "boolean",
    ssl_server_name = "string",
    repeatable = "boolean",
    retries = "number"
}
local MOST_RETRIES = 10
--- As `http_client` has it.
local TOTAL_SECONDS = 10
local MOST_BACKOFF_SECONDS = 30
local MOST_BACKOFF_SECONDS_AT_EXIT = 0.5
--- How long a pause may go on after the worker begins to exit.
local SLICE_SECONDS = 0.5
--- Numbers that make 128 random bits.
local KEY_NUMBERS = 4
--- A key that identifies repeated requests: draft-ietf-httpapi-idempotency-key-header, a quoted string.
local function new_key()
    return ("\"" .. random_hex(KEY_NUMBERS)) .. "\""
end
--- What is wrong with an option, or nothing.
local function value_fault(name, value)
    local expected = TYPES[name]
    if expected == nil then
        return ("unknown option \"" .. tostring(name)) .. "\""
    end
    if type(value) ~= expected then
        return (("\"" .. name) .. "\" must be a ") .. expected
    end
    if type(value) == "number" and not (value >= 0 and value < math_huge) then
        return ("\"" .. name) .. "\" must be a number from 0 up"
    end
    return nil
end
--- A copy of the headers, with an idempotency key where the request may be repeated.
local function read_headers(given, repeats)
    local headers = {}
    local has_key = false
    for name, value in pairs(given) do
        local fault = http_client_header_fault(name, value)
        if fault ~= nil then
            return nil, fault
        end
        if string_lower(name) == "idempotency-key" then
            has_key = true
        end
        headers[name] = value
    end
    if repeats and not has_key then
        headers["Idempotency-Key"] = new_key()
    end
    return headers
end
--- Replaces the URL of a request by its parts; nil and why when it has no valid target.
local function set_target(request)
    if request.url == nil then
        if request.host == nil then
            return nil, "\"url\" or \"host\" must be there"
        end
        return true
    end
    local target, err = http_client_parse_url(request.url)
    if target == nil then
        return nil, "\"url\" has " .. err
    end
    request.url = nil
    request.scheme = target.scheme
    request.host = target.host
    request.port = target.port
    request.path = target.path
    return true
end
--- Checks the table that describes a request, and copies it. Phases: any. On failure nil and why.
local function read(given)
    local copy = {}
    for name, value in pairs(given) do
        local fault = value_fault(name, value)
        if fault ~= nil then
            return nil, fault
        end
        if name ~= "retries" then
            copy[name] = value
        end
    end
    local retries = given.retries or 0
    if retries > MOST_RETRIES or retries % 1 ~= 0 then
        return nil, "\"retries\" must be a whole number from 0 to " .. tostring(MOST_RETRIES)
    end
    local request = copy
    local is_set, url_fault = set_target(request)
    if is_set == nil then
        return nil, url_fault
    end
    local headers, header_fault = read_headers(given.headers or ({}), retries > 0)
    if headers == nil then
        return nil, header_fault
    end
    request.headers = headers
    local body = given.body or ""
    if given.body ~= nil then
        request.method = given.method or "POST"
    end
    if given.truncate == nil then
        request.truncate = true
    end
    local target = string_format("%s://%s", request.scheme or "http", request.host)
    return {request = request, retries = retries, target = target, bytes = #body}
end
____exports.read = read
--- Waits; when the worker begins to exit, no longer than a slice.
local function pause(seconds)
    local was_exiting = ngx.worker.exiting()
    local ____until = clock_now() + (was_exiting and math_min(seconds, MOST_BACKOFF_SECONDS_AT_EXIT) or seconds)
    local left = ____until - clock_now()
    while left > 0 and ngx.worker.exiting() == was_exiting do
        ngx.sleep(math_max(
            0.001,
            math_min(left, SLICE_SECONDS)
        ))
        left = ____until - clock_now()
    end
end
--- One attempt: true; or nil, why, whether to retry, and the seconds after which the server asks for it.
local function attempt(request)
    local response, err = http_client_request(request)
    if response == nil then
        return nil, err, true
    end
    local status = response.status
    if status >= 200 and status <= 299 then
        return true
    end
    local again = status == 408 or status == 425 or status == 429 or status >= 500
    return nil, "status " .. tostring(status), again, retry_after_seconds(response.headers["retry-after"])
end
--- Sends a request, with retries, until an attempt succeeds, all are used, or there is no time for another. Phases: timer. On failure nil
-- and why.
-- 
-- @param seconds how long it may take in all
local function send(action, seconds, faults)
    local request = action.request
    local attempt_seconds = request.total_seconds or TOTAL_SECONDS
    local end_at = clock_now() + seconds
    local failures = 0
    while true do
        request.total_seconds = math_min(
            attempt_seconds,
            end_at - clock_now()
        )
        local done, err, again, asked_seconds = attempt(request)
        if done == true then
            return true
        end
        failures = failures + 1
        if again ~= true or failures > action.retries then
            return nil, err
        end
        local wait_seconds = math_max(
            backoffs_jittered(failures, MOST_BACKOFF_SECONDS),
            asked_seconds or 0
        )
        if clock_now() + wait_seconds >= end_at then
            return nil, err
        end
        faults:report(
            "action_retry",
            "action ",
            action.target,
            ": ",
            err
        )
        pause(wait_seconds)
    end
end
____exports.send = send
return ____exports
