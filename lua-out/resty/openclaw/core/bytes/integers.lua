local ____exports = {}
local string_byte = string.byte
--- 2 bytes, the lower one first. Phases: any.
local function low_2(bytes, at)
    local first, second = string_byte(bytes, at, at + 1)
    return first + second * 256
end
____exports.low_2 = low_2
--- 3 bytes, the lowest one first. Phases: any.
local function low_3(bytes, at)
    local first, second, third = string_byte(bytes, at, at + 2)
    return first + second * 256 + third * 65536
end
____exports.low_3 = low_3
--- 4 bytes, the lowest one first. Phases: any.
local function low_4(bytes, at)
    local first, second, third, fourth = string_byte(bytes, at, at + 3)
    return first + second * 256 + third * 65536 + fourth * 16777216
end
____exports.low_4 = low_4
--- 2 bytes, the higher one first. Phases: any.
local function high_2(bytes, at)
    local first, second = string_byte(bytes, at, at + 1)
    return first * 256 + second
end
____exports.high_2 = high_2
--- 4 bytes, the highest one first. Phases: any.
local function high_4(bytes, at)
    local first, second, third, fourth = string_byte(bytes, at, at + 3)
    return first * 16777216 + second * 65536 + third * 256 + fourth
end
____exports.high_4 = high_4
--- 8 bytes, the lowest one first: exact up to 2^53. Phases: any.
local function low_8(bytes, at)
    return low_4(bytes, at) + low_4(bytes, at + 4) * 4294967296
end
____exports.low_8 = low_8
--- 8 bytes, the highest one first: exact up to 2^53. Phases: any.
local function high_8(bytes, at)
    return high_4(bytes, at) * 4294967296 + high_4(bytes, at + 4)
end
____exports.high_8 = high_8
return ____exports
