local ____exports = {}
local math_max = math.max
local string_byte = string.byte
local string_find = string.find
local string_sub = string.sub
local table_concat = table.concat
--- How many bytes the UTF-8 character at `at` has; 0 when there is none (RFC 3629, section 4).
local function length_at(text, at)
    local first = string_byte(text, at)
    if first < 128 then
        return 1
    end
    local second = string_byte(text, at + 1)
    if first < 194 or first > 244 or second == nil then
        return 0
    end
    local least = first == 224 and 160 or (first == 240 and 144 or 128)
    local most = first == 237 and 159 or (first == 244 and 143 or 191)
    if second < least or second > most then
        return 0
    end
    local length = first < 224 and 2 or (first < 240 and 3 or 4)
    for offset = 2, length - 1 do
        local next = string_byte(text, at + offset)
        if next == nil or next < 128 or next > 191 then
            return 0
        end
    end
    return length
end
--- The text with every byte that is not part of a UTF-8 character replaced by "?". Phases: any.
local function clean(text)
    local odd = string_find(text, "[^%c -~]")
    if odd == nil then
        return text
    end
    local parts = {string_sub(text, 1, odd - 1)}
    local at = odd
    while at <= #text do
        local length = length_at(text, at)
        parts[#parts + 1] = length == 0 and "?" or string_sub(text, at, at + length - 1)
        at = at + math_max(length, 1)
    end
    return (table_concat(parts))
end
____exports.clean = clean
--- The text cut to at most so many bytes, never inside a character. Phases: any.
local function cut(text, most_bytes)
    if #text <= most_bytes then
        return text
    end
    local length = most_bytes
    local least = math_max(most_bytes - 3, 0)
    while length > least and string_byte(text, length + 1) >= 128 and string_byte(text, length + 1) <= 191 do
        length = length - 1
    end
    return (string_sub(text, 1, length))
end
____exports.cut = cut
return ____exports
