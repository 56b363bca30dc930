local ____exports = {}
--- A space, or what lies between a tab and a carriage return: what "%s" is.
local function is_blank(byte)
    return byte == 32 or byte >= 9 and byte <= 13
end
--- The text without the blanks and line ends around it. Phases: any.
function ____exports.trim(text)
    local first = string.find(text, "%S")
    if first == nil then
        return ""
    end
    local last = #text
    while is_blank(string.byte(text, last)) do
        last = last - 1
    end
    return string.sub(text, first, last)
end
--- The item of a list that begins at `at`, untrimmed, and where the next one begins; nothing for that after the last one.
-- The separator is a plain text. Phases: any.
function ____exports.item(list, separator, at)
    local found, last = string.find(list, separator, at, true)
    if found == nil then
        return string.sub(list, at)
    end
    return string.sub(list, at, found - 1), last + 1
end
--- The items of a list, untrimmed; one, the empty text, of an empty list. Phases: any.
function ____exports.split(list, separator)
    local items = {}
    local each, next = ____exports.item(list, separator, 1)
    items[#items + 1] = each
    while next ~= nil do
        each, next = ____exports.item(list, separator, next)
        items[#items + 1] = each
    end
    return items
end
--- A number without sign and exponent, "12" or "12.5", as its digits before the point and what follows; nothing for all else.
-- Phases: any.
function ____exports.decimal(text)
    local whole, rest = string.match(text, "^(%d+)(.*)$")
    local legal = string.find(rest or "", "^%.?%d*$")
    if whole == nil or legal == nil then
        return
    end
    return whole, rest
end
return ____exports
