local ____exports = {}
local bit_band = bit.band
local bit_bor = bit.bor
local bit_bxor = bit.bxor
local ffi = require("ffi")
local ffi_abi = ffi.abi
local IS_LITTLE_ENDIAN = ffi_abi("le")
--- Of a character of three bytes, and of two: the bits that say so, and what they are.
local LAST_TWO_OF_THREE = 12632304
local IN_THREE = 8421600
local LAST_OF_TWO = 49376
local IN_TWO = 32960
--- Whether none of four bytes has a meaning in a string: all are ASCII, and no quote, backslash or control character.
local function are_plain(four)
    local quotes = bit_bxor(four, 572662306)
    local backslashes = bit_bxor(four, 1549556828)
    return bit_band(
        bit_bor(
            bit_bor(
                bit_bor(four, four - 538976288),
                quotes - 16843009
            ),
            backslashes - 16843009
        ),
        2155905152
    ) == 0
end
--- How long the character of more than one byte is that four bytes in a string begin with: 2 or 3 if it is certainly well-formed, else 0.
-- RFC 3629, section 4; after 0xe0 and 0xed not all bytes may follow.
local function length_of_character(four)
    if bit_band(four, LAST_TWO_OF_THREE) == IN_THREE then
        local first = bit_band(four, 255)
        return (first == 224 or first == 237) and 0 or 3
    end
    return bit_band(four, LAST_OF_TWO) == IN_TWO and bit_band(four, 30) ~= 0 and 2 or 0
end
--- How many of four bytes in a string are copied as they are: 4, a character of 3 or 2 bytes, or 0 if it takes a closer look. Phases: any.
local function plain_bytes(four)
    if are_plain(four) then
        return 4
    end
    return IS_LITTLE_ENDIAN and length_of_character(four) or 0
end
____exports.plain_bytes = plain_bytes
return ____exports
