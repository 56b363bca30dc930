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
--- Whether an answer with this Content-Type is a stream. Phases: any.
local function is_streamed(content_type)
    if content_type == "" then
        return false
    end
    local kind = media_type_of(content_type)
    return STREAMED[kind] == true or string_sub(kind, 1, #GRPC) == GRPC
end
____exports.is_streamed = is_streamed
return ____exports
