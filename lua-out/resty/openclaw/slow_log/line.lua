local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local string_format = string.format
local table_concat = table.concat
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local request_seconds_taken = request.seconds_taken
local request_status = request.status
local request_variable = request.variable
local request_whole_number = request.whole_number
local request_uri = require("resty.openclaw.core.request.request_uri")
local request_uri_shown = request_uri.shown
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local upstream_tries_parse = upstream_tries.parse
local json = require("resty.openclaw.core.text.json")
local json_text = json.text
local ____text = require("resty.openclaw.core.text.text")
local decimal = ____text.decimal
local utf8 = require("resty.openclaw.core.text.utf8")
local utf8_cut = utf8.cut
local LINE = table_concat({"{\"time\":%.3f,\"request_id\":%s,\"trace_id\":%s,\"route\":%s,\"variant\":%s,\"client\":%s,\"method\":%s,\"uri\":%s,\"status\":%d", ",\"request_seconds\":%.3f,\"queue_seconds\":%s,\"first_byte_seconds\":%s,\"node\":%s,\"tries\":[%s],\"cache\":%s", ",\"degraded\":%s,\"request_bytes\":%d,\"response_bytes\":%d,\"model\":%s,\"prompt_tokens\":%s,\"completion_tokens\":%s", ",\"finish_reason\":%s%s}"})
--- Strings from outside, such as the name of a model, are cut to so many bytes.
local MOST_STRING_BYTES = 256
--- The variable as a JSON string; null when it is empty or does not exist.
local function text_of(name)
    local value = request_variable(name) or ""
    return value == "" and "null" or json_text(utf8_cut(value, MOST_STRING_BYTES))
end
--- A JSON number; null for anything else, such as "-".
local function number_text(value)
    local whole = decimal(value or "")
    local ____temp_0
    if whole == nil then
        ____temp_0 = nil
    else
        ____temp_0 = tonumber(value)
    end
    local number = ____temp_0
    return number == nil and "null" or string_format("%.14g", number)
end
local function number_of(name)
    return number_text(request_variable(name))
end
local function try_text(one)
    return (string_format(
        "{\"node\":%s,\"status\":%s,\"connect_seconds\":%s,\"header_seconds\":%s,\"response_seconds\":%s}",
        json_text(one.address),
        number_text(one.status),
        number_text(one.connect_seconds),
        number_text(one.header_seconds),
        number_text(one.response_seconds)
    ))
end
--- Each attempt of the request, over retries and internal redirects; none for a response from the cache.
local function tries()
    return upstream_tries_parse(
        request_variable("upstream_addr") or "",
        request_variable("upstream_status") or "",
        request_variable("upstream_response_time"),
        request_variable("upstream_connect_time"),
        request_variable("upstream_header_time")
    )
end
--- The line of the current request, without a line end. Phases: log. May raise.
local function write(route, left_out)
    local all = tries()
    local texts = {}
    for ____, one in ipairs(all) do
        texts[#texts + 1] = try_text(one)
    end
    local last = all[#all]
    return (string_format(
        LINE,
        request_now(),
        text_of("openclaw_request_id"),
        text_of("openclaw_trace_id"),
        json_text(route),
        text_of("openclaw_variant"),
        text_of("remote_addr"),
        json_text(ngx.req.get_method()),
        json_text(request_uri_shown()),
        request_status(),
        request_seconds_taken(),
        number_of("openclaw_queue_seconds"),
        number_text(last and last.header_seconds),
        json_text(last and last.address),
        table_concat(texts, ","),
        text_of("upstream_cache_status"),
        request_variable("openclaw_degraded") == "1" and "true" or "false",
        request_whole_number("request_length"),
        request_whole_number("bytes_sent"),
        text_of("openclaw_model"),
        number_of("openclaw_prompt_tokens"),
        number_of("openclaw_completion_tokens"),
        text_of("openclaw_finish_reason"),
        left_out > 0 and string_format(",\"left_out\":%d", left_out) or ""
    ))
end
____exports.write = write
return ____exports
