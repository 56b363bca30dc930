local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local string_lower = string.lower
local string_sub = string.sub
local string_buffer = require("string.buffer")
local string_buffer_new = string_buffer.new
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local request = require("resty.openclaw.core.request.request")
local request_status = request.status
local request_variable = request.variable
local request_whole_number = request.whole_number
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_each = request_body.each
local request_body_read = request_body.read
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
local chunk = require("resty.openclaw.core.request.response_chunk")
local chunk_is_here = chunk.is_here
local chunk_is_last = chunk.is_last
local chunk_look = chunk.look
local kinds = require("resty.openclaw.inference.kinds")
local kinds_type_in = kinds.type_in
local usage_events = require("resty.openclaw.inference.usage_event")
local usage_events_new = usage_events.new
local usage_events_take = usage_events.take
local usage_requests = require("resty.openclaw.inference.usage_request")
local usage_requests_change = usage_requests.change
local HTTP_OK = 200
--- The end of the paths of OpenAI's chat completions and completions. Other APIs refuse unknown fields.
local PATH_END = "/completions"
--- With one of these headers the body must not be changed.
local DIGEST_VARIABLES = {"http_content_digest", "http_digest", "http_content_md5", "http_signature_input"}
local function has_digest()
    local first, second, third, fourth = unpack(DIGEST_VARIABLES, 1, 4)
    return request_variable(first) ~= nil or request_variable(second) ~= nil or request_variable(third) ~= nil or request_variable(fourth) ~= nil
end
--- Whether the request may be one for a stream, by method, path and content type.
local function is_candidate()
    if request_variable("request_method") ~= "POST" then
        return false
    end
    if string_sub(
        request_variable("uri") or "",
        -#PATH_END
    ) ~= PATH_END then
        return false
    end
    return kinds_type_in("http_content_type") == "application/json"
end
local function take_piece(buffer, bytes, count)
    buffer:putcdata(bytes, count)
end
local function text_of(body)
    local buffer = string_buffer_new()
    local count, err = request_body_each(body, take_piece, buffer)
    if count == nil then
        return nil, err
    end
    return buffer:get()
end
local function unreadable(usage, err)
    usage.faults:report("unreadable_body", err)
    return "unreadable"
end
--- Changes the request if it asks for a stream. Returns the result for the metric; nothing for other requests.
local function result_of(usage)
    if request_whole_number("content_length") > usage.max_body_bytes then
        return "too_large"
    end
    local body, read_err = request_body_read()
    if body == nil then
        return unreadable(usage, read_err)
    end
    if body.bytes > usage.max_body_bytes then
        return "too_large"
    end
    local text, text_err = text_of(body)
    if text == nil then
        return unreadable(usage, text_err)
    end
    local what, changed = usage_requests_change(text)
    if what == "other" then
        return nil
    end
    if changed == nil then
        return what
    end
    if has_digest() or (request_variable("http_content_encoding") or "") ~= "" then
        return "left"
    end
    local ok, err = pcall(ngx.req.set_body_data, changed)
    if not ok then
        return unreadable(
            usage,
            tostring(err)
        )
    end
    request_state_open().usage_asked = {usage_filter = nil, is_stream = false}
    return "set"
end
--- Requests usage if the current request asks for a stream. Phases: access; yields. Ends the request only where nginx cannot read its body.
local function ask(usage)
    local ____temp_2 = not is_candidate()
    if not ____temp_2 then
        local ____opt_0 = request_state_present()
        ____temp_2 = (____opt_0 and ____opt_0.usage_asked) ~= nil
    end
    if ____temp_2 then
        return
    end
    local result = result_of(usage)
    if result ~= nil then
        usage.requests[result]:inc()
    end
end
____exports.ask = ask
--- Prepares to remove the event if the response is a stream. Phases: header_filter.
local function begin()
    local ____opt_3 = request_state_present()
    local asked = ____opt_3 and ____opt_3.usage_asked
    if asked == nil then
        return
    end
    asked.usage_filter = nil
    asked.is_stream = request_status() == HTTP_OK and kinds_type_in("sent_http_content_type") == "text/event-stream"
    if not asked.is_stream then
        return
    end
    local encoding = string_lower(request_variable("sent_http_content_encoding") or "")
    if encoding ~= "" and encoding ~= "identity" then
        return
    end
    asked.usage_filter = usage_events_new()
    if request_variable("sent_http_content_length") ~= nil then
        ngx.header["Content-Length"] = nil
    end
end
____exports.begin = begin
local function filter(usage_filter)
    if not chunk_is_here() then
        return
    end
    local is_last = chunk_is_last()
    local memory, bytes = chunk_look()
    local text = usage_events_take(usage_filter, memory, bytes, is_last)
    if text ~= nil then
        ngx.arg[1] = text
    end
end
--- Removes the event from the response. On failure the rest of the response passes unchanged. Phases: body_filter. Never raises.
local function pass(usage)
    local ____opt_7 = request_state_present()
    local ____opt_5 = ____opt_7 and ____opt_7.usage_asked
    local usage_filter = ____opt_5 and ____opt_5.usage_filter
    if usage_filter == nil or usage_filter.is_over and usage_filter.held == nil then
        return
    end
    local held = usage_filter.held
    local ok = guard_call(usage.faults, "untaken_event", filter, usage_filter)
    if ok then
        return
    end
    usage_filter.is_over = true
    usage_filter.has_left = true
    usage_filter.held = nil
    if held ~= nil then
        ngx.arg[1] = held .. tostring(ngx.arg[1] or "")
    end
end
____exports.pass = pass
--- Counts what happened to the event. Phases: log.
local function settle(usage)
    local state = request_state_present()
    local asked = state and state.usage_asked
    if asked == nil then
        return
    end
    state.usage_asked = nil
    if not asked.is_stream then
        return
    end
    local usage_filter = asked.usage_filter
    if usage_filter == nil or usage_filter.has_left then
        usage.events.left:inc()
    else
        usage.events[usage_filter.has_removed and "taken" or "absent"]:inc()
    end
end
____exports.settle = settle
local function by_result(registry, name, help, results)
    local family = metric_registry_counter(registry, name, help, {"result"})
    local counters = {}
    for ____, result in ipairs(results) do
        counters[result] = family:labels(result)
    end
    return counters
end
--- The settings and counters. Bodies longer than `max_body_bytes` are not changed. Phases: init.
local function create(registry, faults, max_body_bytes)
    return {
        max_body_bytes = max_body_bytes,
        requests = by_result(registry, "openclaw_inference_usage_requests_total", "Requests in which usage may be requested, by result.", {
            "set",
            "asked",
            "left",
            "too_large",
            "unreadable"
        }),
        events = by_result(registry, "openclaw_inference_usage_events_total", "Streams for which the gateway has requested usage, by what happened to the usage event.", {"taken", "left", "absent"}),
        faults = faults
    }
end
____exports.new = create
return ____exports
