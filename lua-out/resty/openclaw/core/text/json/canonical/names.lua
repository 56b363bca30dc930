local ____exports = {}
local pairs = pairs
local bit_band = bit.band
local bit_bnot = bit.bnot
local bit_bxor = bit.bxor
local math_min = math.min
local string_byte = string.byte
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_new = ffi.new
local BACKSLASH = 92
local U = 117
--- The first bytes of U+E000 to U+FFFF. In UTF-16 all that is above U+FFFF comes before them, as it begins with a surrogate.
local FIRST_BEHIND = 238
local LAST_BEHIND = 239
--- Moves these bytes behind 0xf4, the highest one in UTF-8.
local BEHIND = 16
--- Of a key: as many as a double holds exactly.
local KEY_BYTES = 6
--- What the escapes of one letter stand for.
local LETTERS = ffi_new("uint8_t[256]")
for letter, byte in pairs({
    ["\""] = 34,
    ["\\"] = 92,
    b = 8,
    f = 12,
    n = 10,
    r = 13,
    t = 9
}) do
    LETTERS[string_byte(letter)] = byte
end
--- The value of a digit: letters are in lower case, and the first two digits of these escapes are zeros.
local function digit(memory, at)
    local byte = memory[at]
    return byte > 57 and byte - 87 or byte - 48
end
--- The place in the order of the byte or the escape at `at`.
local function rank(memory, at)
    local byte = memory[at]
    if byte == BACKSLASH then
        local letter = memory[at + 1]
        return letter == U and digit(memory, at + 4) * 16 + digit(memory, at + 5) or LETTERS[letter]
    end
    return byte >= FIRST_BEHIND and byte <= LAST_BEHIND and byte + BEHIND or byte
end
local RANKS = ffi_new("uint8_t[256]")
for byte = 0, 255 do
    RANKS[byte] = (byte == FIRST_BEHIND or byte == LAST_BEHIND) and byte + BEHIND or byte
end
--- Of a name with escapes at its beginning, as `key_of`.
local function key_with_escapes(memory, begins, bytes)
    local key = 0
    local at = 0
    for _ = 1, KEY_BYTES do
        key = key * 256 + (at < bytes and rank(memory, begins + at) or 0)
        if memory[begins + at] ~= BACKSLASH then
            at = at + 1
        else
            at = at + (memory[begins + at + 1] == U and 6 or 2)
        end
    end
    return key
end
local function has_backslash(four)
    local backslashes = bit_bxor(four, 1549556828)
    return bit_band(
        bit_band(
            backslashes - 16843009,
            bit_bnot(backslashes)
        ),
        2155905152
    ) ~= 0
end
--- The places of the first six characters of a name in the order, as one number: the lower one of two comes first, and two that are the
-- same say nothing. There must be eight bytes after the name, which become zero. Phases: any.
local function key_of(memory, begins, bytes)
    local after = ffi_cast("int32_t *", memory + (begins + bytes))
    after[0] = 0
    after[1] = 0
    local first = ffi_cast("const int32_t *", memory + begins)[0]
    local second = ffi_cast("const int32_t *", memory + (begins + 2))[0]
    if has_backslash(first) or has_backslash(second) then
        return key_with_escapes(memory, begins, bytes)
    end
    local front = RANKS[memory[begins]] * 65536 + RANKS[memory[begins + 1]] * 256
    local middle = RANKS[memory[begins + 2]] * 65536 + RANKS[memory[begins + 3]] * 256
    local back = RANKS[memory[begins + 4]] * 256 + RANKS[memory[begins + 5]]
    return front * 16777216 + middle * 256 + back
end
____exports.key_of = key_of
--- Whether a name of an object comes before another one (less than 0), is the same (0), or comes after it. Both are canonical.
-- Phases: any.
local function compare(memory, left, right)
    if left.key ~= right.key then
        return left.key - right.key
    end
    local left_begins = left.begins + 1
    local right_begins = right.begins + 1
    local common = math_min(left.name_bytes, right.name_bytes)
    local at = 0
    while at < common do
        local byte = memory[left_begins + at]
        if byte ~= memory[right_begins + at] or byte == BACKSLASH then
            local difference = rank(memory, left_begins + at) - rank(memory, right_begins + at)
            if difference ~= 0 then
                return difference
            end
            at = at + 1
        end
        at = at + 1
    end
    return left.name_bytes - right.name_bytes
end
____exports.compare = compare
return ____exports
