local ____exports = {}
local string_sub = string.sub
local media_type = require("resty.openclaw.core.http.media_type")
local media_type_of = media_type.of
--- Server-sent events, JSON by the line under its several names, and pictures one after another.
local STREAMED = {
    ["text/event-stream"] = true,
    ["application/x-ndjson"] = true,
    ["application/ndjson"] = true,
    ["application/jsonl"] = true,
    ["application/x-jsonlines"] = true,
    ["application/json-seq"] = true,
    ["application/stream+json"] = true,
    ["multipart/x-mixed-replace"] = true
}
--- What begins all names of gRPC's: "application/grpc+proto", "application/grpc-web".
local GRPC = "application/grpc"
--- What is known of the values seen so far. Nodes may send any, so their number is limited.
local known = {}
local MOST_KNOWN = 100
local LONGEST_KNOWN = 100
local known_count = 0
local function look_at(content_type)
    local kind = media_type_of(content_type)
    local is_it = STREAMED[kind] == true or string_sub(kind, 1, #GRPC) == GRPC
    if known_count < MOST_KNOWN and #content_type <= LONGEST_KNOWN then
        known[content_type] = is_it
        known_count = known_count + 1
    end
    return is_it
end
--- Whether an answer with this Content-Type is a stream. Phases: any.
local function is_streamed(content_type)
    if content_type == "" then
        return false
    end
    local ____known_content_type_0 = known[content_type]
    if ____known_content_type_0 == nil then
        ____known_content_type_0 = look_at(content_type)
    end
    local is_it = ____known_content_type_0
    return is_it
end
____exports.is_streamed = is_streamed
return ____exports
