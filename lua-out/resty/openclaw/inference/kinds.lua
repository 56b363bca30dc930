local ____exports = {}
local string_lower = string.lower
local media_type = require("resty.openclaw.core.http.media_type")
local media_type_of = media_type.of
local cache_status = require("resty.openclaw.core.request.cache_status")
local cache_status_present = cache_status.present
local request = require("resty.openclaw.core.request.request")
local request_is_subrequest = request.is_subrequest
local request_variable = request.variable
local documents = require("resty.openclaw.inference.document")
local documents_new = documents.new
local inflations = require("resty.openclaw.inference.inflation")
local inflations_new = inflations.new
local streams = require("resty.openclaw.inference.stream")
local streams_new = streams.new
local DOCUMENT = 1
local EVENTS = 2
local LINES = 3
local KINDS = {
    ["application/json"] = DOCUMENT,
    ["text/event-stream"] = EVENTS,
    ["application/x-ndjson"] = LINES,
    ["application/ndjson"] = LINES,
    ["application/jsonl"] = LINES,
    ["application/x-jsonlines"] = LINES,
    ["application/stream+json"] = LINES
}
--- Encodings that zlib decompresses.
local COMPRESSED = {gzip = true, ["x-gzip"] = true, deflate = true}
--- Values of `$upstream_cache_status` where a node has made the response for this request.
local FROM_A_NODE = {MISS = true, BYPASS = true, EXPIRED = true}
--- The media type that a variable holds, without its parameters, in lower case. Phases: all with a request.
local function type_in(variable)
    return media_type_of(request_variable(variable) or "")
end
____exports.type_in = type_in
--- Whether a node has made the response for this request, which must be a POST.
local function is_made_now()
    if request_is_subrequest() or request_variable("request_method") ~= "POST" then
        return false
    end
    local cache = cache_status_present()
    return cache == nil or FROM_A_NODE[cache] == true
end
____exports.is_made_now = is_made_now
--- A reader for the current response, or why there is none. Phases: header_filter.
local function reader_of()
    local kind = KINDS[type_in("sent_http_content_type")]
    if kind == nil then
        return nil, "type"
    end
    local encoding = string_lower(request_variable("sent_http_content_encoding") or "identity")
    local inflation
    if encoding ~= "identity" and encoding ~= "" then
        if COMPRESSED[encoding] == true then
            inflation = inflations_new()
        end
        if inflation == nil then
            return nil, "encoding"
        end
    end
    local reader = kind == DOCUMENT and documents_new() or streams_new(kind == LINES)
    return reader, inflation
end
____exports.reader_of = reader_of
return ____exports
