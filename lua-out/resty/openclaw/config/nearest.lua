local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local type = type
local math_max = math.max
local math_min = math.min
local string_byte = string.byte
local table_concat = table.concat
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
            local replace = string_byte(left, row) == string_byte(right, column) and 0 or 1
            current[column] = math_min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + replace)
        end
        previous = current
    end
    return previous[#right]
end
--- The known word that is most similar to a word; nothing if none is similar. Phases: any.
local function nearest(word, known)
    local best
    local best_distance = math_max(2, #word / 2)
    for ____, candidate in ipairs(known) do
        local edits = distance(word, candidate)
        if edits < best_distance then
            best = candidate
            best_distance = edits
        end
    end
    return best
end
____exports.nearest = nearest
--- How a sentence on an unknown name goes on: with the one that was most likely meant, else with all there are. Phases: any.
local function or_known(given, known)
    local close = nearest(
        tostring(given),
        known
    )
    return close == nil and "known are " .. table_concat(known, ", ") or ("did you mean \"" .. close) .. "\"?"
end
____exports.or_known = or_known
--- How a sentence goes on that refuses a value: with the known word that was most likely meant, or with nothing. Phases: any.
local function hint(given, known)
    local ____temp_0
    if type(given) == "string" then
        ____temp_0 = nearest(given, known)
    else
        ____temp_0 = nil
    end
    local close = ____temp_0
    return close == nil and "" or ("; did you mean \"" .. close) .. "\"?"
end
____exports.hint = hint
return ____exports
