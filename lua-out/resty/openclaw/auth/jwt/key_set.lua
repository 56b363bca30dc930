local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local setmetatable = setmetatable
local tostring = tostring
local type = type
local table_concat = table.concat
local algorithms = require("resty.openclaw.auth.jwt.algorithms")
local algorithms_NAMES = algorithms.NAMES
local json_object = require("resty.openclaw.auth.jwt.json_object")
local json_object_read = json_object.read
local json_web_key = require("resty.openclaw.auth.jwt.json_web_key")
local json_web_key_read = json_web_key.read
local MOST_BYTES = 262144
____exports.MOST_BYTES = MOST_BYTES
local MOST_KEYS = 64
____exports.MOST_KEYS = MOST_KEYS
local LIMITS = {max_depth = 8, max_members = 4096, unique_names = true}
local PROBLEMS = {
    no_json = "is not JSON",
    no_object = "is not a JSON object",
    too_deep = ("is nested deeper than " .. tostring(LIMITS.max_depth)) .. " levels",
    too_many_members = ("has more than " .. tostring(LIMITS.max_members)) .. " members",
    duplicate_name = "has a name twice in one object"
}
local function find(self, algorithm, kid)
    local choices = kid == nil and self.all or self.by_kid[kid]
    local key = choices and choices[algorithm]
    local ____temp_2
    if key == false then
        ____temp_2 = nil
    else
        ____temp_2 = key
    end
    return ____temp_2
end
local function has(self, kid)
    return self.by_kid[kid] ~= nil
end
local metatable = {__index = {find = find, has = has}}
--- Adds a key where it fits; whether another one fits there, too.
local function add_choice(choices, key)
    local is_shared = false
    for ____, algorithm in ipairs(key.algorithms) do
        if choices[algorithm] ~= nil then
            is_shared = true
        end
        local ____choices_4 = choices
        local ____choices_has_result_3
        if choices[algorithm] ~= nil then
            ____choices_has_result_3 = false
        else
            ____choices_has_result_3 = key
        end
        ____choices_4[algorithm] = ____choices_has_result_3
    end
    return is_shared
end
--- Adds a key; whether another one has its id, and fits one of its algorithms.
local function add(set, keys, key)
    keys[#keys + 1] = key
    add_choice(set.all, key)
    if key.kid == nil then
        return false
    end
    local choices = set.by_kid[key.kid] or ({})
    set.by_kid[key.kid] = choices
    return add_choice(choices, key)
end
local function add_algorithms(found, choices)
    for algorithm, key in pairs(choices) do
        if key ~= false then
            found[algorithm] = true
        end
    end
end
--- The algorithms with which any token can be verified.
local function usable(set)
    local found = {}
    add_algorithms(found, set.all)
    for ____, choices in pairs(set.by_kid) do
        add_algorithms(found, choices)
    end
    local sorted = {}
    for ____, algorithm in ipairs(algorithms_NAMES) do
        if found[algorithm] ~= nil then
            sorted[#sorted + 1] = algorithm
        end
    end
    return sorted
end
--- What is wrong where the keys are for none of the accepted algorithms; nothing where they are. Phases: any.
local function misfit(given, accepted)
    for ____, name in ipairs(accepted) do
        for ____, its_name in ipairs(given) do
            if name == its_name then
                return nil
            end
        end
    end
    return (("the keys are for " .. table_concat(given, ", ")) .. ", and not for ") .. table_concat(accepted, ", ")
end
____exports.misfit = misfit
--- Whether a key is in the set already, under the same name and for the same algorithms.
local function is_repeated(keys, key)
    local names = table_concat(key.algorithms, " ")
    for ____, other in ipairs(keys) do
        local is_same = other.text == key.text and other.kid == key.kid
        if is_same and table_concat(other.algorithms, " ") == names then
            return true
        end
    end
    return false
end
--- Fills the set; `pause` is called between keys.
local function read_all(given, pause)
    local keys = {}
    local skipped = {}
    local set = setmetatable({
        keys = keys,
        skipped = skipped,
        algorithms = {},
        by_kid = {},
        all = {}
    }, metatable)
    for place = 1, #given do
        local key, err = json_web_key_read(given[place])
        if key == nil then
            skipped[#skipped + 1] = (("key " .. tostring(place)) .. " ") .. err
        elseif is_repeated(keys, key) then
            skipped[#skipped + 1] = ("key " .. tostring(place)) .. " is in the set already"
        elseif add(set, keys, key) then
            skipped[#skipped + 1] = ("key " .. tostring(place)) .. " has the id of another key for the same algorithm"
        end
        if pause ~= nil then
            pause()
        end
    end
    set.algorithms = usable(set)
    return set
end
--- The keys of a JWKS. Those that cannot be used are skipped, for reasons that stand in `skipped`. Nil and why when the text is no JWKS,
-- is longer than 256 KB, has more than 64 keys, or none that can be used, or none for one of the `needs` of a source; no part of the
-- text is in that.
-- 
-- A key takes up to a millisecond; `pause` is called between keys, for those who may yield (`time_slice.paced`). If two keys have one id
-- and fit one algorithm, none of them is used for that algorithm, as nobody can tell which of them is meant. Phases: any, with `pause` those in which it may be called.
local function parse(text, needs, pause)
    if #text > MOST_BYTES then
        return nil, ("the JWKS is longer than " .. tostring(MOST_BYTES)) .. " bytes"
    end
    local object, problem = json_object_read(text, LIMITS)
    if object == nil then
        return nil, "the JWKS " .. PROBLEMS[problem]
    end
    local given = object.keys
    if type(given) ~= "table" then
        return nil, "the JWKS has no list \"keys\""
    end
    local list = given
    if #list > MOST_KEYS then
        return nil, ("the JWKS has more than " .. tostring(MOST_KEYS)) .. " keys"
    end
    local set = read_all(list, pause)
    if #set.algorithms == 0 then
        local why = #set.skipped == 0 and "" or ": " .. tostring(set.skipped[1])
        return nil, "the JWKS has no key that can be used" .. why
    end
    for ____, accepted in ipairs(needs or ({})) do
        local wrong = misfit(set.algorithms, accepted)
        if wrong ~= nil then
            return nil, wrong
        end
    end
    return set
end
____exports.parse = parse
return ____exports
