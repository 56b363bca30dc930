local ____exports = {}
local bit_arshift = bit.arshift
local bit_band = bit.band
local bit_bor = bit.bor
local bit_lshift = bit.lshift
local math_ceil = math.ceil
local string_byte = string.byte
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_new = ffi.new
local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local PADDING = 61
--- What a byte stands for: 0 to 63, or less than 0. All of these are less than 0 in every sum of shifted values, too.
local NO_LETTER = -1
local BLANK = -2
local VALUES = ffi_new("int8_t[256]")
for byte = 0, 255 do
    VALUES[byte] = NO_LETTER
end
for place = 1, #LETTERS do
    VALUES[string_byte(LETTERS, place)] = place - 1
end
VALUES[string_byte("-")] = 62
VALUES[string_byte("_")] = 63
for place = 1, 4 do
    VALUES[string_byte(" \t\r\n", place)] = BLANK
end
--- The two letters for each 12 bits, in the order of this machine. Not a cast of the bytes: that would not keep them.
local PAIRS = ffi_new("uint16_t[4096]")
local letters_of_pairs = ffi_cast("uint8_t *", PAIRS)
for value = 0, 4095 do
    letters_of_pairs[2 * value] = string_byte(
        LETTERS,
        bit_arshift(value, 6) + 1
    )
    letters_of_pairs[2 * value + 1] = string_byte(
        LETTERS,
        bit_band(value, 63) + 1
    )
end
--- How many letters so many bytes take, padding included. Phases: any.
local function letters_of(bytes)
    return math_ceil(bytes / 3) * 4
end
____exports.letters_of = letters_of
--- How many bytes so many letters may be, at most. Phases: any.
local function most_bytes_of(letters)
    return math_ceil(letters / 4) * 3
end
____exports.most_bytes_of = most_bytes_of
--- Writes the bytes in the standard alphabet with padding; the target has room for `letters_of`. Phases: any.
local function encode(source, count, target)
    local whole = count - count % 3
    local pairs_of_target = ffi_cast("uint16_t *", target)
    local written = 0
    for at = 0, whole - 1, 3 do
        local second = source[at + 1]
        pairs_of_target[written] = PAIRS[bit_bor(
            bit_lshift(source[at], 4),
            bit_arshift(second, 4)
        )]
        pairs_of_target[written + 1] = PAIRS[bit_bor(
            bit_lshift(
                bit_band(second, 15),
                8
            ),
            source[at + 2]
        )]
        written = written + 2
    end
    if whole == count then
        return
    end
    local first = source[whole]
    local second = whole + 1 < count and source[whole + 1] or 0
    pairs_of_target[written] = PAIRS[bit_bor(
        bit_lshift(first, 4),
        bit_arshift(second, 4)
    )]
    pairs_of_target[written + 1] = PAIRS[bit_lshift(
        bit_band(second, 15),
        8
    )]
    target[2 * written + 3] = PADDING
    if whole + 1 == count then
        target[2 * written + 2] = PADDING
    end
end
____exports.encode = encode
--- Decodes groups of four letters from `at` on, until one has another byte in it. Returns the place of that, or of the rest.
local function decode_plain(source, at, count, target, written)
    while at + 4 <= count do
        local value = bit_bor(
            bit_bor(
                bit_bor(
                    bit_lshift(VALUES[source[at]], 18),
                    bit_lshift(VALUES[source[at + 1]], 12)
                ),
                bit_lshift(VALUES[source[at + 2]], 6)
            ),
            VALUES[source[at + 3]]
        )
        if value < 0 then
            return at
        end
        target[written] = bit_arshift(value, 16)
        target[written + 1] = bit_arshift(value, 8)
        target[written + 2] = value
        written = written + 3
        at = at + 4
    end
    return at
end
--- Whether nothing follows from `at` on but so many signs of padding, or none, and blanks.
local function is_end(source, at, count, padding)
    local left = padding
    while at < count do
        local byte = source[at]
        if byte == PADDING then
            left = left - 1
        elseif VALUES[byte] ~= BLANK then
            return false
        end
        at = at + 1
    end
    return left == 0 or left == padding
end
--- Decodes letters of either alphabet, with padding or without, with blanks and line ends anywhere. Returns how many bytes were written to
-- the target, which has room for `most_bytes_of`; -1 if it is no base64. Each letter is looked at twice at most. Phases: any.
local function decode(source, count, target)
    local at = 0
    local written = 0
    while at < count do
        local next = decode_plain(
            source,
            at,
            count,
            target,
            written
        )
        written = written + (next - at) / 4 * 3
        at = next
        local value = 0
        local letters = 0
        local its_value = 0
        while at < count and letters < 4 and its_value ~= NO_LETTER do
            its_value = VALUES[source[at]]
            if its_value >= 0 then
                value = bit_bor(
                    bit_lshift(value, 6),
                    its_value
                )
                letters = letters + 1
            end
            if its_value ~= NO_LETTER then
                at = at + 1
            end
        end
        if letters == 4 then
            target[written] = bit_arshift(value, 16)
            target[written + 1] = bit_arshift(value, 8)
            target[written + 2] = value
            written = written + 3
        else
            if letters == 1 or not is_end(source, at, count, letters == 0 and 0 or 4 - letters) then
                return -1
            end
            if letters == 3 then
                target[written + 1] = bit_arshift(value, 2)
            end
            if letters > 0 then
                target[written] = letters == 3 and bit_arshift(value, 10) or bit_arshift(value, 4)
            end
            return letters == 0 and written or written + letters - 1
        end
    end
    return written
end
____exports.decode = decode
return ____exports
