local ____exports = {}
local json = require("resty.openclaw.json")
local request = require("resty.openclaw.request")
local request_uri = require("resty.openclaw.request_uri")
local upstream_tries = require("resty.openclaw.upstream_tries")
--- One call for the whole line: LuaJIT compiles it, where pieces put together would each be a string of their own. Method
-- and address need no escapes: nginx takes letters only for the one, and writes the other itself.
local RECORD = table.concat({"{\"id\":\"%s-%d\",\"time\":%d.%03d,\"route\":%s,\"method\":\"%s\",\"uri\":%s,\"status\":%d,\"node\":%s,\"request_seconds\":%d.%03d", ",\"request_bytes\":%d,\"response_bytes\":%d,\"cache\":%s,\"client\":\"%s\",\"request_id\":%s,\"trace_id\":%s%s%s}"})
--- When this worker began to record, and a random number, as other machines have workers too.
local function make_origin()
    local source = io.open("/dev/urandom", "rb")
    local noise = source and source:read(4) or ""
    if source ~= nil then
        source:close()
    end
    local number = ngx.worker.pid()
    for index = 1, #noise do
        number = number * 256 + string.byte(noise, index)
    end
    return string.format(
        "%x-%x",
        request.now() * 1000,
        number % 4294967296
    )
end
--- A variable that nginx writes as a number; "-" is none.
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
--- The fields of a request that took several tries: the last node, the seconds of all tries, and each try.
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
local function node_text()
    local addresses = request.variable("upstream_addr")
    local seconds = request.variable("upstream_response_time")
    if addresses == nil then
        return "null,\"upstream_seconds\":null"
    end
    if not upstream_tries.is_single(addresses) then
        return tries_text(addresses, seconds)
    end
    return (json.short_text(addresses) .. ",\"upstream_seconds\":") .. number_text(seconds)
end
--- The user's own fields; a variable that was never set is empty, or there is none.
local function extras_text(extras)
    local parts = {}
    for ____, extra in ipairs(extras) do
        local value = request.variable(extra.variable)
        parts[#parts + 1] = extra.key
        parts[#parts + 1] = value == "" and "null" or json.text(value)
    end
    return table.concat(parts)
end
--- One of the ids that nginx/openclaw.conf makes; its maps let nothing through that must be escaped.
local function id_text(name)
    local id = request.variable(name)
    return (id == nil or id == "") and "null" or string.format("\"%s\"", id)
end
--- What only some requests have; each with its comma in front.
local function circumstances_text()
    local variant = request.variable("openclaw_variant") or ""
    local model = request.variable("openclaw_model") or ""
    local degraded = request.variable("openclaw_degraded") or ""
    if variant == "" and model == "" and degraded == "" then
        return ""
    end
    local text = string.format(
        "%s%s%s",
        variant == "" and "" or ",\"variant\":" .. json.short_text(variant),
        model == "" and "" or ",\"model\":" .. json.short_text(model),
        degraded == "1" and ",\"degraded\":true" or ""
    )
    return text
end
--- Milliseconds, as a whole number: what nginx's clock counts.
local function milliseconds(seconds)
    local whole = math.floor(math.max(0, seconds) * 1000 + 0.5)
    return whole
end
--- The record of the request being logged, without a line end. Phases: log.
function ____exports.write(recorder, route)
    recorder.origin = recorder.origin or make_origin()
    recorder.sequence = recorder.sequence + 1
    local now = milliseconds(request.now())
    local took = milliseconds(request.seconds_taken())
    local its_route = route or request.variable("openclaw_route")
    local cache = request.variable("upstream_cache_status")
    local line = string.format(
        RECORD,
        recorder.origin,
        recorder.sequence,
        now / 1000,
        now % 1000,
        its_route == "" and "null" or json.short_text(its_route),
        ngx.req.get_method(),
        json.short_text(request_uri.shown(recorder.with_query)),
        request.status(),
        node_text(),
        took / 1000,
        took % 1000,
        request.whole_number("request_length"),
        request.whole_number("bytes_sent"),
        (cache == nil or cache == "") and "null" or json.short_text(cache),
        request.variable("remote_addr") or "",
        id_text("openclaw_request_id"),
        id_text("openclaw_trace_id"),
        circumstances_text(),
        #recorder.extras == 0 and "" or extras_text(recorder.extras)
    )
    return line
end
--- A recorder. Phases: init.
-- 
-- @param with_query whether the record's uri has the query string
-- @param variables more fields, and the nginx variables they show
local function create(with_query, variables)
    local names = {}
    for name in pairs(variables) do
        names[#names + 1] = name
    end
    table.sort(names)
    local extras = {}
    for ____, name in ipairs(names) do
        extras[#extras + 1] = {
            key = ("," .. json.text(name)) .. ":",
            variable = variables[name]
        }
    end
    return {with_query = with_query, extras = extras, sequence = 0}
end
____exports.new = create
return ____exports
