local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local string_find = string.find
local string_gsub = string.gsub
local table_concat = table.concat
local table_sort = table.sort
local cjson = require("cjson.safe")
local cjson_new = cjson.new
local DEEPEST = 16
--- A strict decoder: no NaN, no hexadecimal numbers.
local decoder = cjson_new()
decoder.decode_invalid_numbers(false)
decoder.decode_max_depth(DEEPEST)
--- The fields of a JSON object; nothing for anything else.
local function object(text)
    local brace = string_find(text, "^[ \t\r\n]*{")
    local zero = string_find(text, "\0", 1, true)
    if brace == nil or zero ~= nil then
        return nil
    end
    local value = decoder.decode(text)
    return value
end
local function is_known(known, name)
    for ____, each in ipairs(known) do
        if each == name then
            return true
        end
    end
    return false
end
local function unknown_fields(given, known)
    local names = {}
    for name in pairs(given) do
        if not is_known(known, name) then
            names[#names + 1] = name
        end
    end
    table_sort(names)
    return names
end
local function unknown_message(unknown, known)
    local verb = #known == 1 and "is" or "are"
    return ((((("Unknown fields: " .. table_concat(unknown, ", ")) .. ". Known ") .. verb) .. " ") .. table_concat(known, " and ")) .. "."
end
--- Reads the fields. On failure nil, a code and a message. Phases: any.
-- 
-- @param check says what is wrong with the values; it must accept numbers and booleans only
local function read(text, known, check)
    local given = object(text)
    if given == nil then
        return nil, "bad_json", "The body must be a JSON object."
    end
    local unknown = unknown_fields(given, known)
    if #unknown > 0 then
        return nil, "bad_change", unknown_message(unknown, known)
    end
    local wrong = check(given)
    if wrong ~= nil then
        return nil, "bad_change", wrong
    end
    local count = 0
    for _ in pairs(given) do
        count = count + 1
    end
    local ____, quotes = string_gsub(text, "\"", "")
    if quotes ~= 2 * count then
        return nil, "bad_json", "A field stands in the body twice."
    end
    return given
end
____exports.read = read
return ____exports
