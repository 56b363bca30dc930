local ____exports = {}
local fields_of = require("resty.openclaw.inference.fields")
--- A usage with all its details is a fraction of this.
local USAGE_BYTES = 2048
--- So many places are looked at, from the last one backwards.
local MOST_PLACES = 16
--- Takes the last `usage` that has numbers.
local function find_usage(fields, text)
    if fields.completion_tokens ~= nil or fields.prompt_tokens ~= nil then
        return
    end
    local places = {}
    for place in string.gmatch(text, "\"usage\"%s*:%s*(){") do
        places[#places + 1] = place
    end
    for index = #places, math.max(1, #places - MOST_PLACES + 1), -1 do
        local place = places[index]
        local object = string.match(
            string.sub(text, place, place + USAGE_BYTES - 1),
            "^%b{}"
        )
        if object ~= nil then
            fields_of.read(fields, (fields_of.decode(("{\"usage\":" .. object) .. "}")))
            if fields.completion_tokens ~= nil or fields.prompt_tokens ~= nil then
                return
            end
        end
    end
end
--- Takes the model from a part of an answer, unless it is known.
function ____exports.find_model(fields, text)
    local model = string.match(text, "\"model\"%s*:%s*(\"[^\"]*\")")
    if model ~= nil then
        fields_of.read(fields, (fields_of.decode(("{\"model\":" .. model) .. "}")))
    end
end
--- Takes the model, the last usage and the last reason to finish from a part of an answer. What is known already stays.
function ____exports.read(fields, text)
    ____exports.find_model(fields, text)
    find_usage(fields, text)
    local last
    for reason in string.gmatch(text, "\"finish_reason\"%s*:%s*\"([%w_ %-]+)\"") do
        last = reason
    end
    fields.finish_reason = fields.finish_reason or last
end
return ____exports
