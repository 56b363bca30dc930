local ____exports = {}
local json = require("resty.openclaw.json")
local upstream_tries = require("resty.openclaw.upstream_tries")
--- A longer path is cut, in bytes.
local MOST_URI_BYTES = 2048
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
        ngx.now() * 1000,
        number % 4294967296
    )
end
--- A variable as a JSON string; one that was never set is empty, or there is none.
local function text_of(value)
    return value == "" and "null" or json.text(value)
end
--- A variable that nginx writes as a number; "-" is none.
local function number_text(value)
    return (value == nil or value == "-" or value == "") and "null" or value
end
local function path_of(request_uri, with_query)
    local query = string.find(request_uri, "?", 1, true)
    local path = (query == nil or with_query) and request_uri or string.sub(request_uri, 1, query - 1)
    return #path > MOST_URI_BYTES and string.sub(path, 1, MOST_URI_BYTES) or path
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
    local tries = upstream_tries.parse(addresses, ngx.var.upstream_status or "", seconds)
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
    local addresses = ngx.var.upstream_addr
    local seconds = ngx.var.upstream_response_time
    if addresses == nil then
        return "null,\"upstream_seconds\":null"
    end
    if not upstream_tries.is_single(addresses) then
        return tries_text(addresses, seconds)
    end
    return (json.text(addresses) .. ",\"upstream_seconds\":") .. number_text(seconds)
end
--- The record of the request being logged, without a line end. Phases: log.
function ____exports.write(recorder, route)
    recorder.origin = recorder.origin or make_origin()
    recorder.sequence = recorder.sequence + 1
    local parts = recorder.parts
    parts[1] = "{\"id\":\""
    parts[2] = recorder.origin
    parts[3] = "-"
    parts[4] = recorder.sequence
    parts[5] = "\",\"time\":"
    parts[6] = ngx.var.msec
    parts[7] = ",\"route\":"
    parts[8] = text_of(route or ngx.var.openclaw_route)
    parts[9] = ",\"method\":"
    parts[10] = text_of(ngx.var.request_method)
    parts[11] = ",\"uri\":"
    parts[12] = text_of(path_of(ngx.var.request_uri or "", recorder.with_query))
    parts[13] = ",\"status\":"
    parts[14] = ngx.status
    parts[15] = ",\"node\":"
    parts[16] = node_text()
    parts[17] = ",\"request_seconds\":"
    parts[18] = number_text(ngx.var.request_time)
    parts[19] = ",\"request_bytes\":"
    parts[20] = number_text(ngx.var.request_length)
    parts[21] = ",\"response_bytes\":"
    parts[22] = number_text(ngx.var.bytes_sent)
    parts[23] = ",\"cache\":"
    parts[24] = text_of(ngx.var.upstream_cache_status)
    parts[25] = ",\"client\":"
    parts[26] = text_of(ngx.var.remote_addr)
    local last = 26
    for ____, extra in ipairs(recorder.extras) do
        parts[last + 1] = extra.key
        parts[last + 2] = text_of(ngx.var[extra.variable])
        last = last + 2
    end
    parts[last + 1] = "}"
    return table.concat(parts, "", 1, last + 1)
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
    return {with_query = with_query, extras = extras, parts = {}, sequence = 0}
end
____exports.new = create
return ____exports
