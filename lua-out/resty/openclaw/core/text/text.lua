local ____exports = {}
local string_byte = string.byte
local string_find = string.find
local string_match = string.match
local string_sub = string.sub
--- A space, or what lies between a tab and a carriage return: what "%s" is.
local function is_blank(byte)
    return byte == 32 or byte >= 9 and byte <= 13
end
--- The text without the blanks and line ends around it. Phases: any.
local function trim(text)
    local first = string_find(text, "%S")
    if first == nil then
        return ""
    end
    local last = #text
    while is_blank(string_byte(text, last)) do
        last = last - 1
    end
    return (string_sub(text, first, last))
end
____exports.trim = trim
--- The item of a list that begins at `at`, untrimmed, and where the next one begins; nothing for that after the last one.
-- The separator is a plain text. Phases: any.
local function item(list, separator, at)
    local found, last = string_find(list, separator, at, true)
    if found == nil then
        return (string_sub(list, at))
    end
    return string_sub(list, at, found - 1), last + 1
end
____exports.item = item
--- The items of a list, untrimmed; one, the empty text, of an empty list. Phases: any.
local function split(list, separator)
    local items = {}
    local each, next = item(list, separator, 1)
    items[#items + 1] = each
    while next ~= nil do
        each, next = item(list, separator, next)
        items[#items + 1] = each
    end
    return items
end
____exports.split = split
--- A number without sign and exponent, "12" or "12.5", as its digits before the point and what follows; nothing for all else.
-- Phases: any.
local function decimal(text)
    local whole, rest = string_match(text, "^(%d+)(.*)$")
    local legal = string_find(rest or "", "^%.?%d*$")
    if whole == nil or legal == nil then
        return
    end
    return whole, rest
end
____exports.decimal = decimal
local MOST_NAME_BYTES = 64
--- Whether a text has 1 to 64 of the characters A-Z a-z 0-9 _ . - and no others, as names in labels and log lines. Phases: any.
local function is_name(text)
    if #text > MOST_NAME_BYTES then
        return false
    end
    local found = string_find(text, "^[%w_.-]+$")
    return found ~= nil
end
____exports.is_name = is_name
return ____exports
