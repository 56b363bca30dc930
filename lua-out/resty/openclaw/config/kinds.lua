local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local pcall = pcall
local tonumber = tonumber
local tostring = tostring
local type = type
local math_abs = math.abs
local math_huge = math.huge
local math_max = math.max
local string_byte = string.byte
local string_find = string.find
local string_match = string.match
local table_concat = table.concat
local nearest = require("resty.openclaw.config.nearest")
local nearest_hint = nearest.hint
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_add_no_table = problem.add_no_table
local problem_sentence = problem.sentence
--- A kind whose values pass a test. `expected`: the end of the error message for other values.
local function of(name, expected, is_one)
    local function read(given, path, problems)
        local ok, is_fine = pcall(is_one, given)
        if not ok or not is_fine then
            problem_add(problems, path, expected, given)
        end
        return given
    end
    return {name = name, read = read}
end
____exports.of = of
local function is_finite(given)
    return type(given) == "number" and given == given and math_abs(given) ~= math_huge
end
--- A non-empty string.
____exports.text = of(
    "string",
    "a non-empty string",
    function(given) return type(given) == "string" and given ~= "" end
)
--- The name of one of nginx's variables.
____exports.variable_name = of(
    "variable name",
    "the name of a variable without $",
    function(given)
        if type(given) ~= "string" then
            return false
        end
        local legal = string_find(given, "^[%w_]+$")
        return legal ~= nil
    end
)
--- The path of a file.
____exports.path = of(
    "path",
    "an absolute path, beginning with \"/\"",
    function(given) return type(given) == "string" and string_byte(given) == string_byte("/") end
)
--- The path of a file with a secret. Error messages do not contain a wrong value, which may be the secret itself.
____exports.secret_file = {
    name = "path",
    read = function(given, path, problems)
        if type(given) == "string" and string_byte(given) == string_byte("/") then
            return given
        end
        problems[#problems + 1] = path .. " must be an absolute path, beginning with \"/\""
        return ""
    end
}
--- True or false.
____exports.flag = of(
    "boolean",
    "true or false",
    function(given) return type(given) == "boolean" end
)
--- A number above 0.
____exports.positive = of(
    "number > 0",
    "a number above 0",
    function(given) return is_finite(given) and given > 0 end
)
--- A number of at least 0.
____exports.not_negative = of(
    "number ≥ 0",
    "a number from 0 up",
    function(given) return is_finite(given) and given >= 0 end
)
--- A number from 0 to 1.
____exports.share = of(
    "number from 0 to 1",
    "a number from 0 to 1",
    function(given) return is_finite(given) and given >= 0 and given <= 1 end
)
local SECONDS_OF = {
    [""] = 1,
    s = 1,
    m = 60,
    h = 3600,
    d = 86400
}
local function seconds_in(given)
    if is_finite(given) then
        return given
    end
    if type(given) ~= "string" then
        return nil
    end
    local count, unit = string_match(given, "^(%d+)([smhd]?)$")
    local ____temp_0
    if count == nil then
        ____temp_0 = nil
    else
        ____temp_0 = tonumber(count) * SECONDS_OF[unit]
    end
    return ____temp_0
end
--- A time above 0 in seconds, or with a unit: `90`, `"90s"`, `"15m"`, `"1h"`, `"7d"`. Read as seconds.
____exports.duration = {
    name = "duration",
    read = function(given, path, problems)
        local seconds = seconds_in(given)
        if seconds ~= nil and seconds > 0 then
            return seconds
        end
        problem_add(problems, path, "a time such as 90, \"90s\", \"15m\", \"1h\" or \"7d\"", given)
        return 1
    end
}
--- A function.
____exports.callback = of(
    "function",
    "a function",
    function(given) return type(given) == "function" end
)
--- A whole number of at least `least`, and at most `most` if given.
local function whole(least, most)
    if most == nil then
        most = math_huge
    end
    local has_end = most ~= math_huge
    return of(
        has_end and (("whole number from " .. tostring(least)) .. " to ") .. tostring(most) or "whole number ≥ " .. tostring(least),
        has_end and (("a whole number from " .. tostring(least)) .. " to ") .. tostring(most) or ("a whole number from " .. tostring(least)) .. " up",
        function(given) return is_finite(given) and given % 1 == 0 and given >= least and given <= most end
    )
end
____exports.whole = whole
--- One of a few words.
local function one_of(...)
    local words = {...}
    local known = {}
    for ____, word in ipairs(words) do
        known[word] = true
    end
    local expected = "one of " .. table_concat(words, ", ")
    return {
        name = ("`\"" .. table_concat(words, "\"`, `\"")) .. "\"`",
        read = function(given, path, problems)
            if given == nil or not (known[given] ~= nil) then
                problems[#problems + 1] = problem_sentence(path, expected, given) .. nearest_hint(given, words)
            end
            return given
        end
    }
end
____exports.one_of = one_of
--- False, or a value of another kind.
local function false_or(kind)
    return {
        name = "`false` or " .. kind.name,
        schema = kind.schema,
        read = function(given, path, problems)
            if given == false then
                return false
            end
            if type(given) == "table" then
                return kind.read(given, path, problems)
            end
            problem_add_no_table(problems, path, "false or a " .. kind.name, given)
            return false
        end
    }
end
____exports.false_or = false_or
--- Maximum number of holes in a list; more are not explained by variables that do not exist.
local MOST_HOLES = 100
--- The last index of a list, which may have holes from variables that do not exist. Nothing if it is not a list.
local function last_place(given)
    if type(given) ~= "table" then
        return nil
    end
    local entries = 0
    local last = 0
    for key in pairs(given) do
        if type(key) ~= "number" or key < 1 or key % 1 ~= 0 then
            return nil
        end
        entries = entries + 1
        last = math_max(last, key)
    end
    return last - entries <= MOST_HOLES and last or nil
end
--- Whether this is one entry of a list of tables, in place of the list: a table whose keys are names.
local function is_entry(kind, given)
    if kind.name ~= "table" or type(given) ~= "table" then
        return false
    end
    local first = next(given)
    if first == nil then
        return false
    end
    for key in pairs(given) do
        if type(key) ~= "string" then
            return false
        end
    end
    return true
end
--- A list with at least one entry, each of a kind; an entry's path ends with its index, as in `nodes[2]`. `what`: what a list of tables is a
-- list of, with an example, for the case that its outer braces are forgotten.
local function list_of(kind, what)
    if what == nil then
        what = "tables, such as { { … } }"
    end
    return {
        name = "list of " .. kind.name,
        read = function(given, path, problems)
            local values = {}
            if is_entry(kind, given) then
                problems[#problems + 1] = ((path .. " must be a list of ") .. what) .. ", got one table without the outer braces"
                return values
            end
            local last = last_place(given) or 0
            if last == 0 then
                problem_add_no_table(problems, path, "a list with at least one entry", given)
            end
            for place = 1, last do
                values[#values + 1] = kind.read(
                    given[place],
                    ((path .. "[") .. tostring(place)) .. "]",
                    problems
                )
            end
            return values
        end
    }
end
____exports.list_of = list_of
--- As `list_of`, but it may be empty.
local function list_or_none_of(kind)
    local list = list_of(kind)
    return {
        name = list.name,
        read = function(given, path, problems)
            if type(given) ~= "table" then
                return list.read(given, path, problems)
            end
            local first = next(given)
            return first == nil and ({}) or list.read(given, path, problems)
        end
    }
end
____exports.list_or_none_of = list_or_none_of
--- A table that has these methods.
local function with_methods(expected, methods)
    return {
        name = "table",
        read = function(given, path, problems)
            if type(given) ~= "table" then
                problem_add_no_table(problems, path, expected, given)
            else
                for ____, method in ipairs(methods) do
                    local has_it = type(given[method]) == "function"
                    if not has_it then
                        problems[#problems + 1] = (((path .. " must be ") .. expected) .. ": it has no method ") .. method
                    end
                end
            end
            return given
        end
    }
end
____exports.with_methods = with_methods
--- Any value; the receiver checks it.
local function anything(name)
    return {
        name = name,
        read = function(given) return given end
    }
end
____exports.anything = anything
return ____exports
