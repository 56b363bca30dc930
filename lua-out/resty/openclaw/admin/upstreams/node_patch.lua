local ____exports = {}
local tostring = tostring
local type = type
local table_concat = table.concat
local fields = require("resty.openclaw.admin.fields")
local fields_read = fields.read
local KNOWN = {"weight", "drain"}
--- Within these bounds, sums and quotients of weights are exact enough for every policy.
local LEAST_WEIGHT = 0.000001
local MOST_WEIGHT = 1000000
local function check(____bindingPattern0)
    local drain
    local weight
    weight = ____bindingPattern0.weight
    drain = ____bindingPattern0.drain
    if weight ~= nil and not (type(weight) == "number" and weight >= LEAST_WEIGHT and weight <= MOST_WEIGHT) then
        return "The weight must be a number from 0.000001 to 1000000; to take the node out of service, set drain to true."
    end
    local ____temp_0
    if drain == nil or type(drain) == "boolean" then
        ____temp_0 = nil
    else
        ____temp_0 = "drain must be true or false."
    end
    return ____temp_0
end
--- Reads the patch. On failure nil, a code and a message. Phases: any.
local function read(text)
    local given, code, message = fields_read(text, KNOWN, check)
    if given == nil then
        return nil, code, message
    end
    return given
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
