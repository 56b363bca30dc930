local ____exports = {}
local ____codes = require("resty.openclaw.core.text.json.scanner.codes")
local codes_ARRAY = ____codes.ARRAY
local codes_ARRAY_END = ____codes.ARRAY_END
local codes_BLANK = ____codes.BLANK
local codes_COLON = ____codes.COLON
local codes_COMMA = ____codes.COMMA
local codes_CONTENT = ____codes.CONTENT
local codes_NAME = ____codes.NAME
local codes_OBJECT = ____codes.OBJECT
local codes_OBJECT_END = ____codes.OBJECT_END
local codes_QUOTE = ____codes.QUOTE
local codes_UNWANTED = ____codes.UNWANTED
local codes_VALUE = ____codes.VALUE
local ARRAY = codes_ARRAY
local ARRAY_END = codes_ARRAY_END
local BLANK = codes_BLANK
local COLON = codes_COLON
local COMMA = codes_COMMA
local CONTENT = codes_CONTENT
local NAME = codes_NAME
local OBJECT = codes_OBJECT
local OBJECT_END = codes_OBJECT_END
local QUOTE = codes_QUOTE
local UNWANTED = codes_UNWANTED
local VALUE = codes_VALUE
local ____texts = require("resty.openclaw.core.text.json.scanner.texts")
local texts_LONGEST_TEXT = ____texts.LONGEST_TEXT
local LONGEST_TEXT = texts_LONGEST_TEXT
local text_up_to = ____texts.text_up_to
local word_in = ____texts.word_in
--- Ends the current number or word, if there is one; `end`: the place after it.
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
--- A value may begin at `at`. It may be a number or word, which begin without a mark.
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
--- Sets the place of what follows a complete value.
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
--- Handles a byte with a meaning, at `at`, inside a wanted value. Phases: any.
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
____exports.structure = structure
--- The same inside an unwanted value. Phases: any.
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
____exports.pass_over = pass_over
return ____exports
