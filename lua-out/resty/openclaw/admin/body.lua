local ____exports = {}
local string_lower = string.lower
local string_match = string.match
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local request_whole_number = request.whole_number
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_first = request_body.first
local request_body_read = request_body.read
local calls = require("resty.openclaw.admin.call")
local calls_refuse = calls.refuse
local MOST_BYTES = 4096
local TOO_LARGE = "The body is over 4096 bytes."
local function fail(call, err)
    call.faults:report("unreadable_body", err)
    return calls_refuse(call, 500, "internal_error", "The gateway could not read the request body.")
end
--- Reads the body; ends the request if it is too large, or its Content-Type is not JSON. Phases: content; yields.
local function read(call)
    local media_type = string_match(
        request_variable("content_type") or "",
        "^%s*([^;%s]*)"
    )
    if media_type ~= "" and string_lower(media_type) ~= "application/json" then
        return calls_refuse(call, 415, "unsupported_media_type", "The body must be application/json.")
    end
    if request_whole_number("content_length") > MOST_BYTES then
        return calls_refuse(call, 413, "body_too_large", TOO_LARGE)
    end
    local body, err = request_body_read()
    if body == nil then
        return fail(call, err)
    end
    if body.bytes > MOST_BYTES then
        return calls_refuse(call, 413, "body_too_large", TOO_LARGE)
    end
    local text, text_err = request_body_first(body, MOST_BYTES)
    if text == nil then
        return fail(call, text_err)
    end
    return text
end
____exports.read = read
return ____exports
