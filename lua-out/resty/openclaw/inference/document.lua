local ____exports = {}
local string_buffer = require("string.buffer")
local fields_of = require("resty.openclaw.inference.fields")
local search = require("resty.openclaw.inference.search")
local HEAD_BYTES = 4 * 1024
local TAIL_BYTES = 16 * 1024
--- Lets go of all but beginning and end.
local function shorten(document)
    if document.head == nil then
        document.head = document.kept:get(HEAD_BYTES)
        document.kept_bytes = document.kept_bytes - #document.head
    end
    if document.kept_bytes > TAIL_BYTES then
        document.kept:skip(document.kept_bytes - TAIL_BYTES)
        document.kept_bytes = TAIL_BYTES
    end
end
local function feed(self, memory, bytes)
    self.kept:putcdata(memory, bytes)
    self.kept_bytes = self.kept_bytes + bytes
    local limit = self.head == nil and self.most_bytes or 2 * TAIL_BYTES
    if self.kept_bytes > limit then
        shorten(self)
    end
end
--- Reads the answer as a whole; whether that could be done.
local function read_whole(document, text, is_whole)
    local value, err = fields_of.decode(text)
    if err == nil then
        fields_of.read(document.fields, value)
    elseif is_whole then
        document.problem = err
    end
    return err == nil
end
local function finish(self, is_whole)
    local fields = self.fields
    local text = self.kept:tostring()
    self.kept:free()
    if self.head ~= nil or not read_whole(self, text, is_whole) then
        if self.head ~= nil then
            search.find_model(fields, self.head)
        end
        search.read(fields, text)
        if self.head ~= nil then
            search.read(fields, self.head)
        end
    end
    fields.finish_reason = fields.finish_reason or fields.other_finish_reason or (is_whole and "none" or "aborted")
end
local metatable = {__index = {feed = feed, finish = finish}}
--- A reader for one answer; `most_bytes`: what is kept whole.
local function create(most_bytes)
    local made = {
        is_stream = false,
        kept = string_buffer.new(),
        most_bytes = most_bytes,
        kept_bytes = 0,
        fields = {}
    }
    return setmetatable(made, metatable)
end
____exports.new = create
return ____exports
