local ____exports = {}
local tostring = tostring
local bit_band = bit.band
local math_abs = math.abs
local math_huge = math.huge
local math_min = math.min
local ffi = require("ffi")
local ffi_abi = ffi.abi
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_copy = ffi.copy
local ffi_fill = ffi.fill
local ffi_new = ffi.new
ffi_cdef("char *openclaw_gcvt(double value, int digits, char *text) __asm__(\"gcvt\");")
ffi_cdef("double openclaw_strtod(const char *text, char **end) __asm__(\"strtod\");")
--- Longer spellings are refused: no program writes them, and reading them takes time.
local MOST_BYTES = 256
____exports.MOST_BYTES = MOST_BYTES
--- The longest text that `write` leaves: a sign, 17 digits, "0.00000" or an exponent.
local LONGEST_TEXT = 32
____exports.LONGEST_TEXT = LONGEST_TEXT
--- Any decimal of so many digits is found again in the double that is closest to it.
local SURE_DIGITS = 15
local LONG_DIGITS = 16
local MOST_DIGITS = 17
--- Within these exponents doubles have all of their digits: from 2.2e-308 to 1.7e308.
local SURE_EXPONENT = 290
--- Below it doubles have fewer digits.
local LEAST_NORMAL = 2.2250738585072014e-308
local MINUS = 45
local POINT = 46
local ZERO = 48
local NINE = 57
local PLUS = 43
local BIG_E = 69
local SMALL_E = 101
--- A number that is being written: 0.<digits> times ten to the power of `exponent`. One for the worker: never in use over a yield.
local digits = ffi_new("uint8_t[?]", MOST_BYTES)
local decimal = {is_negative = false, count = 0, exponent = 0}
--- What the C library writes, and where it has stopped to read.
local text = ffi_new("uint8_t[64]")
local stopped = ffi_new("uint8_t *[1]")
--- For a look at the bits of a double.
local double = ffi_new("double[1]")
local words = ffi_cast("const int32_t *", double)
local LOW_WORD = ffi_abi("le") and 0 or 1
--- The exponent that begins at `at`; numbers over 9999 are no matter.
local function read_exponent(memory, at, ____end)
    local sign = memory[at]
    if sign == MINUS or sign == PLUS then
        at = at + 1
    end
    local exponent = 0
    while at < ____end do
        exponent = math_min(exponent * 10 + memory[at] - ZERO, 9999)
        at = at + 1
    end
    return sign == MINUS and -exponent or exponent
end
--- Reads a number of JSON into `decimal`, without zeros around its digits; returns whether it has no fraction and no exponent.
local function read(memory, at, ____end)
    local is_negative = memory[at] == MINUS
    local count = 0
    local exponent = 0
    local without_zeros = 0
    local has_point = false
    local read_to = is_negative and at + 1 or at
    while read_to < ____end do
        local byte = memory[read_to]
        if byte >= ZERO and byte <= NINE then
            if byte ~= ZERO or count > 0 then
                digits[count] = byte
                count = count + 1
                if byte ~= ZERO then
                    without_zeros = count
                end
                if not has_point then
                    exponent = exponent + 1
                end
            elseif has_point then
                exponent = exponent - 1
            end
        elseif byte == BIG_E or byte == SMALL_E then
            break
        else
            has_point = true
        end
        read_to = read_to + 1
    end
    local has_exponent = read_to < ____end
    if has_exponent then
        exponent = exponent + read_exponent(memory, read_to + 1, ____end)
    end
    decimal.is_negative = is_negative
    decimal.count = without_zeros
    decimal.exponent = exponent
    return not has_point and not has_exponent
end
--- Each of these writes a part of the number to `at`, and returns the place after it.
local function put_digits(memory, at, from, count)
    ffi_copy(memory + at, digits + from, count)
    return at + count
end
local function put_zeros(memory, at, count)
    ffi_fill(memory + at, count, ZERO)
    return at + count
end
local function put_byte(memory, at, byte)
    memory[at] = byte
    return at + 1
