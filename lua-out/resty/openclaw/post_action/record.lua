local ____exports = {}
local string_buffer = require("string.buffer")
local request = require("resty.openclaw.core.request.request")
local request_uri = require("resty.openclaw.core.request.request_uri")
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local json = require("resty.openclaw.core.text.json")
local ids = require("resty.openclaw.post_action.ids")
--- Variables that nginx or the gateway writes as numbers. What clients write (`$arg_…`, `$http_…`) stays a string, so that a field
-- always has the same type.
local NUMBERS = {}
for ____, name in ipairs({
    "body_bytes_sent",
    "bytes_sent",
    "connection",
    "connection_requests",
    "connection_time",
    "msec",
    "openclaw_cached_tokens",
    "openclaw_completion_tokens",
    "openclaw_first_token_seconds",
    "openclaw_prompt_tokens",
    "openclaw_queue_seconds",
    "openclaw_reasoning_tokens",
    "openclaw_tokens_per_second",
    "remote_port",
    "request_length",
    "request_time",
    "server_port",
    "status",
    "upstream_bytes_received",
    "upstream_bytes_sent",
    "upstream_connect_time",
    "upstream_header_time",
    "upstream_queue_time",
    "upstream_response_length",
    "upstream_response_time",
    "upstream_status"
}) do
    NUMBERS[name] = true
end
--- Above this "%.14g" cannot show every integer.
local LARGEST = 100000000000000
--- The line that is being written; one for all, as writing never yields. Values of variables are copied into it: a Lua string for each
-- would cost more than all the rest (see bench/README.md).
local line = string_buffer.new()
--- A variable that nginx writes as a number, in JSON; null for "-".
local function number_text(value)
    return (value == nil or value == "-" or value == "") and "null" or value
end
local function try_text(one)
    local status = number_text(one.status)
    local seconds = number_text(one.response_seconds)
    return string.format(
        "{\"node\":%s,\"status\":%s,\"seconds\":%s}",
        json.text(one.address),
        status,
        seconds
    )
