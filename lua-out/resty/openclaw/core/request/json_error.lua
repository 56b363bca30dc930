local ____exports = {}
local tonumber = tonumber
local string_format = string.format
local json = require("resty.openclaw.core.text.json")
local json_text = json.text
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
local time_left = require("resty.openclaw.core.request.time_left")
local time_left_seconds = time_left.seconds
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local upstream_tries_tried = upstream_tries.tried
local UNKNOWN = {code = "error", message = "The request failed."}
--- What stands for each status that nginx itself answers with; listed in docs/errors.md.
local ENTRIES = {
    [400] = {code = "bad_request", message = "The request is malformed."},
    [401] = {code = "unauthorized", message = "The request lacks valid credentials."},
    [403] = {code = "forbidden", message = "The request is not allowed."},
    [404] = {code = "not_found", message = "There is nothing at this address."},
    [405] = {code = "method_not_allowed", message = "This address does not take this method."},
    [408] = {code = "request_timeout", message = "The request did not arrive in time."},
    [411] = {code = "length_required", message = "The request must state the length of its body."},
    [413] = {code = "body_too_large", message = "The request body is too large."},
    [414] = {code = "uri_too_long", message = "The address is too long."},
    [415] = {code = "unsupported_media_type", message = "This kind of body is not supported."},
    [416] = {code = "range_not_satisfiable", message = "The range does not exist."},
    [421] = {code = "misdirected_request", message = "This server does not answer for that host."},
    [429] = {code = "too_many_requests", message = "Too many requests; try again later.", retry_after = 1},
    [431] = {code = "header_too_large", message = "The request header is too large."},
    [500] = {code = "internal_error", message = "The gateway failed."},
    [501] = {code = "not_implemented", message = "The gateway does not support this request."},
    [502] = {code = "bad_gateway", message = "The node gave no valid answer."},
    [503] = {code = "no_node_available", message = "No node can take the request now.", retry_after = 1},
    [504] = {code = "gateway_timeout", message = "The node did not answer in time."},
    [505] = {code = "http_version_not_supported", message = "This version of HTTP is not supported."}
}
--- Answers with an error and ends the request. Where the answer has begun already it is cut off instead, so that the
-- client does not take it for a whole one. Phases: rewrite, access, content; never returns.
-- 
-- @param retry_after seconds for the Retry-After header; nothing leaves it out
local function respond(status, code, message, retry_after)
    if ngx.headers_sent then
        return ngx.exit(ngx.ERROR)
    end
    local body = string_format(
        "{\"error\":{\"code\":%s,\"message\":%s,\"status\":%d}}\n",
        json_text(code),
        json_text(message),
        status
    )
    ngx.status = status
    ngx.header["Content-Type"] = "application/json"
    ngx.header["Content-Length"] = #body
    ngx.header["Cache-Control"] = "no-store"
    if retry_after ~= nil then
        ngx.header["Retry-After"] = retry_after
    end
    ngx.print(body)
    return ngx.exit(ngx.HTTP_OK)
end
____exports.respond = respond
--- Answers that the request's deadline has passed. As `respond`.
local function too_late()
    return respond(504, "deadline_exceeded", "The deadline of the request has passed.")
end
____exports.too_late = too_late
--- What a balancer meant by a 500: without OpenResty's patches nginx makes one of whatever it answers. Only then there is
-- a Retry-After before. Where the last node has said that its client asks too much, that is it.
local function status_of_balancer()
    local statuses = upstream_tries_tried(request_variable("upstream_status") or "")
    return statuses[#statuses] == "429" and 429 or 503
end
--- The page for errors that nginx makes itself: the location that `error_page` names in nginx/errors.conf.
-- Phases: content.
local function page()
    local retry_after = tonumber(ngx.header["Retry-After"])
    local status = ngx.status == 500 and retry_after ~= nil and status_of_balancer() or ngx.status
    local entry = ENTRIES[status] or UNKNOWN
    ngx.header["X-Request-Id"] = request_variable("openclaw_request_id")
    local ____opt_0 = request_state_present()
    local instead = ____opt_0 and ____opt_0.without_node
    if instead ~= nil then
        return respond(instead.status or status, instead.code, instead.message)
    end
    if status >= 500 and (time_left_seconds() or 1) <= 0 then
        return too_late()
    end
    return respond(status, entry.code, entry.message, retry_after or entry.retry_after)
end
____exports.page = page
--- Has `page` say this, as the balancer is about to let no node be asked. Phases: balancer.
local function say_without_node(status, code, message)
    request_state_open().without_node = {status = status, code = code, message = message}
end
____exports.say_without_node = say_without_node
return ____exports
