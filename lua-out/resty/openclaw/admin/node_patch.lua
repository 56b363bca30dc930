local ____exports = {}
local pairs = pairs
local tostring = tostring
local type = type
local string_find = string.find
local string_gsub = string.gsub
local table_concat = table.concat
local table_sort = table.sort
local cjson = require("cjson.safe")
local cjson_new = cjson.new
--- Within these bounds, sums and quotients of weights are exact enough for every policy.
local LEAST_WEIGHT = 0.000001
local MOST_WEIGHT = 1000000
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
local function unknown_fields(given)
    local names = {}
    for name in pairs(given) do
        if name ~= "weight" and name ~= "drain" then
            names[#names + 1] = name
        end
    end
    table_sort(names)
    return names
end
--- Reads the patch. On failure nil, a code and a message. Phases: any.
local function read(text)
    local given = object(text)
    if given == nil then
        return nil, "bad_json", "The body must be a JSON object."
    end
    local unknown = unknown_fields(given)
    if #unknown > 0 then
        local message = ("Unknown fields: " .. table_concat(unknown, ", ")) .. ". Known are weight and drain."
        return nil, "bad_change", message
    end
    local weight = given.weight
    local drain = given.drain
    if weight ~= nil and not (type(weight) == "number" and weight >= LEAST_WEIGHT and weight <= MOST_WEIGHT) then
        local message = "The weight must be a number from 0.000001 to 1000000; to take the node out of service, set drain to true."
        return nil, "bad_change", message
    end
    if drain ~= nil and type(drain) ~= "boolean" then
        return nil, "bad_change", "drain must be true or false."
    end
    local ____, quotes = string_gsub(text, "\"", "")
    local fields = (weight == nil and 0 or 1) + (drain == nil and 0 or 1)
    if quotes ~= 2 * fields then
        return nil, "bad_json", "A field stands in the body twice."
    end
    local patch = {}
    if weight ~= nil then
        patch.weight = weight
    end
    if drain ~= nil then
        patch.drain = drain
    end
    return patch
end
____exports.read = read
--- The patch in words, for the log.
local function describe(patch)
    local parts = {}
    if patch.weight ~= nil then
        parts[#parts + 1] = "weight " .. tostring(patch.weight)
    end
    if patch.drain ~= nil then
        parts[#parts + 1] = patch.drain and "drain" or "no drain"
    end
    return #parts == 0 and "" or ": " .. table_concat(parts, ", ")
end
____exports.describe = describe
return ____exports
