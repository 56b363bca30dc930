local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local tonumber = tonumber
local string_find = string.find
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
local LENGTH = "content-length"
--- Some readers undo it.
local CODING = "content-encoding"
--- The fields that matter, and the parameters that a Content-Disposition may have: some readers know `filename*0` too (RFC 2231).
local FIELDS = {}
for ____, name in ipairs({
    DISPOSITION,
    TYPE,
    ENCODING,
    LENGTH,
    CODING
}) do
    FIELDS[name] = true
end
local PARAMETERS = {}
for ____, name in ipairs({"name", "filename", "filename*"}) do
    PARAMETERS[name] = true
end
--- With these the bytes are what they are.
local PLAIN_ENCODINGS = {}
for ____, encoding in ipairs({"7bit", "8bit", "binary"}) do
    PLAIN_ENCODINGS[encoding] = true
end
--- The fields that matter, by their names in small letters; nothing if the lines are no fields, or one of these comes twice.
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
        if FIELDS[name] ~= nil then
            if fields[name] ~= nil then
                return nil
            end
            fields[name] = texts_trim(string_sub(line, colon + 1))
        end
        at = ____end + 2
    end
    return fields
end
--- The file's name in a Content-Disposition. RFC 7578 forbids `filename*`, and readers differ in whether they look at it: so it stands as
-- it is behind the other one and a quote, which no name has, or two if there is no other one.
local function file_name_of(found)
    local plain = found.filename
    local other = found["filename*"]
    local ____temp_0
    if other == nil then
        ____temp_0 = plain
    else
        ____temp_0 = ((plain or "\"") .. "\"") .. other
    end
    return ____temp_0
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
    if found == nil or not (found.name ~= nil) then
        return nil
    end
    for name in pairs(found) do
        if not (PARAMETERS[name] ~= nil) then
            return nil
        end
    end
    local length = fields[LENGTH]
    local digits = string_find(length or "0", "^%d+$")
    if digits == nil or fields[CODING] ~= nil then
        return nil
    end
    local ____type = type_of(fields[TYPE])
    return {
        name = found.name,
        file_name = file_name_of(found),
        type = ____type,
        bytes = tonumber(length)
    }
end
____exports.read = read
return ____exports
