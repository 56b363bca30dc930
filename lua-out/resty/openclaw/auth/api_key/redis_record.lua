local ____exports = {}
local type = type
local attributes = require("resty.openclaw.auth.api_key.attributes")
local attributes_NAMES_IN_WORDS = attributes.NAMES_IN_WORDS
local attributes_caller_of = attributes.caller_of
local attributes_is_name = attributes.is_name
--- More fields than these are not looked at.
local MOST_WORDS = 2 * 16
--- Puts the fields in order. Nil and what is wrong.
local function fields_of(words)
    local id = ""
    local given = {}
    for place = 1, #words, 2 do
        local name = words[place]
        local value = words[place + 1]
        if type(name) ~= "string" or type(value) ~= "string" then
            return nil, "it has other values than texts"
        end
        if name == "id" then
            id = value
        elseif attributes_is_name(name) then
            given[name] = value
        else
            return nil, ("it may have the fields id, " .. attributes_NAMES_IN_WORDS) .. ", and has others"
        end
    end
    return {id = id, given = given}
end
--- The caller, from what HGETALL returns for a hash that exists. Nil and what is wrong, without showing it. Phases: any.
local function caller_of(words)
    if #words > MOST_WORDS then
        return nil, "it has too many fields"
    end
    local fields, err = fields_of(words)
    if fields == nil then
        return nil, err
    end
    local known = {}
    local caller, wrong = attributes_caller_of(fields.id, fields.given, known)
    if caller == nil then
        return nil, wrong
    end
    return caller
end
____exports.caller_of = caller_of
return ____exports
