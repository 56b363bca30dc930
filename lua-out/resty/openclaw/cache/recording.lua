local ____exports = {}
local table_concat = table.concat
local ffi = require("ffi")
local ffi_string = ffi.string
local client_watch = require("resty.openclaw.core.request.client_watch")
local client_watch_has_left = client_watch.has_left
local chunk = require("resty.openclaw.core.request.response_chunk")
local chunk_drop = chunk.drop
local chunk_is_last = chunk.is_last
local chunk_look = chunk.look
local heads = require("resty.openclaw.cache.answer_head")
local heads_write = heads.write
local kept_answers = require("resty.openclaw.cache.kept_answers")
local kept_answers_keep_head = kept_answers.keep_head
local live_streams = require("resty.openclaw.cache.live_streams")
local live_streams_SECONDS = live_streams.SECONDS
local live_streams_begin = live_streams.begin
local live_streams_finish = live_streams.finish
local live_streams_is_read = live_streams.is_read
local live_streams_send = live_streams.send
local stream_ends = require("resty.openclaw.cache.stream_end")
local stream_ends_feed = stream_ends.feed
local stream_ends_is_complete = stream_ends.is_complete
local stream_ends_new = stream_ends.new
local FULL = "the lua_shared_dict of the answers is full"
--- Begins to record. Nothing where there is no room. Phases: header_filter.
local function create(____bindingPattern0, name, head, seconds_allowed, is_stream, is_kept)
    local faults
    local limit
    local dict
    dict = ____bindingPattern0.dict
    limit = ____bindingPattern0.limit
    faults = ____bindingPattern0.faults
    local ____is_stream_0
    if is_stream then
        ____is_stream_0 = live_streams_begin(dict, name, limit)
    else
        ____is_stream_0 = nil
    end
    local sending = ____is_stream_0
    local has_head = not is_stream or kept_answers_keep_head(
        dict,
        name,
        heads_write(head),
        live_streams_SECONDS
    )
    if is_stream and (sending == nil or not has_head) then
        faults:report("no_room", FULL)
        return nil
    end
    return {
        dict = dict,
        name = name,
        head = head,
        limit = limit,
        seconds_allowed = seconds_allowed,
        is_kept = is_kept,
        sending = sending,
        stream_end = is_stream and stream_ends_new() or nil,
        pieces = {},
        bytes = 0,
        is_whole = false,
        has_left = false
    }
end
____exports.new = create
local function send(recording, piece, faults)
    local ____recording_1 = recording
    local sending = ____recording_1.sending
    if sending == nil or live_streams_send(sending, piece) then
        return
    end
    faults:report("no_room", FULL)
    live_streams_finish(sending, false)
    recording.sending = nil
end
local function keep(recording, piece)
    local ____recording_2 = recording
    local pieces = ____recording_2.pieces
    if pieces == nil then
        return
    end
    recording.bytes = recording.bytes + #piece
    if recording.bytes > recording.limit then
        recording.pieces = nil
    else
        pieces[#pieces + 1] = piece
    end
end
--- Whether it may be kept, or others read it.
local function is_for_others(____bindingPattern0)
    local sending
    local pieces
    pieces = ____bindingPattern0.pieces
    sending = ____bindingPattern0.sending
    return pieces ~= nil or sending ~= nil and live_streams_is_read(sending)
end
--- Takes the next piece of the response. Phases: body_filter.
local function take(recording, faults)
    local memory, bytes = chunk_look()
    if memory ~= nil then
        local piece = ffi_string(memory, bytes)
        send(recording, piece, faults)
        keep(recording, piece)
        if recording.stream_end ~= nil then
            stream_ends_feed(recording.stream_end, memory, bytes)
        end
    end
    if chunk_is_last() then
        recording.is_whole = true
    end
    if not recording.is_kept then
        return
    end
    if not recording.has_left then
        recording.has_left = client_watch_has_left()
    end
    if recording.has_left and is_for_others(recording) then
        chunk_drop()
    end
end
____exports.take = take
--- Ends the live part. Phases: body_filter, log.
local function finish(recording)
    local ____recording_3 = recording
    local sending = ____recording_3.sending
    if sending == nil then
        return
    end
    recording.sending = nil
    live_streams_finish(sending, recording.is_whole)
end
____exports.finish = finish
--- The body, if it is whole and not too long; a stream must also have come to its own end. Phases: any.
local function body_of(recording)
    local ____recording_4 = recording
    local pieces = ____recording_4.pieces
    local stream_end = ____recording_4.stream_end
    local is_whole = ____recording_4.is_whole
    if not is_whole or pieces == nil then
        return nil
    end
    if stream_end ~= nil and not stream_ends_is_complete(stream_end) then
        return nil
    end
    return (table_concat(pieces))
end
____exports.body_of = body_of
return ____exports
