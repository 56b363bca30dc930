local ____exports = {}
local fault = require("resty.openclaw.fault")
local chunk = require("resty.openclaw.inference.chunk")
local documents = require("resty.openclaw.inference.document")
local figures = require("resty.openclaw.inference.figures")
local streams = require("resty.openclaw.inference.stream")
local metric_registry = require("resty.openclaw.metric_registry")
local options_reader = require("resty.openclaw.options")
local request = require("resty.openclaw.request")
local texts = require("resty.openclaw.text")
local OWNER = "inference"
local HTTP_OK = 200
local JSON = "application/json"
local EVENT_STREAM = "text/event-stream"
--- Readers take so much at once.
local PIECE_BYTES = 16 * 1024
--- What `$upstream_cache_status` says when a node has made the answer, now and for this request.
local FROM_A_NODE = {MISS = true, BYPASS = true, EXPIRED = true}
--- The media type without its parameters, in small letters.
local function media_type()
    local value = request.variable("sent_http_content_type") or ""
    local semicolon = string.find(value, ";", 1, true)
    if semicolon == nil then
        return string.lower(value)
    end
    return string.lower(texts.trim(string.sub(value, 1, semicolon - 1)))
end
--- Whether a node has made the answer for this very request, and its bytes can be read.
local function is_readable()
    if request.is_subrequest() then
        return false
    end
    if request.variable("sent_http_content_encoding") ~= nil then
        return false
    end
    local cache = request.variable("upstream_cache_status")
    return cache == nil or FROM_A_NODE[cache] == true
end
local function new_reader(plugin)
    local kind = media_type()
    if kind ~= JSON and kind ~= EVENT_STREAM then
        return nil
    end
    if not is_readable() then
        return nil
    end
    return kind == JSON and documents.new(plugin.max_bytes) or streams.new()
end
local function header_filter(self)
    local key = request.key()
    if self.answers[key] ~= nil then
        self.answers[key] = nil
    end
    if request.status() ~= HTTP_OK then
        return
    end
    local reader = new_reader(self)
    if reader ~= nil then
        self.answers[key] = {reader = reader, is_seen = false, is_whole = false}
    end
end
local function feed_in_pieces(reader, memory, bytes)
    for at = 0, bytes - 1, PIECE_BYTES do
        reader:feed(
            memory + at,
            math.min(PIECE_BYTES, bytes - at)
        )
    end
end
local function take(answer)
    if not chunk.is_here() then
        return
    end
    answer.is_seen = true
    local memory, bytes = chunk.look()
    if memory ~= nil then
        if bytes <= PIECE_BYTES then
            answer.reader:feed(memory, bytes)
        else
            feed_in_pieces(answer.reader, memory, bytes)
        end
    end
    if chunk.is_last() then
        answer.is_whole = true
    end
end
local function body_filter(self)
    local key = request.key()
    local answer = self.answers[key]
    if answer == nil then
        return
    end
    local ok, err = pcall(take, answer)
    if not ok then
        self.answers[key] = nil
        self.faults:report("unread_answer", err)
    end
end
--- Tokens a second: of a stream those after the first, in the time they took to come.
local function rate_of(reader)
    local tokens = reader.fields.completion_tokens or 0
    local made = reader.is_stream and tokens - 1 or tokens
    if reader.is_stream and reader.first_token_seconds == nil then
        return nil
    end
    local seconds = reader.is_stream and reader.last_time - reader.first_time or (request.last_seconds("upstream_response_time") or 0)
    return made > 0 and seconds > 0 and made / seconds or nil
end
--- Sets a variable where nginx.conf has it.
local function show(name, format, value)
    if value ~= nil then
        request.set_variable(
            name,
            string.format(format, value)
        )
    end
end
local function show_all(fields, rate)
    show("openclaw_model", "%s", fields.model)
    show("openclaw_prompt_tokens", "%d", fields.prompt_tokens)
    show("openclaw_completion_tokens", "%d", fields.completion_tokens)
    show("openclaw_finish_reason", "%s", fields.finish_reason)
    show("openclaw_tokens_per_second", "%.1f", rate)
end
local function settle(plugin, answer, route)
    local reader = answer.reader
    if not answer.is_seen then
        if request.whole_number("body_bytes_sent") > 0 then
            plugin.faults:report("no_body_filter", "include nginx/inference.conf in the location of the route ", route)
        end
        return
    end
    reader:finish(answer.is_whole)
    if reader.problem ~= nil then
        plugin.faults:report("broken_answer", reader.problem)
    end
    local rate = rate_of(reader)
    local ____reader_is_stream_0
    if reader.is_stream then
        ____reader_is_stream_0 = reader.first_token_seconds
    else
        ____reader_is_stream_0 = nil
    end
    local first_token_seconds = ____reader_is_stream_0
    local variant = request.variable("openclaw_variant") or ""
    figures.count(
        plugin.families,
        route,
        variant,
        reader.fields,
        rate,
        first_token_seconds
    )
    show_all(reader.fields, rate)
end
local function log(self, route)
    if route == nil then
        route = ""
    end
    local key = request.key()
    local answer = self.answers[key]
    if answer == nil then
        return
    end
    self.answers[key] = nil
    local ok, err = pcall(settle, self, answer, route)
    if not ok then
        self.faults:report("uncounted_answer", err)
    end
end
local metatable = {__index = {header_filter = header_filter, body_filter = body_filter, log = log}}
--- Makes the plugin. Raises when an option is wrong. Phases: init.
-- Options: `max_bytes` (65536), `dict` ("openclaw").
local function create(options)
    if options == nil then
        options = {}
    end
    options_reader.check(OWNER, options, {"max_bytes", "dict"})
    local max_bytes = options_reader.whole(
        OWNER,
        options,
        "max_bytes",
        4096,
        64 * 1024
    )
    local registry = metric_registry.open(options_reader.text(OWNER, options, "dict", "openclaw"))
    local fields = {
        max_bytes = max_bytes,
        answers = {},
        families = figures.new(registry),
        faults = fault.new(OWNER, registry)
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
