local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_format = string.format
local table_concat = table.concat
local redis_options = require("resty.openclaw.limit.redis_options")
local redis_options_address = redis_options.address
local EFFECTS = {["local"] = "each gateway applies its part of the limit \"%s\" (on_error = \"local\")", open = "the limit \"%s\" accepts all requests (on_error = \"open\")", closed = "the limit \"%s\" rejects all requests with 503 (on_error = \"closed\")"}
local ON_TRIAL = "the limit \"%s\" accepts all requests (dry_run = true)"
local function effect_of(limit)
    local effect = limit.is_dry_run and limit.on_error == "closed" and ON_TRIAL or EFFECTS[limit.on_error]
    return (string_format(effect, limit.name))
end
--- The parts for the Redis limits of a route. Phases: init.
local function create(options, route, limits)
    local effects = {}
    for ____, limit in ipairs(limits) do
        effects[#effects + 1] = effect_of(limit)
    end
    return {
        address = redis_options_address(options),
        of_route = route == "" and "" or (" of the route \"" .. route) .. "\"",
        meanwhile = table_concat(effects, ", ")
    }
end
____exports.new = create
--- The sentence; `err`: what failed, `routes`: how many use this Redis. Phases: any.
local function sentence(outage, err, routes)
    local others = routes > 1 and (" (" .. tostring(routes)) .. " routes use it)" or ""
    local beginning = ((("Redis at " .. outage.address) .. others) .. " does not count requests") .. outage.of_route
    return (((beginning .. ": ") .. err) .. "; meanwhile ") .. outage.meanwhile
end
____exports.sentence = sentence
--- The sentence when it does again. Phases: any.
local function last_sentence(outage)
    return ("Redis at " .. outage.address) .. " replies again, and counts requests"
end
____exports.last_sentence = last_sentence
return ____exports
