local ____exports = {}
local request = require("resty.openclaw.request")
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
    ["application/stream+json"] = LINES
}
--- What zlib uncompresses; "identity" is nothing done.
local COMPRESSED = {gzip = true, ["x-gzip"] = true, deflate = true}
--- What `$upstream_cache_status` says when a node has made the answer, now and for this request.
local FROM_A_NODE = {MISS = true, BYPASS = true, EXPIRED = true}
local BLANK = 32
local TAB = 9
--- The media type that stands in a variable, without its parameters, in small letters. Phases: all with a request.
function ____exports.media_type(variable)
    local value = request.variable(variable) or ""
    local semicolon = string.find(value, ";", 1, true)
    local last = semicolon == nil and #value or semicolon - 1
    while last > 0 and (string.byte(value, last) == BLANK or string.byte(value, last) == TAB) do
        last = last - 1
    end
    return string.lower(string.sub(value, 1, last))
end
--- Whether tokens may have been made for this very request: by a node, now, and for a POST, as all that makes tokens is.
function ____exports.is_made_now()
    if request.is_subrequest() or request.variable("request_method") ~= "POST" then
        return false
    end
    local cache = request.variable("upstream_cache_status")
    return cache == nil or FROM_A_NODE[cache] == true
end
--- A reader for the answer whose headers are at hand, or why there is none. Phases: header_filter.
function ____exports.reader_of()
    local kind = KINDS[____exports.media_type("sent_http_content_type")]
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
