local ____exports = {}
--- Media types as Content-Type has them (RFC 9110, section 8.3.1). Pure Lua.
local BLANK = 32
local TAB = 9
--- The media type without its parameters, in small letters. Phases: any.
function ____exports.of(content_type)
    local semicolon = string.find(content_type, ";", 1, true)
    local last = semicolon == nil and #content_type or semicolon - 1
    while last > 0 and (string.byte(content_type, last) == BLANK or string.byte(content_type, last) == TAB) do
        last = last - 1
    end
    return string.lower(string.sub(content_type, 1, last))
end
return ____exports
