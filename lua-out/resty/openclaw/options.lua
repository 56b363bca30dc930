local ____exports = {}
--- How a value is shown in a sentence: strings in quotes, tables by their kind only.
local function shown(value)
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
        return "a table"
    end
    return tostring(value)
end
--- Stops with `owner: "name" must be <expected>, got <value>`. Never returns.
function ____exports.refuse(owner, name, expected, value)
    error(
        string.format(
            "%s: \"%s\" must be %s, got %s",
            owner,
            name,
            expected,
            shown(value)
        ),
        0
    )
end
--- Edits (insert, remove, replace) that turn one word into the other: Wagner and Fischer, 1974.
local function distance(left, right)
    local previous = {}
    for column = 0, #right do
        previous[column] = column
    end
    for row = 1, #left do
        local current = {}
        current[0] = row
        for column = 1, #right do
            local replace = string.byte(left, row) == string.byte(right, column) and 0 or 1
            current[column] = math.min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + replace)
        end
        previous = current
    end
    return previous[#right]
end
local function nearest(name, known)
    local best
    local best_distance = math.max(2, #name / 2)
    for ____, candidate in ipairs(known) do
        local edits = distance(name, candidate)
        if edits < best_distance then
            best = candidate
            best_distance = edits
        end
    end
    return best
end
--- Refuses a value that is not a table, and any option that is not in `known`, naming the nearest known one.
function ____exports.check(owner, options, known)
    if type(options) ~= "table" then
        error(
            (owner .. ": options must be a table, got ") .. shown(options),
            0
        )
    end
    local is_known = {}
    for ____, name in ipairs(known) do
        is_known[name] = true
    end
    for name in pairs(options) do
        if not (is_known[name] ~= nil) then
            local close = nearest(
                tostring(name),
                known
            )
            local hint = close == nil and "known are " .. table.concat(known, ", ") or ("did you mean \"" .. close) .. "\"?"
            error(
                (((owner .. ": unknown option ") .. shown(name)) .. "; ") .. hint,
                0
            )
        end
    end
    return options
end
--- Text with at least one letter.
function ____exports.text(owner, options, name, fallback)
    local ____options_name_0 = options[name]
    if ____options_name_0 == nil then
        ____options_name_0 = fallback
    end
    local value = ____options_name_0
    if type(value) ~= "string" or value == "" then
        ____exports.refuse(owner, name, "a text", value)
    end
    return value
end
--- True or false.
function ____exports.flag(owner, options, name, fallback)
    local value = options[name]
    if value == nil then
        return fallback
    end
    if type(value) ~= "boolean" then
        ____exports.refuse(owner, name, "true or false", value)
    end
    return value
end
--- A number above 0 (and not NaN, not infinite).
function ____exports.positive(owner, options, name, fallback)
    local ____options_name_1 = options[name]
    if ____options_name_1 == nil then
        ____options_name_1 = fallback
    end
    local value = ____options_name_1
    if type(value) ~= "number" or not (value > 0) or value == math.huge then
        ____exports.refuse(owner, name, "a number above 0", value)
    end
    return value
end
--- A number from 0 to 1.
function ____exports.share(owner, options, name, fallback)
    local ____options_name_2 = options[name]
    if ____options_name_2 == nil then
        ____options_name_2 = fallback
    end
    local value = ____options_name_2
    if type(value) ~= "number" or not (value >= 0 and value <= 1) then
        ____exports.refuse(owner, name, "a number from 0 to 1", value)
    end
    return value
end
--- A whole number from `least` up, to `most` where that is given.
function ____exports.whole(owner, options, name, least, fallback, most)
    if most == nil then
        most = math.huge
    end
    local ____options_name_3 = options[name]
    if ____options_name_3 == nil then
        ____options_name_3 = fallback
    end
    local value = ____options_name_3
    if type(value) ~= "number" or value < least or value % 1 ~= 0 or value == math.huge then
        ____exports.refuse(
            owner,
            name,
            ("a whole number from " .. tostring(least)) .. " up",
            value
        )
    end
    if value > most then
        ____exports.refuse(
            owner,
            name,
            (("a whole number from " .. tostring(least)) .. " to ") .. tostring(most),
            value
        )
    end
    return value
end
--- One of a few words.
function ____exports.one_of(owner, options, name, words, fallback)
    local ____options_name_4 = options[name]
    if ____options_name_4 == nil then
        ____options_name_4 = fallback
    end
    local value = ____options_name_4
    for ____, word in ipairs(words) do
        if value == word then
            return word
        end
    end
    return ____exports.refuse(
        owner,
        name,
        "one of " .. table.concat(words, ", "),
        value
    )
end
--- A list (a Lua array) with at least one entry; the entries are for the caller to read.
function ____exports.list(owner, options, name, fallback)
    local ____options_name_5 = options[name]
    if ____options_name_5 == nil then
        ____options_name_5 = fallback
    end
    local value = ____options_name_5
    if type(value) ~= "table" or #value == 0 then
        ____exports.refuse(owner, name, "a list with at least one entry", value)
    end
    return value
end
--- A table of options of its own, or nothing.
function ____exports.group(owner, options, name)
    local value = options[name]
    if value ~= nil and type(value) ~= "table" then
        ____exports.refuse(owner, name, "a table", value)
    end
    return value
end
--- A function, or nothing.
function ____exports.callback(owner, options, name)
    local value = options[name]
    if value ~= nil and type(value) ~= "function" then
        ____exports.refuse(owner, name, "a function", value)
    end
    return value
end
return ____exports
