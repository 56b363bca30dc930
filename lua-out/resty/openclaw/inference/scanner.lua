local ____exports = {}
local cjson = require("cjson.safe")
local ffi = require("ffi")
ffi.cdef("void *memchr(const void *memory, int byte, size_t bytes);")
local QUOTE = 34
local BACKSLASH = 92
local OBJECT = 123
local OBJECT_END = 125
local ARRAY = 91
local ARRAY_END = 93
local COMMA = 44
local BLANK = 32
local COLON = 58
--- What a string is.
local NONE = 0
local UNWANTED = 1
local NAME = 2
local VALUE = 3
local CONTENT = 4
--- More of a text is not kept.
local LONGEST_TEXT = 1024
local LONGEST_NAME = 64
--- The bytes that mean something outside of strings.
local MEANS = ffi.new("uint8_t[256]")
for ____, byte in ipairs({
    QUOTE,
    OBJECT,
    OBJECT_END,
    ARRAY,
    ARRAY_END,
    COMMA,
    COLON
}) do
    MEANS[byte] = 1
end
--- The bytes that numbers and words are made of.
local IN_WORD = ffi.new("uint8_t[256]")
for byte = 0, 255 do
    if (string.find(
        string.char(byte),
        "[%w.+-]"
    )) ~= nil then
        IN_WORD[byte] = 1
    end
