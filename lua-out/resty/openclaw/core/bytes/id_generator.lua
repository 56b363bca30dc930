local ____exports = {}
local string_byte = string.byte
local bits = require("bit")
local bits_band = bits.band
local bits_bxor = bits.bxor
local bits_lshift = bits.lshift
local bits_rol = bits.rol
local bits_rshift = bits.rshift
local bits_tobit = bits.tobit
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_new = ffi.new
local random = require("resty.openclaw.core.bytes.random")
local random_bits = random.bits
--- Digits of an id, a byte each.
local ID_BYTES = 32
____exports.ID_BYTES = ID_BYTES
local DIGITS = "0123456789abcdef"
local state = ffi_new("int32_t[4]")
--- The digits of each byte.
local pairs_of_digits = ffi_new("uint16_t[256]")
local pairs_of_id = ffi_new("uint16_t[16]")
local id = ffi_cast("uint8_t *", pairs_of_id)
--- False in the process that starts the workers: each of them needs a seed of its own.
local is_seeded = false
local LOW_BYTE = 255
local function fill_digits()
    local text = ffi_cast("uint8_t *", pairs_of_digits)
    for value = 0, LOW_BYTE do
        text[2 * value] = string_byte(
            DIGITS,
            bits_rshift(value, 4) + 1
        )
        text[2 * value + 1] = string_byte(
            DIGITS,
            bits_band(value, 15) + 1
        )
    end
end
fill_digits()
local function seed()
    while state[0] == 0 do
        for place = 0, 3 do
            state[place] = bits_tobit(random_bits())
        end
    end
    is_seeded = true
end
--- The next 32 bits, as a number with a sign.
local function next_bits()
    local s0 = state[0]
    local s1 = state[1]
    local s2 = state[2]
    local s3 = state[3]
    local output = bits_tobit(bits_rol(
        bits_tobit(s0 + s3),
        7
    ) + s0)
    local third = bits_bxor(s2, s0)
    local fourth = bits_bxor(s3, s1)
    state[1] = bits_bxor(s1, third)
    state[0] = bits_bxor(s0, fourth)
    state[2] = bits_bxor(
        third,
        bits_lshift(s1, 9)
    )
    state[3] = bits_rol(fourth, 11)
    return output
end
--- Writes an output as eight digits.
local function write(place, output)
    pairs_of_id[place] = pairs_of_digits[bits_band(output, LOW_BYTE)]
    pairs_of_id[place + 1] = pairs_of_digits[bits_band(
        bits_rshift(output, 8),
        LOW_BYTE
    )]
    pairs_of_id[place + 2] = pairs_of_digits[bits_band(
        bits_rshift(output, 16),
        LOW_BYTE
    )]
    pairs_of_id[place + 3] = pairs_of_digits[bits_rshift(output, 24)]
end
--- A new id: 32 digits in memory that the next call overwrites. Phases: any in a worker; not in init. Raises if the system gives no
-- random numbers for the seed.
local function next_id()
    if not is_seeded then
        seed()
    end
    write(
        0,
        next_bits()
    )
    write(
        4,
        next_bits()
    )
    write(
        8,
        next_bits()
    )
    write(
        12,
        next_bits()
    )
    return id
end
____exports.next_id = next_id
return ____exports
