local ____exports = {}
local string_byte = string.byte
local string_find = string.find
local cjson = require("cjson.safe")
local cjson_new = cjson.new
local structure = require("resty.openclaw.core.text.json.structure")
local structure_check = structure.check
--- A decoder of our own, so that nobody else's settings of cjson reach it.
local decoder = cjson_new()
decoder.decode_invalid_numbers(false)
local OBJECT = 123
--- The members of the object that a text is; nil and why when it is no JSON object, when an object in it has a name twice (escapes
-- understood), or when a limit is met. `null` is a value of its own, which is no nil; numbers may be infinite ("1e999"). Phases: any.
local function read(text, limits)
    local problem = structure_check(text, limits)
    if problem ~= nil then
        return nil, problem
    end
    local start = string_find(text, "[^ \t\r\n]")
    if start == nil or string_byte(text, start) ~= OBJECT then
        return nil, "no_object"
    end
    local object = decoder.decode(text)
    if object == nil then
        return nil, "no_json"
    end
    return object
end
____exports.read = read
return ____exports