end
--- Keeps what this piece has of the text at hand, from its beginning up to before `end`.
local function keep(scanner, memory, ____end)
    local before = scanner.partial or ""
    local bytes = math.min(____end - scanner.text_at, LONGEST_TEXT - #before)
    if bytes > 0 then
        scanner.partial = before .. ffi.string(memory + scanner.text_at, bytes)
    else
        scanner.partial = before
    end
end
--- The text at hand, which ends before `end`; one that is too long is cut.
local function text_up_to(scanner, memory, ____end, most)
    local partial = scanner.partial
    local bytes = math.min(____end - scanner.text_at, most)
    if partial == nil then
        return ffi.string(memory + scanner.text_at, bytes)
    end
    scanner.partial = nil
    local rest = math.min(
        bytes,
        math.max(0, most - #partial)
    )
    return partial .. ffi.string(memory + scanner.text_at, rest)
end
--- A JSON string's text without its escapes; as it stands when they are none, or were cut.
local function unescaped(text)
    local backslash = string.find(text, "\\", 1, true)
    if backslash == nil then
        return text
    end
    local value = cjson.decode(("[\"" .. text) .. "\"]")
    return value == nil and text or tostring(value[1])
end
--- The number or word in a text, which blanks may be around. Nothing when there is none.
local function word_in(text)
    if #text > 0 and IN_WORD[string.byte(text, 1)] ~= 0 and IN_WORD[string.byte(text, -1)] ~= 0 then
        return text
    end
    local word = string.match(text, "[%w.+-]+")
    return word
end
--- Ends the number or word at hand, if there is one: `end` is where the byte after it stands.
local function end_literal(scanner, memory, ____end)
    local begin = scanner.text_at
    if begin < 0 then
        return
    end
    if begin < ____end and scanner.partial == nil and memory[begin] == BLANK then
        scanner.text_at = begin + 1
    end
    local word = word_in(text_up_to(scanner, memory, ____end, LONGEST_TEXT))
    scanner.text_at = -1
    local place = scanner.place
    if word ~= nil and (place and place.name) ~= nil then
        scanner.receiver:value(
            place.name,
            word,
            false,
            begin,
            ____end
        )
    end
end
--- A value may begin at `at`, which may be a number or word.
local function expect_value(scanner, at)
    local ____opt_2 = scanner.place
    if (____opt_2 and ____opt_2.name) ~= nil then
        scanner.text_at = at
    end
end
local function note_content(scanner)
    scanner.contents = scanner.contents + 1
    scanner.content_at = -1
end
--- An object or array begins at `at`.
local function open(scanner, at, is_array)
    local place = scanner.place
    if scanner.depth == 0 then
        scanner.values = scanner.values + 1
    end
    scanner.text_at = -1
    scanner.partial = nil
    if (place and place.is_content) == true and place.fields == nil and place.entries == nil then
        note_content(scanner)
    end
    if (place and place.watched) ~= nil then
        scanner.receiver:begins(place.watched, at)
    end
    local ____temp_9 = place == nil
    if not ____temp_9 then
        local ____is_array_8
        if is_array then
            ____is_array_8 = place.entries == nil
        else
            ____is_array_8 = place.fields == nil
        end
        ____temp_9 = ____is_array_8
    end
    if ____temp_9 then
        scanner.skipped = 1
        return
    end
    local depth = scanner.depth + 1
    scanner.tops[depth] = scanner.top
    scanner.kinds[depth] = scanner.is_array
    scanner.depth = depth
    scanner.top = place
    scanner.is_array = is_array
    local ____scanner_11 = scanner
    local ____is_array_10
    if is_array then
        ____is_array_10 = place.entries
    else
        ____is_array_10 = nil
    end
    ____scanner_11.place = ____is_array_10
    scanner.expects_name = not is_array
    if is_array then
        expect_value(scanner, at + 1)
    end
end
--- What comes after a whole value.
local function after_value(scanner)
    if scanner.depth == 0 then
        scanner.place = scanner.root
    else
        local ____scanner_13 = scanner
        local ____scanner_is_array_12
        if scanner.is_array then
            ____scanner_is_array_12 = scanner.top.entries
        else
            ____scanner_is_array_12 = nil
        end
        ____scanner_13.place = ____scanner_is_array_12
    end
end
local function close(scanner, is_array)
    local depth = scanner.depth
    if depth == 0 or scanner.is_array ~= is_array then
        scanner.is_broken = true
    end
    if depth == 0 then
        return
    end
    local place = scanner.top
    scanner.top = scanner.tops[depth]
    scanner.is_array = scanner.kinds[depth]
    scanner.depth = depth - 1
    scanner.expects_name = false
    after_value(scanner)
    if place.watched ~= nil then
        scanner.receiver:ends(place.watched)
    end
end
--- A quote begins a string; `at`: the byte after it.
local function begin_string(scanner, at)
    local place = scanner.place
    if scanner.depth == 0 then
        scanner.values = scanner.values + 1
    end
    scanner.partial = nil
    scanner.text_at = at
    if scanner.expects_name then
        scanner.role = NAME
    elseif place == nil then
        scanner.role = UNWANTED
    elseif place.is_content == true then
        scanner.role = CONTENT
    elseif place.name ~= nil then
        scanner.role = VALUE
    else
        scanner.role = UNWANTED
    end
end
--- One of the bytes that mean something, at `at`, in what somebody wants.
local function structure(scanner, memory, at, byte)
    if byte == QUOTE then
        begin_string(scanner, at + 1)
    elseif byte == COLON then
        scanner.expects_name = false
        expect_value(scanner, at + 1)
    elseif byte == COMMA then
        end_literal(scanner, memory, at)
        if scanner.is_array then
            expect_value(scanner, at + 1)
        else
            scanner.expects_name = scanner.depth > 0
            if scanner.depth > 0 then
                scanner.place = nil
            end
        end
    elseif byte == OBJECT or byte == ARRAY then
        open(scanner, at, byte == ARRAY)
    else
        end_literal(scanner, memory, at)
        close(scanner, byte == ARRAY_END)
    end
end
--- The same in what nobody wants.
local function pass_over(scanner, byte)
    if byte == QUOTE then
        scanner.role = UNWANTED
    elseif byte == OBJECT or byte == ARRAY then
        scanner.skipped = scanner.skipped + 1
    elseif byte == OBJECT_END or byte == ARRAY_END then
        scanner.skipped = scanner.skipped - 1
        if scanner.skipped == 0 then
            after_value(scanner)
        end
    end
end
local function end_name(scanner, memory, ____end)
    local name = text_up_to(scanner, memory, ____end, LONGEST_NAME)
    local fields = scanner.top.fields
    local place = fields[name]
    scanner.place = place or fields[unescaped(name)]
end
local function end_value(scanner, memory, ____end)
    local begin = scanner.text_at - 1
    local text = text_up_to(scanner, memory, ____end, LONGEST_TEXT)
    scanner.receiver:value(
        scanner.place.name,
        unescaped(text),
        true,
        begin,
        ____end + 1
    )
end
local function end_content(scanner, ____end)
    if ____end > scanner.text_at or scanner.partial ~= nil then
        scanner.contents = scanner.contents + 1
    end
    scanner.content_at = scanner.partial == nil and scanner.text_at or -1
    scanner.content_end = ____end
    scanner.partial = nil
end
--- The string at hand ends with the quote at `end`.
local function end_string(scanner, memory, ____end)
    local role = scanner.role
    scanner.role = NONE
    if role == NAME then
        end_name(scanner, memory, ____end)
        scanner.text_at = -1
        return
    end
    if role == VALUE then
        end_value(scanner, memory, ____end)
    elseif role == CONTENT then
        end_content(scanner, ____end)
    end
    scanner.text_at = -1
end
--- Whether the bytes from `at` to before `end` end in an odd number of backslashes. The last one is known to be one.
local function ends_escaped(memory, at, ____end)
    if ____end - at < 2 or memory[____end - 2] ~= BACKSLASH then
        return true
    end
    local first = ____end - 2
    while first > at and memory[first - 1] == BACKSLASH do
        first = first - 1
    end
    return (____end - first) % 2 == 1
end
--- Goes on within a string, from `at`. Returns where to go on after it, or after the part of it that is known.
local function within_string(scanner, memory, at, limit)
    if scanner.is_escaped then
        scanner.is_escaped = false
        return at + 1
    end
    local found = ffi.C.memchr(memory + at, QUOTE, limit - at)
    if found == nil then
        if memory[limit - 1] == BACKSLASH then
            scanner.is_escaped = ends_escaped(memory, at, limit)
        end
        return limit
    end
    local ____end = ffi.cast("const uint8_t *", found) - memory
    if ____end > at and memory[____end - 1] == BACKSLASH and ends_escaped(memory, at, ____end) then
        return ____end + 1
    end
    end_string(scanner, memory, ____end)
    return ____end + 1
end
--- The piece ends: what it has of a wanted text is kept.
local function end_piece(scanner, memory, limit)
    if scanner.text_at < 0 then
        return
    end
    local role = scanner.role
    if role == NONE or role == NAME or role == VALUE then
        keep(scanner, memory, limit)
    elseif role == CONTENT and limit > scanner.text_at then
        scanner.partial = ""
    end
    scanner.text_at = 0
end
--- Reads on, from `from` up to before `limit`. Takes about a millisecond for each MB. Phases: any. Never raises, whatever
-- the bytes are.
function ____exports.feed(scanner, memory, from, limit)
    local at = from
    if scanner.text_at >= 0 then
        scanner.text_at = from
    end
    while at < limit do
        if scanner.role ~= NONE then
            at = within_string(scanner, memory, at, limit)
        else
            local byte = memory[at]
            if MEANS[byte] ~= 0 then
                if scanner.skipped > 0 then
                    pass_over(scanner, byte)
                else
                    structure(scanner, memory, at, byte)
                end
            end
            at = at + 1
        end
    end
    end_piece(scanner, memory, limit)
end
--- Whether there was a value and all that has begun has ended. Phases: any.
function ____exports.is_whole(scanner)
    return scanner.values > 0 and scanner.depth == 0 and scanner.skipped == 0 and scanner.role == NONE and not scanner.is_broken
end
--- Forgets what was read: the next byte begins a value. Phases: any.
function ____exports.reset(scanner)
    scanner.top = nil
    scanner.is_array = false
    scanner.depth = 0
    scanner.skipped = 0
    scanner.place = scanner.root
    scanner.expects_name = false
    scanner.role = NONE
    scanner.is_escaped = false
    scanner.text_at = -1
    scanner.partial = nil
    scanner.values = 0
    scanner.is_broken = false
    scanner.contents = 0
    scanner.content_at = -1
    scanner.content_end = -1
end
--- A scanner of the values that `root` and the places below it want. Phases: any.
local function create(root, receiver)
    local scanner = {root = root, receiver = receiver, tops = {}, kinds = {}}
    ____exports.reset(scanner)
    return scanner
end
____exports.new = create
return ____exports