end
local function put_exponent(memory, at, exponent)
    at = put_byte(memory, at, SMALL_E)
    at = put_byte(memory, at, exponent < 0 and MINUS or PLUS)
    local places = tostring(math_abs(exponent))
    ffi_copy(memory + at, places, #places)
    return at + #places
end
--- ECMA-262, Number::toString, with its bounds: 21 digits before the point, six zeros after it.
local function put(memory, at)
    local count = decimal.count
    local exponent = decimal.exponent
    if count == 0 then
        return put_byte(memory, at, ZERO)
    end
    if decimal.is_negative then
        at = put_byte(memory, at, MINUS)
    end
    if exponent > 0 and exponent <= 21 then
        at = put_digits(
            memory,
            at,
            0,
            math_min(count, exponent)
        )
        if count <= exponent then
            return put_zeros(memory, at, exponent - count)
        end
        at = put_byte(memory, at, POINT)
        return put_digits(memory, at, exponent, count - exponent)
    end
    if exponent <= 0 and exponent > -6 then
        at = put_byte(memory, at, ZERO)
        at = put_byte(memory, at, POINT)
        at = put_zeros(memory, at, -exponent)
        return put_digits(memory, at, 0, count)
    end
    at = put_digits(memory, at, 0, 1)
    if count > 1 then
        at = put_byte(memory, at, POINT)
        at = put_digits(memory, at, 1, count - 1)
    end
    return put_exponent(memory, at, exponent - 1)
end
--- The double that a text stands for, which ends with a zero byte.
local function double_of(memory, at)
    return ffi.C.openclaw_strtod(memory + at, stopped)
end
--- Leaves a positive double in `decimal`, with so many digits. Whether the same one is read from these.
local function round(value, count)
    ffi.C.openclaw_gcvt(value, count, text)
    local is_same = double_of(text, 0) == value
    read(text, 0, stopped[0] - text)
    return is_same
end
local function is_power_of_two(value)
    double[0] = value
    return words[LOW_WORD] == 0 and bit_band(words[1 - LOW_WORD], 1048575) == 0
end
--- Below a power of two doubles are closer together than above it. So the decimal that is closest may belong to the double below,
-- while the next one up is still read as this one. Makes `decimal` the next one of 16 digits; whether that is so. (If that ended with a
-- zero, it would have 15 digits, and have been found.)
local function round_up(value)
    put_zeros(digits, decimal.count, LONG_DIGITS - decimal.count)
    decimal.count = LONG_DIGITS
    if digits[LONG_DIGITS - 1] == NINE then
        return false
    end
    digits[LONG_DIGITS - 1] = digits[LONG_DIGITS - 1] + 1
    text[put(text, 0)] = 0
    return double_of(text, 0) == value
end
--- Leaves the shortest decimal of a positive double in `decimal`.
local function find_shortest(value)
    if value < LEAST_NORMAL then
        for count = 1, SURE_DIGITS - 1 do
            if round(value, count) then
                return
            end
        end
    end
    if value < LEAST_NORMAL or is_power_of_two(value) then
        if not round(value, SURE_DIGITS) and not round(value, LONG_DIGITS) and not round_up(value) then
            round(value, MOST_DIGITS)
        end
        return
    end
    if not round(value, LONG_DIGITS) then
        round(value, MOST_DIGITS)
    elseif not round(value, SURE_DIGITS) then
        round(value, LONG_DIGITS)
    end
end
--- Makes `decimal`, read from the bytes from `at` on, the shortest one of its double. Why there is none, or nothing.
local function shorten(memory, at, ____end)
    local is_negative = decimal.is_negative
    memory[____end] = 0
    local value = math_abs(double_of(memory, at))
    if value == math_huge then
        return "number_too_large"
    end
    if stopped[0] - memory ~= ____end then
        return "number_not_exact"
    end
    if value == 0 then
        decimal.count = 0
    else
        find_shortest(value)
    end
    decimal.is_negative = is_negative
    return nil
end
--- Whether the digits of `decimal` are those that the text, a whole number, begins with; zeros follow in both.
local function are_digits_of(memory, at, ____end)
    local first = memory[at] == MINUS and at + 1 or at
    if ____end - first ~= decimal.exponent then
        return false
    end
    for place = 0, decimal.exponent - 1 do
        local digit = place < decimal.count and digits[place] or ZERO
        if memory[first + place] ~= digit then
            return false
        end
    end
    return true
end
--- Replaces a number of JSON, the bytes from `at` to before `end`, by its canonical text, for which LONGEST_TEXT bytes have to be there,
-- and one after `end`.
-- Returns the place after it, or nil and why there is none. Many readers keep whole numbers of any length exactly, so that those which
-- a double would change mean something else to them: there is no text for these. Phases: any.
local function write(memory, at, ____end)
    if ____end - at > MOST_BYTES then
        return nil, "number_too_long"
    end
    local is_whole = read(memory, at, ____end)
    local exponent = decimal.exponent
    if decimal.count > SURE_DIGITS or exponent > SURE_EXPONENT or exponent < -SURE_EXPONENT then
        local problem = shorten(memory, at, ____end)
        if problem ~= nil then
            return nil, problem
        end
        if is_whole and not are_digits_of(memory, at, ____end) then
            return nil, "number_not_exact"
        end
    end
    return put(memory, at)
end
____exports.write = write
return ____exports
