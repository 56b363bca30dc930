local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local tonumber = tonumber
local math_floor = math.floor
local math_max = math.max
local string_format = string.format
local string_match = string.match
local table_concat = table.concat
local table_sort = table.sort
local string_buffer = require("string.buffer")
local string_buffer_new = string_buffer.new
local request = require("resty.openclaw.core.request.request")
local request_append = request.append
local request_append_number = request.append_number
local request_now = request.now
local request_seconds_taken = request.seconds_taken
local request_status = request.status
local request_variable = request.variable
local request_uri = require("resty.openclaw.core.request.request_uri")
local request_uri_shown = request_uri.shown
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local upstream_tries_is_single = upstream_tries.is_single
local upstream_tries_parse = upstream_tries.parse
local json = require("resty.openclaw.core.text.json")
local json_short_text = json.short_text
local json_text = json.text
local ids = require("resty.openclaw.post_action.ids")
local ids_advance = ids.advance
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
local line = string_buffer_new()
--- A variable that nginx writes as a number, in JSON; null for "-".
local function number_text(value)
    return (value == nil or value == "-" or value == "") and "null" or value
end
local function try_text(one)
    local status = number_text(one.status)
    local seconds = number_text(one.response_seconds)
    return (string_format(
        "{\"node\":%s,\"status\":%s,\"seconds\":%s}",
        json_text(one.address),
        status,
        seconds
    ))
end
--- The fields of a request with several attempts: the last node, the seconds of all attempts, and each attempt.
local function tries_text(addresses, seconds)
    local tries = upstream_tries_parse(
        addresses,
        request_variable("upstream_status") or "",
        seconds
    )
    local texts = {}
    local total = 0
    for ____, one in ipairs(tries) do
        texts[#texts + 1] = try_text(one)
        total = total + (tonumber(one.response_seconds) or 0)
    end
    local last = tries[#tries]
    local node = last == nil and "null" or json_text(last.address)
    return (string_format(
        "%s,\"upstream_seconds\":%.3f,\"tries\":[%s]",
        node,
        total,
        table_concat(texts, ",")
    ))
end
--- Writes a variable that needs no escapes as a string; null where it is empty or missing.
local function put_text(name)
    if request_append(line, name, "\"") then
        line:put("\"")
    else
        line:put("null")
    end
end
--- Writes a variable that nginx writes as a number; `none` where it has no number.
local function put_number(name, none)
    if not request_append_number(line, name) then
        line:put(none)
    end
end
local function put_node()
    local addresses = request_variable("upstream_addr")
    if addresses == nil then
        line:put("null,\"upstream_seconds\":null")
    elseif upstream_tries_is_single(addresses) then
        line:put(
            json_short_text(addresses),
            ",\"upstream_seconds\":"
        )
        put_number("upstream_response_time", "null")
    else
        line:put(tries_text(
            addresses,
            request_variable("upstream_response_time")
        ))
    end
end
--- A number unchanged; all else as a string, such as a list after several attempts, or the status "000".
local function extra_text(value, is_number)
    if value == nil or value == "" then
        return "null"
    end
    if not is_number then
        return json_text(value)
    end
    if value == "-" then
        return "null"
    end
    local is_whole = (string_match(value, "^[1-9]%d*$")) ~= nil or value == "0"
    local is_plain = is_whole or (string_match(value, "^%d+%.%d+$")) ~= nil
    return is_plain and value or json_text(value)
end
--- The fields of the option `record_variables`.
local function extras_text(extras)
    local parts = {}
    for ____, extra in ipairs(extras) do
        local value = request_variable(extra.variable)
        parts[#parts + 1] = extra.key
        parts[#parts + 1] = extra_text(value, extra.is_number)
    end
    return (table_concat(parts))
end
--- Writes a number that only some requests have, with comma and name in front; nothing where it is no number.
local function put_optional_number(name, before)
    local number = tonumber(request_variable(name) or "")
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
    local source = request_variable("openclaw_tokens_source") or ""
    if source ~= "" then
        line:put(
            ",\"tokens_source\":",
            json_short_text(source)
        )
    end
    line:put(
        ",\"finish_reason\":",
        json_short_text(finish_reason)
    )
    put_optional_number("openclaw_first_token_seconds", ",\"first_token_seconds\":")
end
--- Writes the fields that only some requests have, each with a comma in front.
local function put_optional_fields()
    local variant = request_variable("openclaw_variant") or ""
    local model = request_variable("openclaw_model") or ""
    if variant ~= "" then
        line:put(
            ",\"variant\":",
            json_short_text(variant)
        )
    end
    if model ~= "" then
        line:put(
            ",\"model\":",
            json_short_text(model)
        )
    end
    local finish_reason = request_variable("openclaw_finish_reason") or ""
    if finish_reason ~= "" then
        put_inference(finish_reason)
    end
    if request_variable("openclaw_degraded") == "1" then
        line:put(",\"degraded\":true")
    end
end
--- Seconds as a whole number of milliseconds, the resolution of nginx's clock.
local function milliseconds(seconds)
    local whole = math_floor(math_max(0, seconds) * 1000 + 0.5)
    return whole
end
--- The record of the request at hand, without a line end; valid until the next one is written. Method and address need no escapes: nginx
-- accepts letters only for the one, and writes the other itself. Phases: log.
local function write(recorder, route)
    local its_ids = recorder.ids
    ids_advance(its_ids)
    local now = milliseconds(request_now())
    local took = milliseconds(request_seconds_taken())
    local its_route = route or request_variable("openclaw_route")
    line:reset()
    line:putf(
        "{\"id\":\"%s-%d\",\"time\":%d.%03d,\"route\":%s,\"method\":\"%s\",\"uri\":%s,\"status\":%d,\"node\":",
        its_ids.origin,
        its_ids.sequence,
        now / 1000,
        now % 1000,
        its_route == "" and "null" or json_short_text(its_route),
        ngx.req.get_method(),
        json_short_text(request_uri_shown(recorder.with_query)),
        request_status()
    )
    put_node()
    line:putf(",\"request_seconds\":%d.%03d,\"request_bytes\":", took / 1000, took % 1000)
    put_number("request_length", "0")
    line:put(",\"response_bytes\":")
    put_number("bytes_sent", "0")
    line:put(",\"cache\":")
    put_text("upstream_cache_status")
    line:put(",\"client\":\"")
    request_append(line, "remote_addr", "")
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
____exports.write = write
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
    table_sort(names)
    local extras = {}
    for ____, name in ipairs(names) do
        local variable = variables[name]
        extras[#extras + 1] = {
            key = ("," .. json_text(name)) .. ":",
            variable = variable,
            is_number = NUMBERS[variable] == true
        }
    end
    return {ids = its_ids, with_query = with_query, extras = extras}
end
____exports.new = create
return ____exports
