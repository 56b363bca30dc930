local ____exports = {}
local pairs = pairs
local math_min = math.min
local string_byte = string.byte
local ffi = require("ffi")
local ffi_new = ffi.new
local BACKSLASH = 92
local U = 117
--- The first bytes of U+E000 to U+FFFF. In UTF-16 all that is above U+FFFF comes before them, as it begins with a surrogate.
local FIRST_BEHIND = 238
local LAST_BEHIND = 239
--- Moves these bytes behind 0xf4, the highest one in UTF-8.
local BEHIND = 16
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
--- Whether the name at `left` comes before that at `right` (less than 0), is the same (0), or comes after it. Both are canonical, and in
-- the same memory. Phases: any.
local function compare(memory, left, left_bytes, right, right_bytes)
    local common = math_min(left_bytes, right_bytes)
    local at = 0
    while at < common do
        local byte = memory[left + at]
        if byte ~= memory[right + at] or byte == BACKSLASH then
            local difference = rank(memory, left + at) - rank(memory, right + at)
            if difference ~= 0 then
                return difference
            end
            at = at + 1
        end
        at = at + 1
    end
    return left_bytes - right_bytes
end
____exports.compare = compare
return ____exports
