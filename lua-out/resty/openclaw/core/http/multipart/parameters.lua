local ____exports = {}
local string_byte = string.byte
local string_find = string.find
local string_lower = string.lower
local string_sub = string.sub
--- Parameters of header fields, `; name=value; other="quoted value"`, read strictly: what two readers may understand differently is
-- refused. So is a backslash in quotes: browsers mean the character itself by it, and RFC 9110 the one that follows. Pure Lua.
local BLANK = 32
local TAB = 9
local QUOTE = 34
local SEMICOLON = 59
--- After a text that is over, there is no byte.
local function byte_at(text, at)
    return at > #text and 0 or string_byte(text, at)
end
local function skip_blanks(text, at)
    while byte_at(text, at) == BLANK or byte_at(text, at) == TAB do
        at = at + 1
    end
    return at
end
--- A value in quotes, whose first one is at `at`, and the place after it.
local function quoted(text, at)
    local ____end = string_find(text, "\"", at + 1, true)
    if ____end == nil then
        return
    end
    local value = string_sub(text, at + 1, ____end - 1)
    local backslash = string_find(value, "\\", 1, true)
    if backslash ~= nil then
        return
    end
    return value, ____end + 1
end
--- A value without quotes; it has at least one character, none of which is a blank or a separator.
local function token(text, at)
    local separator = string_find(text, "[%s;]", at)
    local next = separator or #text + 1
    local value = string_sub(text, at, next - 1)
    local odd = string_find(value, "[%c\"\\,=]")
    if value == "" or odd ~= nil then
        return
    end
    return value, next
end
--- Reads the parameters from `at` on, where a semicolon or the end of the text is expected, into a table by their names in small letters.
-- Nothing if they are no parameters, or one comes twice. Phases: any.
local function read(text, at)
    local found = {}
    at = skip_blanks(text, at)
    while at <= #text do
        if byte_at(text, at) ~= SEMICOLON then
            return nil
        end
        local begins = skip_blanks(text, at + 1)
        local equals = string_find(text, "=", begins, true)
        if equals == nil then
            return nil
        end
        local name = string_lower(string_sub(text, begins, equals - 1))
        local legal = string_find(name, "^[%w*_-]+$")
        if legal == nil or found[name] ~= nil then
            return nil
        end
        local is_quoted = byte_at(text, equals + 1) == QUOTE
        local value, next = unpack(
            is_quoted and ({quoted(text, equals + 1)}) or ({token(text, equals + 1)}),
            1,
            2
        )
        if value == nil then
            return nil
        end
        found[name] = value
        at = skip_blanks(text, next)
    end
    return found
end
____exports.read = read
return ____exports
