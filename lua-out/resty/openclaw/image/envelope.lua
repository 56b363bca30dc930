local ____exports = {}
local math_floor = math.floor
local string_format = string.format
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local buffers = require("string.buffer")
local buffers_new = buffers.new
local media_types = require("resty.openclaw.core.http.media_type")
local media_types_is_json = media_types.is_json
local media_types_of = media_types.of
local cache_status = require("resty.openclaw.core.request.cache_status")
local cache_status_is_from_cache = cache_status.is_from_cache
local cache_status_present = cache_status.present
local location = require("resty.openclaw.core.request.location")
local location_number = location.number
local own_answer = require("resty.openclaw.core.request.own_answer")
local own_answer_is_here = own_answer.is_here
local request = require("resty.openclaw.core.request.request")
local request_bytes_of = request.bytes_of
local request_digits = request.digits
local request_forget = request.forget
local request_is_subrequest = request.is_subrequest
local request_seconds_taken = request.seconds_taken
local request_status = request.status
local request_variable = request.variable
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
local chunk = require("resty.openclaw.core.request.response_chunk")
local chunk_bytes = chunk.bytes
local chunk_is_last = chunk.is_last
local chunk_look = chunk.look
local chunk_surround = chunk.surround
local head = require("resty.openclaw.core.request.response_head")
local head_bytes_of = head.bytes_of
local head_clear = head.clear
local head_clear_rare = head.clear_rare
local head_get = head.get
local head_set = head.set
local json = require("resty.openclaw.core.text.json")
local json_short_text = json.short_text
local json_text = json.text
ffi_cdef("int memcmp(const void *one, const void *other, size_t bytes);")
local OK = 200
local NO_CONTENT = 204
local RESET_CONTENT = 205
local PARTIAL_CONTENT = 206
local FIRST_REDIRECTION = 300
--- Several documents one after the other, whatever the end of its name says.
local STREAM = "application/stream+json"
--- What stands for a body without any bytes.
local NULL = "null"
local END = "}"
local NULL_AND_END = "null}"
--- A chunk of up to this length is copied in less time than a write takes.
local SHORT_BYTES = 32 * 1024
local text = buffers_new(512)
--- The hook of a route that has seen no response yet. Phases: init.
local function new_hook()
    return {is_here = false, locations = {}}
end
____exports.new_hook = new_hook
--- Whether the body of the response will come here.
local function is_sure(____bindingPattern0)
    local locations
    locations = ____bindingPattern0.locations
    local its_location = location_number()
    return its_location ~= nil and locations[its_location] ~= nil
end
--- The body of the response has come here, and so will those of others in its location.
local function note_location(____bindingPattern0)
    local locations
    locations = ____bindingPattern0.locations
    local its_location = location_number()
    if its_location ~= nil then
        locations[its_location] = true
    end
end
--- Whether a response with that status has the whole of what was asked.
local function is_whole(status)
    if status < OK or status >= FIRST_REDIRECTION then
        return false
    end
    return status ~= NO_CONTENT and status ~= RESET_CONTENT and status ~= PARTIAL_CONTENT
end
--- The last Content-Type, and whether it is one document of JSON: a route's nodes mostly say the same.
local last_type = ""
local last_is_json = false
local function is_json(content_type)
    if content_type ~= last_type then
        local its_type = media_types_of(content_type)
        last_type = content_type
        last_is_json = media_types_is_json(its_type) and its_type ~= STREAM
    end
    return last_is_json
end
--- Whether the response is JSON that can be read as it is.
local function is_plain_json()
    if not is_json(head_get("Content-Type") or "") then
        return false
    end
    local encoding = head_get("Content-Encoding") or ""
    return encoding == "" or encoding == "identity"
end
--- The value of a variable as JSON, `null` if it has none.
local function value_of(name)
    local value = request_variable(name) or ""
    return value == "" and NULL or json_short_text(value)
end
--- The id of the request as JSON. One that the gateway has made is safe as it is.
local function put_id()
    local id, bytes = request_bytes_of("openclaw_request_id")
    local made, made_bytes = request_bytes_of("openclaw_new_id")
    if id ~= nil and made ~= nil and bytes == made_bytes and ffi.C.memcmp(id, made, bytes) == 0 then
        text:put("\"")
        text:putcdata(id, bytes)
        text:put("\"")
    else
        text:put(json_text(request_variable("openclaw_request_id")))
    end
