local ____exports = {}
local request = require("resty.openclaw.core.request.request")
local request_body = require("resty.openclaw.core.request.request_body")
local calls = require("resty.openclaw.admin.call")
local MOST_BYTES = 4096
local TOO_LARGE = "The body is over 4096 bytes."
local function fail(call, err)
    call.faults:report("unreadable_body", err)
    return calls.refuse(call, 500, "internal_error", "The gateway could not read the request body.")
end
--- Reads the body; ends the request if it is too large, or its Content-Type is not JSON. Phases: content; yields.
function ____exports.read(call)
    local media_type = string.match(
        request.variable("content_type") or "",
        "^%s*([^;%s]*)"
    )
    if media_type ~= "" and string.lower(media_type) ~= "application/json" then
        return calls.refuse(call, 415, "unsupported_media_type", "The body must be application/json.")
    end
    if request.whole_number("content_length") > MOST_BYTES then
        return calls.refuse(call, 413, "body_too_large", TOO_LARGE)
    end
    local body, err = request_body.read()
    if body == nil then
        return fail(call, err)
    end
    if body.bytes > MOST_BYTES then
        return calls.refuse(call, 413, "body_too_large", TOO_LARGE)
    end
    local text, text_err = request_body.first(body, MOST_BYTES)
    if text == nil then
        return fail(call, text_err)
    end
    return text
end
return ____exports
