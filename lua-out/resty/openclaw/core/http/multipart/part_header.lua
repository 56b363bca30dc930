local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local string_char = string.char
local string_find = string.find
local string_gsub = string.gsub
local string_lower = string.lower
local string_sub = string.sub
local texts = require("resty.openclaw.core.text.text")
local texts_trim = texts.trim
local media_type = require("resty.openclaw.core.http.media_type")
local media_type_of = media_type.of
local parameters = require("resty.openclaw.core.http.multipart.parameters")
local parameters_read = parameters.read
local DISPOSITION = "content-disposition"
local TYPE = "content-type"
local ENCODING = "content-transfer-encoding"
--- With these the bytes are what they are.
local PLAIN_ENCODINGS = {}
for ____, encoding in ipairs({"7bit", "8bit", "binary"}) do
    PLAIN_ENCODINGS[encoding] = true
end
--- The three fields that matter, by their names in small letters; nothing if the lines are no fields, or one of these comes twice.
local function read_fields(block)
    local fields = {}
    local at = 1
    while at <= #block do
        local found = string_find(block, "\r\n", at, true)
        local ____end = found or #block + 1
        local line = string_sub(block, at, ____end - 1)
        local colon = string_find(line, ":", 1, true)
        local control = string_find(line, "%c")
        if colon == nil or control ~= nil then
            return nil
        end
        local name = string_lower(string_sub(line, 1, colon - 1))
        local legal = string_find(name, "^[%w_-]+$")
        if legal == nil then
            return nil
        end
        if name == DISPOSITION or name == TYPE or name == ENCODING then
            if fields[name] ~= nil then
                return nil
            end
            fields[name] = texts_trim(string_sub(line, colon + 1))
        end
        at = ____end + 2
    end
    return fields
end
local function byte_of(digits)
    return string_char(tonumber(digits, 16))
end
--- A value of RFC 8187, `UTF-8''na%C3%AFve.jpg`, without its percent signs; nothing in other character sets.
local function extended(value)
    local first = string_find(value, "'", 1, true)
    local second = string_find(value, "'", (first or #value) + 1, true)
    if first == nil or second == nil then
        return nil
    end
    if string_lower(string_sub(value, 1, first - 1)) ~= "utf-8" then
        return nil
    end
    local encoded = string_sub(value, second + 1)
    local text, count = string_gsub(encoded, "%%(%x%x)", byte_of)
    local ____, signs = string_gsub(encoded, "%%", "")
    return count == signs and text or nil
end
--- The file's name in a Content-Disposition, and whether that may be understood in one way only.
local function file_name_of(found)
    local plain = found.filename
    local other = found["filename*"]
    if other == nil then
        return plain, true
    end
    local decoded = extended(other)
    return decoded, decoded ~= nil and (plain == nil or plain == decoded)
end
local function type_of(value)
    if value == nil then
        return nil
    end
    local semicolon = string_find(value, ";", 1, true)
    return media_type_of(value) .. string_sub(value, semicolon or #value + 1)
end
--- The lines of a part's header, without the empty one; nothing if they may not be understood in one way only. Phases: any.
local function read(block)
    local fields = read_fields(block)
    if fields == nil then
        return nil
    end
    local disposition = fields[DISPOSITION]
    local encoding = fields[ENCODING]
    if disposition == nil or media_type_of(disposition) ~= "form-data" then
        return nil
    end
    if encoding ~= nil and not (PLAIN_ENCODINGS[string_lower(encoding)] ~= nil) then
        return nil
    end
    local semicolon = string_find(disposition, ";", 1, true)
    local found = parameters_read(disposition, semicolon or #disposition + 1)
    if found == nil or not (found.name ~= nil) or found["name*"] ~= nil then
        return nil
    end
    local file_name, is_sure = file_name_of(found)
    if not is_sure then
        return nil
    end
    return {
        name = found.name,
        file_name = file_name,
        type = type_of(fields[TYPE])
    }
end
____exports.read = read
return ____exports
