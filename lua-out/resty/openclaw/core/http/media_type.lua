local ____exports = {}
local string_byte = string.byte
local string_find = string.find
local string_lower = string.lower
local string_sub = string.sub
--- Media types as Content-Type has them (RFC 9110, section 8.3.1). Pure Lua.
local BLANK = 32
local TAB = 9
--- The media type without its parameters, in small letters. Phases: any.
local function of(content_type)
    local semicolon = string_find(content_type, ";", 1, true)
    local last = semicolon == nil and #content_type or semicolon - 1
    while last > 0 and (string_byte(content_type, last) == BLANK or string_byte(content_type, last) == TAB) do
        last = last - 1
    end
    return (string_lower(string_sub(content_type, 1, last)))
end
____exports.of = of
--- Whether that type, as `of` returns it, is one of JSON: RFC 8259, 11, and RFC 6839, 3.1. Phases: any.
local function is_json(its_type)
    return its_type == "application/json" or string_sub(its_type, -5) == "+json"
end
____exports.is_json = is_json
return ____exports
