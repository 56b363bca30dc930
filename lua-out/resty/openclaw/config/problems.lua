local ____exports = {}
local error = error
local tostring = tostring
local type = type
local string_byte = string.byte
local string_find = string.find
local string_format = string.format
local string_gsub = string.gsub
local table_concat = table.concat
--- A value as shown in error messages: strings in quotes, tables as their type only.
local function shown(value)
    if value == nil then
        return "nothing"
    end
    if type(value) == "string" then
        return (string_gsub(
            string_format("%q", value),
            "\n",
            "n"
        ))
    end
    if type(value) == "table" then
        return (next(value)) == nil and "an empty table" or "a table"
    end
    return (tostring(value))
end
____exports.shown = shown
--- The path of an option in a table. The outermost one is "setup:", so that its options are "setup: routes" and so on.
local function child(path, name)
    local is_outermost = string_byte(path, -1) == string_byte(":")
    local is_plain = string_find(name, "^[%w_.%-]+$")
    if is_plain == nil then
        return (((is_outermost and path .. " " or path) .. "[") .. shown(name)) .. "]"
    end
    return is_outermost and (path .. " ") .. name or (path .. ".") .. name
end
____exports.child = child
--- A path as it is named inside a message that begins with another one: "setup:" is said once.
local function inner(path)
    local bare = string_gsub(path, "^setup: ", "")
    return bare
end
____exports.inner = inner
--- The beginning of an error message about a path.
local function beginning(path)
    return string_byte(path, -1) == string_byte(":") and path or path .. ":"
end
____exports.beginning = beginning
--- The error message for an option with a wrong value.
local function sentence(path, expected, given)
    return (((path .. " must be ") .. expected) .. ", got ") .. shown(given)
end
____exports.sentence = sentence
--- The error message for an option that is not a table. The value is not shown, because it may be a secret.
local function add_no_table(problems, path, expected, given)
    local what = type(given) == "string" and "a string" or shown(given)
    problems[#problems + 1] = (((path .. " must be ") .. expected) .. ", got ") .. what
end
____exports.add_no_table = add_no_table
--- Adds the error message for an option with a wrong value.
local function add(problems, path, expected, given)
    problems[#problems + 1] = sentence(path, expected, given)
end
____exports.add = add
--- Raises the error message for an option with a wrong value.
local function refuse(path, expected, given)
    error(
        sentence(path, expected, given),
        0
    )
end
____exports.refuse = refuse
--- Raises all problems, one per line, if there are any.
local function raise(problems)
    if #problems > 0 then
        error(
            table_concat(problems, "\n"),
            0
        )
    end
end
____exports.raise = raise
return ____exports
