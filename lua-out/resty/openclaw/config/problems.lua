local ____exports = {}
--- A value as shown in error messages: strings in quotes, tables as their type only.
function ____exports.shown(value)
    if value == nil then
        return "nothing"
    end
    if type(value) == "string" then
        return (string.gsub(
            string.format("%q", value),
            "\n",
            "n"
        ))
    end
    if type(value) == "table" then
        return (next(value)) == nil and "an empty table" or "a table"
    end
    return tostring(value)
end
--- The path of an option in a table. The outermost one is "setup:", so that its options are "setup: routes" and so on.
function ____exports.child(path, name)
    local is_outermost = string.byte(path, -1) == string.byte(":")
    local is_plain = string.find(name, "^[%w_.%-]+$")
    if is_plain == nil then
        return (((is_outermost and path .. " " or path) .. "[") .. ____exports.shown(name)) .. "]"
    end
    return is_outermost and (path .. " ") .. name or (path .. ".") .. name
end
--- The beginning of an error message about a path.
function ____exports.beginning(path)
    return string.byte(path, -1) == string.byte(":") and path or path .. ":"
end
--- The error message for an option with a wrong value.
function ____exports.sentence(path, expected, given)
    return (((path .. " must be ") .. expected) .. ", got ") .. ____exports.shown(given)
end
--- The error message for an option that is not a table. The value is not shown, because it may be a secret.
function ____exports.add_no_table(problems, path, expected, given)
    local what = type(given) == "string" and "a string" or ____exports.shown(given)
    problems[#problems + 1] = (((path .. " must be ") .. expected) .. ", got ") .. what
end
--- Adds the error message for an option with a wrong value.
function ____exports.add(problems, path, expected, given)
    problems[#problems + 1] = ____exports.sentence(path, expected, given)
end
--- Raises the error message for an option with a wrong value.
function ____exports.refuse(path, expected, given)
    error(
        ____exports.sentence(path, expected, given),
        0
    )
end
--- Raises all problems, one per line, if there are any.
function ____exports.raise(problems)
    if #problems > 0 then
        error(
            table.concat(problems, "\n"),
            0
        )
    end
end
return ____exports
