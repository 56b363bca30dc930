local ____exports = {}
local tostring = tostring
local string_byte = string.byte
local string_find = string.find
local string_gmatch = string.gmatch
local string_lower = string.lower
local string_match = string.match
local string_sub = string.sub
local digests = require("resty.openclaw.core.bytes.digest")
local digests_same = digests.same
local attributes = require("resty.openclaw.auth.api_key.attributes")
local attributes_NAMES_IN_WORDS = attributes.NAMES_IN_WORDS
local attributes_caller_of = attributes.caller_of
local attributes_is_name = attributes.is_name
local MOST_BYTES = 2 * 1024 * 1024
____exports.MOST_BYTES = MOST_BYTES
local MOST_KEYS = 10000
____exports.MOST_KEYS = MOST_KEYS
--- Of comments too.
local MOST_LINE_BYTES = 8192
--- In ASCII.
local CARRIAGE_RETURN = 13
local HASH_SIGN = 35
local HEX_DIGITS = 64
local HALF = HEX_DIGITS / 2
--- The attributes in the words of a line. Nil and what is wrong.
local function read_attributes(words)
    local found = {}
    for word in string_gmatch(words, "[^ \t]+") do
        local name, value = string_match(word, "^(%l+)=(.+)$")
        if name == nil or not attributes_is_name(name) then
            local wanted = "NAME=VALUE is expected after the SHA-256, with the names " .. attributes_NAMES_IN_WORDS
            return nil, wanted
        end
        if found[name] ~= nil then
            return nil, name .. " is there twice"
        end
        found[name] = value
    end
    return found
end
--- Adds the key of a line. Returns what is wrong.
local function add(reading, line, number)
    local id, digest, words = string_match(line, "^[ \t]*([^ \t]+)[ \t]+([^ \t]+)(.*)$")
    if id == nil then
        return "an id and a SHA-256 are expected"
    end
    local given, words_err = read_attributes(words)
    if given == nil then
        return words_err
    end
    local caller, err = attributes_caller_of(id, given, reading.known)
    if caller == nil then
        return err
    end
    local hex = string_find(digest, "^%x+$")
    if hex == nil or #digest ~= HEX_DIGITS then
        return ("the second word must be the SHA-256 of the key: " .. tostring(HEX_DIGITS)) .. " hex digits"
    end
    local digits = string_lower(digest)
    local first_half = string_sub(digits, 1, HALF)
    local earlier = reading.lines[id]
    if earlier ~= nil then
        return "it has the id of line " .. tostring(earlier)
    end
    if reading.by_first_half[first_half] ~= nil then
        return "it has the key of an earlier line"
    end
    if reading.count == MOST_KEYS then
        return ("there are more than " .. tostring(MOST_KEYS)) .. " keys"
    end
    local entry = caller
    entry.second_half = string_sub(digits, HALF + 1)
    reading.count = reading.count + 1
    reading.lines[id] = number
    reading.by_first_half[first_half] = entry
    return nil
end
--- Whether a line of no more than `MOST_LINE_BYTES` has a key: it is neither empty nor a comment.
local function has_key(line)
    local first = string_find(line, "[^ \t]")
    return first ~= nil and string_byte(line, first) ~= HASH_SIGN
end
--- The text up to a line end, without the carriage return of other systems.
local function line_of(text, at, ____end)
    local last = string_byte(text, ____end - 1) == CARRIAGE_RETURN and ____end - 2 or ____end - 1
    return (string_sub(text, at, last))
end
--- Adds the key of a line, if it has one. Returns what is wrong.
local function add_if_any(reading, line, number)
    if #line > MOST_LINE_BYTES then
        return ("there are more than " .. tostring(MOST_LINE_BYTES)) .. " bytes in it"
    end
    local ____has_key_result_0
    if has_key(line) then
        ____has_key_result_0 = add(reading, line, number)
    else
        ____has_key_result_0 = nil
    end
    return ____has_key_result_0
end
--- The keys in a text; a text without any is refused. `pause` is called after each line, for those who may yield (`time_slice.paced`). Nil and what is wrong,
-- with the number of the line. Phases: any, with `pause` those in which it may be called.
local function parse(text, pause)
    local reading = {lines = {}, by_first_half = {}, known = {}, count = 0}
    local number = 0
    local at = 1
    while at <= #text do
        number = number + 1
        local ____end = string_find(text, "\n", at, true)
        if ____end == nil then
            return nil, ("line " .. tostring(number)) .. ": no line break at its end, so it may be incomplete"
        end
        local wrong = add_if_any(
            reading,
            line_of(text, at, ____end),
            number
        )
        if wrong ~= nil then
            return nil, (("line " .. tostring(number)) .. ": ") .. wrong
        end
        at = ____end + 1
        if pause ~= nil then
            pause()
        end
    end
    local count = reading.count
    local by_first_half = reading.by_first_half
    if count == 0 then
        return nil, "has no keys"
    end
    return {count = count, by_first_half = by_first_half}
end
____exports.parse = parse
--- Who has the key with this SHA-256, in lower-case hex; nothing where nobody has it. Phases: any.
-- 
-- The look-up in a table takes a time that depends on the digest. That tells nobody anything of use: who tries keys cannot choose their
-- digests, and the digests in the table have 128 random bits more, which are compared in constant time.
local function find(entries, digest)
    local entry = entries.by_first_half[string_sub(digest, 1, HALF)]
    if entry == nil or not digests_same(
        entry.second_half,
        string_sub(digest, HALF + 1)
    ) then
        return nil
    end
    return entry
end
____exports.find = find
return ____exports
