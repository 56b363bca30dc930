local ____exports = {}
local ipairs = ipairs
local string_format = string.format
local table_concat = table.concat
local redis_client = require("resty.openclaw.redis_client")
local redis_client_address = redis_client.address
local outages = require("resty.openclaw.redis_client.outage")
local outages_of_route = outages.of_route
____exports.sentence = outages.sentence
____exports.last_sentence = outages.last_sentence
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
        address = redis_client_address(options),
        fails_to = "count requests",
        does_again = "counts requests",
        of_route = outages_of_route(route),
        meanwhile = table_concat(effects, ", ")
    }
end
____exports.new = create
return ____exports