end
--- The envelope up to the response of the node.
local function write_head()
    local cache = cache_status_present()
    text:put("{\"id\":")
    put_id()
    text:put(
        ",\"model\":",
        value_of("openclaw_model")
    )
    text:put(request_variable("openclaw_degraded") == "1" and ",\"degraded\":true" or ",\"degraded\":false")
    text:put(cache ~= nil and cache_status_is_from_cache(cache) and ",\"cached\":true" or ",\"cached\":false")
    text:put(
        ",\"latency_ms\":",
        math_floor(request_seconds_taken() * 1000 + 0.5)
    )
    text:put(
        ",\"node\":",
        value_of("openclaw_node"),
        ",\"result\":"
    )
    return text:get()
end
--- The length that the response says it has; nothing if it says none.
local function length_of_response()
    local memory, count = head_bytes_of("Content-Length")
    local ____temp_0
    if memory == nil then
        ____temp_0 = nil
    else
        ____temp_0 = request_digits(memory, count)
    end
    return ____temp_0
end
local function has_value(name)
    local ____, bytes = request_bytes_of(name)
    return bytes > 0
end
--- Whether nginx itself would send a part of the response, if it knows the length: it cuts the node's bytes, and not those of the envelope.
local function may_be_cut()
    return has_value("http_range") or has_value("upstream_http_accept_ranges")
end
--- The response will have that many bytes; nothing: nobody knows.
local function set_length(bytes)
    if bytes == nil then
        head_clear("Content-Length")
    else
        head_set(
            "Content-Length",
            string_format("%d", bytes)
        )
    end
    request_forget("sent_http_content_length")
end
--- Takes away what is true of the node's bytes only.
local function clear_headers()
    head_clear_rare("ETag")
    head_clear("Last-Modified")
    head_clear_rare("Accept-Ranges")
    head_clear_rare("Content-MD5")
    head_clear_rare("Digest")
    head_clear_rare("Content-Digest")
    head_clear_rare("Repr-Digest")
end
--- Begins the envelope, if the response gets one: JSON of a node, with a status of success. Not for parts of a response, for encoded ones, for
-- subrequests, and for what the gateway itself responds. Phases: header_filter. Never raises.
local function header_filter(hook)
    local before = request_state_present()
    if before ~= nil then
        before.envelope_head = nil
    end
    if not is_whole(request_status()) or not is_plain_json() or request_is_subrequest() or own_answer_is_here() then
        return
    end
    clear_headers()
    if request_variable("request_method") == "HEAD" then
        return set_length(nil)
    end
    local its_head = write_head()
    local state = request_state_open()
    state.envelope_head = its_head
    local length = length_of_response()
    local ____temp_1
    if length == 0 then
        ____temp_1 = nil
    else
        ____temp_1 = length
    end
    state.envelope_left = ____temp_1
    if length == nil or not is_sure(hook) or may_be_cut() then
        return set_length(nil)
    end
    set_length(#its_head + (length == 0 and #NULL or length) + #END)
end
____exports.header_filter = header_filter
--- Whether the envelope ends with the present chunk: the response does, though nginx may say so only later. The end would be one more write to the
-- client then. A long chunk that needs no copy is left as it is.
local function has_end(state, is_begun)
    local ____state_2 = state
    local left = ____state_2.envelope_left
    if left == nil then
        return chunk_is_last()
    end
    local bytes = chunk_bytes()
    state.envelope_left = left - bytes
    return left <= bytes and (not is_begun or bytes <= SHORT_BYTES) or chunk_is_last()
end
--- Sends the envelope around the response. If the node breaks off its response there is no end, so that clients do not take it for a whole one.
-- Phases: body_filter, after all others that read the response. Never raises.
local function body_filter(hook)
    hook.is_here = true
    local state = request_state_present()
    local its_head = state and state.envelope_head
    if its_head == nil then
        return
    end
    local is_begun = its_head == ""
    local is_end = has_end(state, is_begun)
    if is_begun and not is_end then
        return
    end
    local memory, bytes = chunk_look()
    if memory == nil and not is_end then
        return
    end
    if not is_begun then
        note_location(hook)
    end
    local ____state_6 = state
    local ____is_end_5
    if is_end then
        ____is_end_5 = nil
    else
        ____is_end_5 = ""
    end
    ____state_6.envelope_head = ____is_end_5
    local is_empty = memory == nil and not is_begun
    chunk_surround(its_head, memory, bytes, is_end and (is_empty and NULL_AND_END or END) or "")
end
____exports.body_filter = body_filter
--- Whether the response was sent without its envelope, because its location has no hook, though another one has it. Phases: log. Never raises.
local function is_lost(hook)
    if not hook.is_here then
        return false
    end
    local ____opt_7 = request_state_present()
    local its_head = ____opt_7 and ____opt_7.envelope_head
    return its_head ~= nil and its_head ~= "" and request_variable("request_completion") == "OK"
end
____exports.is_lost = is_lost
return ____exports
