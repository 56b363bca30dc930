local ____exports = {}
local math_min = math.min
local string_char = string.char
local string_find = string.find
local string_lower = string.lower
local string_sub = string.sub
local table_concat = table.concat
local media_type = require("resty.openclaw.core.http.media_type")
local media_type_of = media_type.of
local json_text = require("resty.openclaw.image.conversion.body_images.json_text")
local json_text_escape_at = json_text.escape_at
local json_text_unescaped = json_text.unescaped
local problems = require("resty.openclaw.image.conversion.body_images.problems")
local problems_BROKEN_IMAGE = problems.BROKEN_IMAGE
local problems_UNSUPPORTED_IMAGE_URL = problems.UNSUPPORTED_IMAGE_URL
local problems_UNSUPPORTED_MEDIA_TYPE = problems.UNSUPPORTED_MEDIA_TYPE
local problems_refuse = problems.refuse
local readings = require("resty.openclaw.image.conversion.body_images.readings")
local readings_accept = readings.accept
--- What is before the comma of a data URL has fewer characters.
local MOST_PREFIX = 256
local MOST_ADDRESS_BYTES = 2048
local DATA = "data:"
local BASE64 = ";base64,"
local BACKSLASH = 92
local COMMA = 44
--- The text up to its first comma, but at most `MOST_PREFIX` characters of it, and the place after that. Other than ASCII becomes "?".
local function prefix_of(memory, from, ____end, is_in_json)
    local characters = {}
    local at = from
    local code = 0
    while at < ____end and code ~= COMMA and #characters < MOST_PREFIX do
        code = memory[at]
        if is_in_json and code == BACKSLASH then
            code, at = json_text_escape_at(memory, at)
        else
            at = at + 1
        end
        characters[#characters + 1] = code >= 0 and code < 128 and string_char(code) or "?"
    end
    return table_concat(characters), at
end
--- Whether a text begins so, whatever the letters' case.
local function begins(text, beginning)
    return string_lower(string_sub(text, 1, #beginning)) == beginning
end
--- A picture's type, or one that says nothing.
local function may_be_image(its_type)
    return its_type == "" or its_type == "application/octet-stream" or begins(its_type, "image/")
end
--- What is wrong with what a data URL has before its letters.
local function check_data_url(reading, prefix)
    local is_base64 = string_lower(string_sub(prefix, -#BASE64)) == BASE64
    if not is_base64 then
        return problems_refuse(reading, problems_BROKEN_IMAGE, "A data URL is not in base64.")
    end
    if not may_be_image(media_type_of(string_sub(prefix, #DATA + 1, -#BASE64 - 1))) then
        problems_refuse(reading, problems_UNSUPPORTED_MEDIA_TYPE, "A data URL has no image.")
    end
end
local function found(from, ____end, is_in_json, encoding, address)
    return {
        from = from,
        count = ____end - from,
        encoding = encoding,
        is_in_json = is_in_json,
        address = address
    }
end
local function read_address(reading, from, count, is_in_json)
    local is_short = count <= MOST_ADDRESS_BYTES
    local ____is_short_0
    if is_short then
        ____is_short_0 = json_text_unescaped(reading.memory, from, count)
    else
        ____is_short_0 = nil
    end
    local text = ____is_short_0
    local legal = string_find(text or "", "^[!-~]+$")
    if legal == nil then
        problems_refuse(reading, problems_UNSUPPORTED_IMAGE_URL, "An image's URL is too long or has odd characters.")
    end
    return found(
        from,
        from + count,
        is_in_json,
        "bytes",
        text
    )
end
--- Whether these bytes begin like a data URL. Phases: any.
local function is_data_url(memory, from, ____end, is_in_json)
    local prefix = prefix_of(
        memory,
        from,
        math_min(____end, from + 6 * #DATA),
        is_in_json
    )
    return begins(prefix, DATA)
end
____exports.is_data_url = is_data_url
--- Reads the text of a string of JSON (`is_in_json`, without its quotes), or a text alone. `is_url`: base64 alone does not do. What is wrong
-- is a problem of the reading. Whether the letters are base64 shows when they are decoded. Phases: any.
local function read(reading, from, ____end, is_in_json, is_url)
    local ____reading_1 = reading
    local memory = ____reading_1.memory
    local prefix, next = prefix_of(memory, from, ____end, is_in_json)
    if begins(prefix, DATA) then
        readings_accept(reading, "data_url")
        check_data_url(reading, prefix)
        return found(next, ____end, is_in_json, "base64")
    end
    if begins(prefix, "http://") or begins(prefix, "https://") then
        readings_accept(reading, "data_url")
        return read_address(reading, from, ____end - from, is_in_json)
    end
    local scheme = string_find(prefix, "^%a[%w+.-]*:")
    if scheme ~= nil or is_url then
        local message = "An image's URL is neither a data URL nor an http or https URL."
        problems_refuse(reading, problems_UNSUPPORTED_IMAGE_URL, message)
    else
        readings_accept(reading, "json")
    end
    return found(from, ____end, is_in_json, "base64")
end
____exports.read = read
return ____exports
