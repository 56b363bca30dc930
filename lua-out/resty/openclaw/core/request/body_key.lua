local ____exports = {}
local digest = require("resty.openclaw.core.bytes.digest")
local digest_update = digest.update
local multipart = require("resty.openclaw.core.http.multipart")
local multipart_boundary_of = multipart.boundary_of
local multipart_feed = multipart.feed
local multipart_finish = multipart.finish
local multipart_new = multipart.new
local canonical = require("resty.openclaw.core.text.json.canonical")
local canonical_PIECE_BYTES = canonical.PIECE_BYTES
local canonical_feed = canonical.feed
local canonical_finish = canonical.finish
local canonical_new = canonical.new
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_begin = time_slice.begin
local time_slice_is_over = time_slice.is_over
local time_slice_renew = time_slice.renew
local time_slice_yield_now = time_slice.yield_now
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_each = request_body.each
--- The whole of a piece, but JSON, which takes longer.
local PIECE_BYTES = 64 * 1024
--- What is digested at once: under a millisecond at 300 MB/s.
local SHORT_BYTES = 256 * 1024
--- That of the request whose JSON is finished now: no other is in between, but after a yield.
local slice = time_slice_begin()
local function give_way()
    if not time_slice_is_over(slice) then
        return
    end
    time_slice_yield_now()
    time_slice_renew(slice)
end
--- A body of that kind is to be read. `settings` are those of JSON, from `canonical.settings`; `content_type` has the boundary;
-- `expected_bytes` is how long the body is, if that is known. Phases: any.
function ____exports.begin(kind, its_digest, settings, content_type, expected_bytes)
    if expected_bytes == nil then
        expected_bytes = 0
    end
    local context = its_digest:begin()
    local ____temp_0
    if kind == "multipart" then
        ____temp_0 = multipart_boundary_of(content_type or "")
    else
        ____temp_0 = nil
    end
    local boundary = ____temp_0
    local ____kind_2 = kind
    local ____its_digest_3 = its_digest
    local ____context_4 = context
    local ____temp_5 = kind == "json" and canonical_new(settings, expected_bytes) or nil
    local ____temp_1
    if boundary == nil then
        ____temp_1 = nil
    else
        ____temp_1 = multipart_new(boundary, digest.update, context)
    end
    return {
        kind = ____kind_2,
        digest = ____its_digest_3,
        context = ____context_4,
        json = ____temp_5,
        multipart = ____temp_1
    }
end
--- How many bytes `update` should be given at a time, at most. Phases: any.
local function piece_bytes(key)
    return key.kind == "json" and canonical_PIECE_BYTES or PIECE_BYTES
end
____exports.piece_bytes = piece_bytes
--- Reads the next bytes. Phases: any. Never raises.
local function update(key, bytes, count)
    if key.json ~= nil then
        canonical_feed(key.json, bytes, count)
    elseif key.multipart ~= nil then
        multipart_feed(key.multipart, bytes, count)
    elseif key.kind == "raw" then
        digest_update(key.context, bytes, count)
    end
end
____exports.update = update
local function finish_digest(key, wanted)
    local hex, err = key.digest:finish(key.context)
    if hex == nil then
        return "failed", err
    end
    return "keyed", (key.kind .. "-") .. hex, wanted
end
local function finish_json(key, json, between)
    local outcome, reason, wanted = canonical_finish(json, digest.update, key.context, between)
    if outcome == "canonical" then
        return finish_digest(key, wanted)
    end
    if outcome == "not_keyable" then
        return "not_keyable", reason
    end
    return outcome
end
--- The body has ended: its key, `json-` or another kind and the digest in lower-case hex, or why there is none. The object must not be used
-- again. Calls `between`, if there is one, after less than a millisecond each: it may yield. Phases: any. Never raises.
function ____exports.finish(key, between)
    if key.json ~= nil then
        return finish_json(key, key.json, between)
    end
    if key.kind == "multipart" then
        local problem = key.multipart == nil and "no_boundary" or multipart_finish(key.multipart)
        if problem ~= nil then
            return "not_keyable", problem
        end
    end
    return finish_digest(key)
end
--- The key of a short body in memory, as bytes.
local function of_bytes(memory, count, its_digest)
    local context = its_digest:begin()
    digest_update(context, memory, count)
    local hex, err = its_digest:finish(context)
    if hex == nil then
        return "failed", err
    end
    return "keyed", "raw-" .. hex
end
--- Reads a request's body, and returns as `finish`. Phases: rewrite, access, content; yields.
local function of(body, kind, its_digest, settings, content_type)
    if kind == "raw" and body.memory ~= nil and body.bytes <= SHORT_BYTES then
        return of_bytes(body.memory, body.bytes, its_digest)
    end
    local key = ____exports.begin(
        kind,
        its_digest,
        settings,
        content_type,
        body.bytes
    )
    local count, err = request_body_each(
        body,
        update,
        key,
        piece_bytes(key)
    )
    if count == nil then
        ____exports.finish(key)
        return "failed", err
    end
    if kind ~= "json" then
        return ____exports.finish(key)
    end
    time_slice_renew(slice)
    return ____exports.finish(key, give_way)
end
____exports.of = of
return ____exports
