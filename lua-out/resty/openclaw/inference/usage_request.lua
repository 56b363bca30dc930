local ____exports = {}
local pairs = pairs
local setmetatable = setmetatable
local string_find = string.find
local string_sub = string.sub
local ffi = require("ffi")
local ffi_cast = ffi.cast
local scanners = require("resty.openclaw.core.text.json.scanner")
local scanners_feed = scanners.feed
local scanners_is_whole = scanners.is_whole
local scanners_new = scanners.new
local OBJECT = 123
local ADDED = "\"stream_options\":{\"include_usage\":true},"
local function fields(of)
    local ____table = {}
    for name, place in pairs(of) do
        ____table[name] = place
    end
    return ____table
end
local ROOT = {
    watched = "root",
    fields = fields({
        stream = {name = "stream", watched = "odd"},
        messages = {is_content = true},
        prompt = {is_content = true},
        stream_options = {
            name = "options",
            watched = "options",
            fields = fields({include_usage = {name = "include", watched = "odd"}, continuous_usage_stats = {name = "continuous", watched = "odd"}})
        }
    })
}
local function value(self, name, text, is_text, begin, ____end)
    if is_text then
        self.is_odd = true
    end
    if name == "stream" then
        self.streams = self.streams + 1
        self.is_streaming = text == "true"
    elseif name == "options" then
        self.options = self.options + 1
        self.options_word = text
    elseif name == "include" then
        self.includes = self.includes + 1
        self.include_word = text
    else
        self.is_continuous = true
    end
    if name == "options" or name == "include" then
        self.word_at = begin
        self.word_end = ____end
    end
end
local function begins(self, name, at)
    if name == "root" then
        self.root_at = at
    elseif name == "options" then
        self.options = self.options + 1
        self.options_at = at
    else
        self.is_odd = true
    end
end
local function ends(self)
    return
end
local metatable = {__index = {value = value, begins = begins, ends = ends}}
--- Puts `added` in place of the bytes from `begin` to before `end`, counted from 0.
local function with_text(text, begin, ____end, added)
    return (string_sub(text, 1, begin) .. added) .. string_sub(text, ____end + 1)
end
--- The same in place of a word, which has blanks around it at most.
local function with_word(text, finding, word, added)
    local begin, ____end = string_find(text, word, finding.word_at + 1, true)
    if begin == nil or ____end > finding.word_end then
        return "left"
    end
    return "set", with_text(text, begin - 1, ____end, added)
end
--- Whether the object at `at` has fields.
local function has_fields(text, at)
    local next = string_find(text, "%S", at + 2)
    return next ~= nil and string_sub(text, next, next) ~= "}"
end
local function changed(text, finding)
    local ____finding_0 = finding
    local options_at = ____finding_0.options_at
    local options_word = ____finding_0.options_word
    local include_word = ____finding_0.include_word
    if include_word == "true" and options_word == nil then
        return "asked"
    end
    if finding.is_continuous then
        return "left"
    end
    if finding.options == 0 then
        return "set", with_text(text, finding.root_at + 1, finding.root_at + 1, ADDED)
    end
    if options_at == nil then
        if options_word ~= "null" then
            return "left"
        end
        return with_word(text, finding, "null", "{\"include_usage\":true}")
    end
    if include_word == nil then
        local added = has_fields(text, options_at) and "\"include_usage\":true," or "\"include_usage\":true"
        return "set", with_text(text, options_at + 1, options_at + 1, added)
    end
    if include_word ~= "false" and include_word ~= "null" then
        return "left"
    end
    return with_word(text, finding, include_word, "true")
end
--- What a request of that text asks for, and its text when it asks for usage as well: "set". "other" is one that makes no
-- stream of a model, "left" one that is not understood without a doubt. Phases: any. Takes about a millisecond for each MB.
local function change(text)
    local made = {
        streams = 0,
        options = 0,
        includes = 0,
        is_streaming = false,
        word_at = 0,
        word_end = 0,
        is_continuous = false,
        is_odd = false
    }
    local finding = setmetatable(made, metatable)
    local scanner = scanners_new(ROOT, finding)
    local memory = ffi_cast("const uint8_t *", text)
    scanners_feed(scanner, memory, 0, #text)
    if not finding.is_streaming and finding.streams < 2 then
        return "other"
    end
    local root_at = finding.root_at
    if not scanners_is_whole(scanner) or scanner.values ~= 1 or root_at == nil then
        return "left"
    end
    if memory[root_at] ~= OBJECT or finding.streams ~= 1 then
        return "left"
    end
    if finding.options_at ~= nil and memory[finding.options_at] ~= OBJECT then
        return "left"
    end
    if scanner.contents == 0 then
        return "other"
    end
    if finding.is_odd or finding.options > 1 or finding.includes > 1 then
        return "left"
    end
    return changed(text, finding)
end
____exports.change = change
return ____exports
