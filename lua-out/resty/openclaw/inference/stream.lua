local ____exports = {}
local ffi = require("ffi")
local string_buffer = require("string.buffer")
local request = require("resty.openclaw.request")
local event_count = require("resty.openclaw.inference.event_count")
local events = require("resty.openclaw.inference.events")
local fields_of = require("resty.openclaw.inference.fields")
local search = require("resty.openclaw.inference.search")
local KEPT_BYTES = 16 * 1024
--- So many at a time: a loop of few turns is one that LuaJIT does not compile.
local SCAN_BYTES = 4 * 1024
--- Where the last events are, as a rule.
local END_BYTES = 4 * 1024
--- Of the last events so many are read.
local LAST_EVENTS = 16
local DONE = "[DONE]"
--- Counts the events in what has come since the last time.
local function scan(stream)
    local reference = stream.kept:ref()
    event_count.go_on(
        stream.count,
        ffi.cast("const uint8_t *", reference),
        stream.kept_bytes
    )
end
--- Lets go of all but the last bytes.
local function shorten(stream)
    local surplus = stream.kept_bytes - KEPT_BYTES
    if surplus <= 0 then
        return
    end
    stream.is_early = false
    stream.kept:skip(surplus)
    stream.kept_bytes = KEPT_BYTES
    stream.gone_bytes = stream.gone_bytes + surplus
    local ____stream_count_0, ____scanned_1 = stream.count, "scanned"
    ____stream_count_0[____scanned_1] = ____stream_count_0[____scanned_1] - surplus
end
local function note_content(stream)
    stream.is_early = false
    stream.first_token_seconds = request.seconds_taken()
    stream.first_time = stream.last_time
end
--- Reads the events that have come since the last time, up to the first with content.
local function look_for_content(stream)
    local text = stream.kept:tostring()
    local data, after = events.next_of(text, stream.next_early)
    while after ~= nil and stream.is_early do
        if after > KEPT_BYTES then
            stream.is_early = false
            return
        end
        stream.next_early = after
        if data ~= nil then
            local event = fields_of.decode(data)
            fields_of.read_model(stream.fields, event)
            if fields_of.has_content(event) then
                note_content(stream)
            else
                stream.early = stream.early + 1
            end
        end
        data, after = events.next_of(text, after)
    end
end
local function feed(self, memory, bytes)
    self.kept:putcdata(memory, bytes)
    self.kept_bytes = self.kept_bytes + bytes
    self.last_time = request.now()
    if self.is_early and event_count.line_feed_after(memory, 0, bytes) ~= nil then
        look_for_content(self)
    end
    if self.kept_bytes - self.count.scanned >= SCAN_BYTES then
        scan(self)
        shorten(self)
    end
end
--- Reads the last of these events, from the end on. Returns whether one says that the stream is over.
local function read_last(stream, last_events)
    local fields = stream.fields
    local count = #last_events
    local is_done = false
    stream.late = 0
    stream.is_late = true
    for index = count, math.max(1, count - LAST_EVENTS + 1), -1 do
        local data = last_events[index]
        local event, err = fields_of.decode(data)
        if data == DONE then
            is_done = true
        elseif err ~= nil and not (stream.count.has_data and index == count) then
            stream.problem = err
        end
        fields_of.read(fields, event)
        if fields_of.has_content(event) then
            stream.is_late = false
        end
        if stream.is_late then
            stream.late = stream.late + 1
        elseif fields.completion_tokens ~= nil and fields.finish_reason ~= nil then
            break
        end
    end
    return is_done
end
--- Reads the last events in the last bytes of what is kept.
local function read_end(stream, bytes)
    local reference = stream.kept:ref()
    local gone = stream.kept_bytes - bytes
    local text = ffi.string(
        ffi.cast("const uint8_t *", reference) + gone,
        bytes
    )
    return read_last(
        stream,
        events.all_of(text .. "\n\n", gone + stream.gone_bytes > 0)
    )
end
--- Whether the last events have said all there is to know.
local function is_settled(stream, is_over)
    local ____stream_fields_2 = stream.fields
    local completion_tokens = ____stream_fields_2.completion_tokens
    local finish_reason = ____stream_fields_2.finish_reason
    if completion_tokens == nil and stream.is_late then
        return false
    end
    return is_over or finish_reason ~= nil
end
--- Each event with content is taken for a token.
local function estimate(stream)
    if stream.first_token_seconds == nil then
        return nil
    end
    local tokens = stream.count.events - stream.early - stream.late
    return math.max(0, tokens)
end
--- Looks for what an event says that is larger than what is kept. Returns whether there is a usage, which ends a stream.
local function find_in_cut(stream)
    if stream.gone_bytes == 0 or stream.fields.completion_tokens ~= nil then
        return false
    end
    search.read(
        stream.fields,
        stream.kept:tostring()
    )
    return stream.fields.completion_tokens ~= nil
end
local function finish(self)
    local fields = self.fields
    scan(self)
    shorten(self)
    if self.count.has_data then
        local ____self_count_3, ____events_4 = self.count, "events"
        ____self_count_3[____events_4] = ____self_count_3[____events_4] + 1
    end
    local is_over = read_end(
        self,
        math.min(END_BYTES, self.kept_bytes)
    )
    if not is_settled(self, is_over) and self.kept_bytes > END_BYTES then
        is_over = read_end(self, self.kept_bytes)
    end
    if find_in_cut(self) then
        is_over = true
    end
    self.kept:free()
    fields.completion_tokens = fields.completion_tokens or estimate(self)
    fields.finish_reason = fields.finish_reason or fields.other_finish_reason or (is_over and "none" or "aborted")
end
local metatable = {__index = {feed = feed, finish = finish}}
--- A reader for one answer.
local function create()
    local made = {
        is_stream = true,
        kept = string_buffer.new(),
        kept_bytes = 0,
        gone_bytes = 0,
        count = event_count.new(),
        early = 0,
        late = 0,
        is_late = true,
        is_early = true,
        next_early = 1,
        first_time = 0,
        last_time = 0,
        fields = {}
    }
    return setmetatable(made, metatable)
end
____exports.new = create
return ____exports