end
--- The fields of a request with several attempts: the last node, the seconds of all attempts, and each attempt.
local function tries_text(addresses, seconds)
    local tries = upstream_tries.parse(
        addresses,
        request.variable("upstream_status") or "",
        seconds
    )
    local texts = {}
    local total = 0
    for ____, one in ipairs(tries) do
        texts[#texts + 1] = try_text(one)
        total = total + (tonumber(one.response_seconds) or 0)
    end
    local last = tries[#tries]
    local node = last == nil and "null" or json.text(last.address)
    return string.format(
        "%s,\"upstream_seconds\":%.3f,\"tries\":[%s]",
        node,
        total,
        table.concat(texts, ",")
    )
end
--- Writes a variable that needs no escapes as a string; null where it is empty or missing.
local function put_text(name)
    if request.append(line, name, "\"") then
        line:put("\"")
    else
        line:put("null")
    end
end
--- Writes a variable that nginx writes as a number; `none` where it has no number.
local function put_number(name, none)
    if not request.append_number(line, name) then
        line:put(none)
    end
end
local function put_node()
    local addresses = request.variable("upstream_addr")
    if addresses == nil then
        line:put("null,\"upstream_seconds\":null")
    elseif upstream_tries.is_single(addresses) then
        line:put(
            json.short_text(addresses),
            ",\"upstream_seconds\":"
        )
        put_number("upstream_response_time", "null")
    else
        line:put(tries_text(
            addresses,
            request.variable("upstream_response_time")
        ))
    end
end
--- A number unchanged; all else as a string, such as a list after several attempts, or the status "000".
local function extra_text(value, is_number)
    if value == nil or value == "" then
        return "null"
    end
    if not is_number then
        return json.text(value)
    end
    if value == "-" then
        return "null"
    end
    local is_whole = (string.match(value, "^[1-9]%d*$")) ~= nil or value == "0"
    local is_plain = is_whole or (string.match(value, "^%d+%.%d+$")) ~= nil
    return is_plain and value or json.text(value)
end
--- The fields of the option `record_variables`.
local function extras_text(extras)
    local parts = {}
    for ____, extra in ipairs(extras) do
        local value = request.variable(extra.variable)
        parts[#parts + 1] = extra.key
        parts[#parts + 1] = extra_text(value, extra.is_number)
    end
    return table.concat(parts)
end
--- Writes a number that only some requests have, with comma and name in front; nothing where it is no number.
local function put_optional_number(name, before)
    local number = tonumber(request.variable(name) or "")
    if number ~= nil and number >= 0 and number < LARGEST then
        line:put(before):putf("%.14g", number)
    end
end
--- Writes the fields that `inference` has found in the response.
local function put_inference(finish_reason)
    put_optional_number("openclaw_prompt_tokens", ",\"prompt_tokens\":")
    put_optional_number("openclaw_cached_tokens", ",\"cached_tokens\":")
    put_optional_number("openclaw_completion_tokens", ",\"completion_tokens\":")
    put_optional_number("openclaw_reasoning_tokens", ",\"reasoning_tokens\":")
    local source = request.variable("openclaw_tokens_source") or ""
    if source ~= "" then
        line:put(
            ",\"tokens_source\":",
            json.short_text(source)
        )
    end
    line:put(
        ",\"finish_reason\":",
        json.short_text(finish_reason)
    )
    put_optional_number("openclaw_first_token_seconds", ",\"first_token_seconds\":")
end
--- Writes the fields that only some requests have, each with a comma in front.
local function put_optional_fields()
    local variant = request.variable("openclaw_variant") or ""
    local model = request.variable("openclaw_model") or ""
    if variant ~= "" then
        line:put(
            ",\"variant\":",
            json.short_text(variant)
        )
    end
    if model ~= "" then
        line:put(
            ",\"model\":",
            json.short_text(model)
        )
    end
    local finish_reason = request.variable("openclaw_finish_reason") or ""
    if finish_reason ~= "" then
        put_inference(finish_reason)
    end
    if request.variable("openclaw_degraded") == "1" then
        line:put(",\"degraded\":true")
    end
end
--- Seconds as a whole number of milliseconds, the resolution of nginx's clock.
local function milliseconds(seconds)
    local whole = math.floor(math.max(0, seconds) * 1000 + 0.5)
    return whole
end
--- The record of the request at hand, without a line end; valid until the next one is written. Method and address need no escapes: nginx
-- accepts letters only for the one, and writes the other itself. Phases: log.
function ____exports.write(recorder, route)
    local its_ids = recorder.ids
    ids.advance(its_ids)
    local now = milliseconds(request.now())
    local took = milliseconds(request.seconds_taken())
    local its_route = route or request.variable("openclaw_route")
    line:reset()
    line:putf(
        "{\"id\":\"%s-%d\",\"time\":%d.%03d,\"route\":%s,\"method\":\"%s\",\"uri\":%s,\"status\":%d,\"node\":",
        its_ids.origin,
        its_ids.sequence,
        now / 1000,
        now % 1000,
        its_route == "" and "null" or json.short_text(its_route),
        ngx.req.get_method(),
        json.short_text(request_uri.shown(recorder.with_query)),
        request.status()
    )
    put_node()
    line:putf(",\"request_seconds\":%d.%03d,\"request_bytes\":", took / 1000, took % 1000)
    put_number("request_length", "0")
    line:put(",\"response_bytes\":")
    put_number("bytes_sent", "0")
    line:put(",\"cache\":")
    put_text("upstream_cache_status")
    line:put(",\"client\":\"")
    request.append(line, "remote_addr", "")
    line:put("\",\"request_id\":")
    put_text("openclaw_request_id")
    line:put(",\"trace_id\":")
    put_text("openclaw_trace_id")
    put_optional_fields()
    if #recorder.extras > 0 then
        line:put(extras_text(recorder.extras))
    end
    line:put("}")
    return line
end
--- A recorder. Phases: init.
-- 
-- @param its_ids where the records get their ids from
-- @param with_query whether the record's uri has the query string
-- @param variables more fields, and the nginx variables they show
local function create(its_ids, with_query, variables)
    local names = {}
    for name in pairs(variables) do
        names[#names + 1] = name
    end
    table.sort(names)
    local extras = {}
    for ____, name in ipairs(names) do
        local variable = variables[name]
        extras[#extras + 1] = {
            key = ("," .. json.text(name)) .. ":",
            variable = variable,
            is_number = NUMBERS[variable] == true
        }
    end
    return {ids = its_ids, with_query = with_query, extras = extras}
end
____exports.new = create
return ____exports
