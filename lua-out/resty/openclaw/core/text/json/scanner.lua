local ____exports = {}
local ipairs = ipairs
local ffi = require("ffi")
local ffi_new = ffi.new
local ____codes = require("resty.openclaw.core.text.json.scanner.codes")
local codes_ARRAY = ____codes.ARRAY
local codes_ARRAY_END = ____codes.ARRAY_END
local codes_COLON = ____codes.COLON
local codes_COMMA = ____codes.COMMA
local codes_CONTENT = ____codes.CONTENT
local codes_NAME = ____codes.NAME
local codes_NONE = ____codes.NONE
local codes_OBJECT = ____codes.OBJECT
local codes_OBJECT_END = ____codes.OBJECT_END
local codes_QUOTE = ____codes.QUOTE
local codes_VALUE = ____codes.VALUE
local ARRAY = codes_ARRAY
local ARRAY_END = codes_ARRAY_END
local COLON = codes_COLON
local COMMA = codes_COMMA
local CONTENT = codes_CONTENT
local NAME = codes_NAME
local NONE = codes_NONE
local OBJECT = codes_OBJECT
local OBJECT_END = codes_OBJECT_END
local QUOTE = codes_QUOTE
local VALUE = codes_VALUE
local ____strings = require("resty.openclaw.core.text.json.scanner.strings")
local within_string = ____strings.within_string
local ____structure = require("resty.openclaw.core.text.json.scanner.structure")
local pass_over = ____structure.pass_over
local structure = ____structure.structure
local ____texts = require("resty.openclaw.core.text.json.scanner.texts")
local keep = ____texts.keep
--- The bytes that have a meaning outside of strings.
local MEANS = ffi_new("uint8_t[256]")
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
--- At the end of a piece: keeps its part of a wanted text.
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
--- Reads the bytes from `from` up to before `limit`; bench/README.md has the time that this takes. Phases: any. Never raises,
-- whatever the bytes are.
local function feed(scanner, memory, from, limit)
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
____exports.feed = feed
--- Whether there was a value, and all objects, arrays and strings have ended. Phases: any.
local function is_whole(scanner)
    return scanner.values > 0 and scanner.depth == 0 and scanner.skipped == 0 and scanner.role == NONE and not scanner.is_broken
end
____exports.is_whole = is_whole
--- Resets the scanner: the next byte begins a value. Phases: any.
local function reset(scanner)
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
____exports.reset = reset
--- A scanner for the values that are wanted at `root` and the places below it. Phases: any.
local function create(root, receiver)
    local scanner = {root = root, receiver = receiver, tops = {}, kinds = {}}
    reset(scanner)
    return scanner
end
____exports.new = create
return ____exports
