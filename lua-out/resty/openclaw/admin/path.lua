local ____exports = {}
local tonumber = tonumber
local string_byte = string.byte
local string_char = string.char
local string_gmatch = string.gmatch
local string_gsub = string.gsub
local string_match = string.match
local string_sub = string.sub
--- Takes the path of a request to the API apart.
local function byte_of(digits)
    return string_char(tonumber(digits, 16))
end
--- RFC 3986, section 2.1; nothing if a "%" is not part of an escape.
local function decoded(segment)
    local text, escapes = string_gsub(segment, "%%(%x%x)", byte_of)
    local ____, percents = string_gsub(segment, "%%", "")
    return escapes == percents and text or nil
end
--- The segments of a path, decoded; nothing if one is empty or cannot be decoded.
local function segments(path)
    local found = {}
    for segment in string_gmatch(path, "/([^/]*)") do
        local text = decoded(segment)
        if text == nil or text == "" then
            return nil
        end
        found[#found + 1] = text
    end
    return found
end
--- The decoded segments after the prefix of the path as the client sent it: in nginx's `$uri` the slashes of "unix:%2Frun%2Fa.sock" are
-- unescaped and look like others. Nothing if the path does not begin with the prefix, or has an empty or invalid segment. Phases: any.
local function parts(prefix, request_uri)
    local path = string_match(request_uri, "^[^?#]*")
    if string_sub(path, 1, #prefix) ~= prefix then
        return nil
    end
    local rest = string_sub(path, #prefix + 1)
    if rest ~= "" and string_byte(rest) ~= string_byte("/") then
        return nil
    end
    return segments(rest)
end
____exports.parts = parts
return ____exports
