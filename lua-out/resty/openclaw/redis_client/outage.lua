local ____exports = {}
local tostring = tostring
local math_min = math.min
local string_find = string.find
local string_sub = string.sub
--- Redis repeats the words of a command that it does not know, which may be secret.
local WORDS = ", with args"
--- Longer errors are cut.
local MOST_BYTES = 200
--- ' of the route "analyze"'; empty without a route. Phases: init.
local function of_route(route)
    return route == "" and "" or (" of the route \"" .. route) .. "\""
end
____exports.of_route = of_route
local function without_words(err)
    local words = string_find(err, WORDS, 1, true)
    return (string_sub(
        err,
        1,
        math_min(MOST_BYTES, words == nil and MOST_BYTES or words - 1)
    ))
end
--- The sentence; `err`: what failed, `routes`: how many use this Redis. Phases: any.
local function sentence(outage, err, routes)
    local others = routes > 1 and (" (" .. tostring(routes)) .. " routes use it)" or ""
    local beginning = (((("Redis at " .. outage.address) .. others) .. " does not ") .. outage.fails_to) .. outage.of_route
    return (((beginning .. ": ") .. without_words(err)) .. "; meanwhile ") .. outage.meanwhile
end
____exports.sentence = sentence
--- The sentence when it does again. Phases: any.
local function last_sentence(outage)
    return (("Redis at " .. outage.address) .. " replies again, and ") .. outage.does_again
end
____exports.last_sentence = last_sentence
return ____exports
