local ____exports = {}
local media_type = require("resty.openclaw.core.http.media_type")
local request = require("resty.openclaw.core.request.request")
local documents = require("resty.openclaw.inference.document")
local inflations = require("resty.openclaw.inference.inflation")
local streams = require("resty.openclaw.inference.stream")
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
function ____exports.type_in(variable)
    return media_type.of(request.variable(variable) or "")
end
--- Whether a node has made the response for this request, which must be a POST.
function ____exports.is_made_now()
    if request.is_subrequest() or request.variable("request_method") ~= "POST" then
        return false
    end
    local cache = request.variable("upstream_cache_status")
    return cache == nil or FROM_A_NODE[cache] == true
end
--- A reader for the current response, or why there is none. Phases: header_filter.
function ____exports.reader_of()
    local kind = KINDS[____exports.type_in("sent_http_content_type")]
    if kind == nil then
        return nil, "type"
    end
    local encoding = string.lower(request.variable("sent_http_content_encoding") or "identity")
    local inflation
    if encoding ~= "identity" and encoding ~= "" then
        if COMPRESSED[encoding] == true then
            inflation = inflations.new()
        end
        if inflation == nil then
            return nil, "encoding"
        end
    end
    local reader = kind == DOCUMENT and documents.new() or streams.new(kind == LINES)
    return reader, inflation
end
return ____exports
