local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local tostring = tostring
local type = type
local string_find = string.find
local string_sub = string.sub
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_of = kinds.of
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local json = require("resty.openclaw.core.text.json")
local json_decode = json.decode
local texts = require("resty.openclaw.core.text.text")
local texts_split = texts.split
--- Longer texts are not looked at: that would hold the worker.
local MOST_BYTES = 1024 * 1024
local MOST_PATH_BYTES = 256
--- The place and the value that a path is made of.
local function parts_of(path)
    local equals = string_find(path, "=", 1, true)
    if equals == nil then
        return path, nil
    end
    return string_sub(path, 1, equals - 1), string_sub(path, equals + 1)
end
--- What other syntaxes write is refused, as it would be taken for a part of a name.
local function is_name(name)
    local odd = string_find(name, "[%s%c%[%]%$%*\"']")
    return name ~= "" and odd == nil
end
local function is_path(given)
    if type(given) ~= "string" or #given > MOST_PATH_BYTES then
        return false
    end
    local place, value = parts_of(given)
    if value == "" then
        return false
    end
    for ____, name in ipairs(texts_split(place, ".")) do
        if not is_name(name) then
            return false
        end
    end
    return true
end
local function step_of(name)
    local digits = string_find(name, "^%d+$")
    if digits == nil then
        return {name = name, place = nil}
    end
    return {
        name = name,
        place = tonumber(name) + 1
    }
end
--- A path of the option, read. Phases: init.
local function path_of(given)
    local place, value = parts_of(given)
    local steps = {}
    for ____, name in ipairs(texts_split(place, ".")) do
        steps[#steps + 1] = step_of(name)
    end
    return {
        steps = steps,
        value = value,
        number = tonumber(value)
    }
end
____exports.path_of = path_of
local PATH = kinds_of("JSON path", "a path such as \"error\", \"choices.0.error\" or \"status=failed\"", is_path)
local LIST = kinds_list_of(PATH)
--- The option: a list of paths.
local PATHS = {
    name = LIST.name,
    read = function(given, path, problems)
        local before = #problems
        local found = {}
        if type(given) ~= "table" then
            problem_add(problems, path, "a list of paths such as { \"error\" }", given)
            return found
        end
        local all = LIST.read(given, path, problems)
        if #problems == before then
            for ____, one in ipairs(all) do
                found[#found + 1] = path_of(one)
            end
        end
        return found
    end
}
____exports.PATHS = PATHS
--- What a value has at a step; nothing where it has nothing there.
local function below(value, step)
    if type(value) ~= "table" then
        return nil
    end
    local its = value
    local member = its[step.name]
    if member ~= nil or step.place == nil then
        return member
    end
    return its[step.place]
end
--- Whether a value says anything.
local function says_something(value)
    if value == nil or value == ngx.null or value == false or value == "" then
        return false
    end
    return type(value) ~= "table" or (next(value)) ~= nil
end
local function is_value(value, path)
    if type(value) == "number" then
        return value == path.number
    end
    if type(value) == "string" or type(value) == "boolean" then
        return tostring(value) == path.value
    end
    return value == ngx.null and path.value == "null"
end
local function is_error_at(path, answer)
    local value = answer
    for ____, step in ipairs(path.steps) do
        value = below(value, step)
    end
    if path.value ~= nil then
        return is_value(value, path)
    end
    return says_something(value)
end
--- Whether an answer of one JSON text is an error, by any of these paths. So are what is no JSON, is nested over 64 deep, or has over 1 MiB:
-- nobody knows what it says. Phases: any; never raises. Takes some milliseconds for a text of 1 MiB.
local function is_error(paths, body)
    if #body > MOST_BYTES then
        return true
    end
    local answer = json_decode(body)
    if answer == nil then
        return true
    end
    for ____, path in ipairs(paths) do
        if is_error_at(path, answer) then
            return true
        end
    end
    return false
end
____exports.is_error = is_error
return ____exports
