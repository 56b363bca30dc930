local ____exports = {}
local error = error
local ipairs = ipairs
local tostring = tostring
local kinds = require("resty.openclaw.config.kinds")
local problem = require("resty.openclaw.config.problems")
local problem_child = problem.child
local problem_inner = problem.inner
local problem_refuse = problem.refuse
local ____schema = require("resty.openclaw.config.schema")
local joined = ____schema.joined
local option = ____schema.option
local redis_client = require("resty.openclaw.redis_client")
local redis_client_SCHEMA = redis_client.SCHEMA
local redis_client_address = redis_client.address
local redis_client_fingerprint = redis_client.fingerprint
local redis_client_kind_of = redis_client.kind_of
local PREFIX_SCHEMA = {prefix = option(kinds.text, "openclaw:limit:", "begins the names of all keys in Redis")}
--- A request waits for Redis, so the timeout is short.
local SCHEMA = joined(
    joined(PREFIX_SCHEMA, redis_client_SCHEMA),
    {timeout_seconds = option(kinds.positive, 0.1, "timeout of a question, including the connection")}
)
--- The option `redis`.
local KIND = redis_client_kind_of(SCHEMA)
____exports.KIND = KIND
--- The options where none are given.
local DEFAULTS = KIND.read({}, "", {})
____exports.DEFAULTS = DEFAULTS
--- A text that is the same for equal options only, and shows no secret. Phases: init.
local function fingerprint(options)
    return redis_client_fingerprint(options, SCHEMA)
end
____exports.fingerprint = fingerprint
--- Begins the names of all keys of a route in Redis. The brackets keep them on one node of a cluster. Phases: init.
local function key_prefix(redis, route)
    return ((redis.prefix .. "{") .. (route == "" and "*" or route)) .. "}:"
end
____exports.key_prefix = key_prefix
--- Raises where an option of Redis is given to a limit that is not counted there.
local function check_store(options, path)
    if options.store == "redis" then
        return
    end
    for ____, name in ipairs({"redis", "on_error"}) do
        if options[name] ~= nil then
            error(
                problem_child(path, name) .. " needs store = \"redis\" beside it",
                0
            )
        end
    end
end
--- Where the Redis limits of a route are counted; nothing where it has none. Raises where none says it, or where these are several places.
-- Phases: init.
local function place_of(given, path)
    local first
    local place
    for index = 1, #given do
        do
            local its_path = ((path .. "[") .. tostring(index)) .. "]"
            local options = given[index]
            check_store(options, its_path)
            if options.store ~= "redis" or options.tokens ~= nil then
                goto __continue10
            end
            first = first or problem_child(its_path, "redis")
            local its = options.redis
            if its == nil then
                goto __continue10
            end
            local its_place = {
                options = its,
                path = problem_child(its_path, "redis")
            }
            if place == nil then
                place = its_place
            elseif fingerprint(place.options) ~= fingerprint(its) then
                local expected = ("as " .. problem_inner(place.path)) .. ", because the limits of a route are counted together, or left out"
                problem_refuse(its_place.path, expected, its)
            end
        end
        ::__continue10::
    end
    if place == nil and first ~= nil then
        local expected = "the place of Redis, such as { host = \"10.0.2.5\" }, or {} for " .. redis_client_address(DEFAULTS)
        problem_refuse(first, expected, nil)
    end
    return place
end
____exports.place_of = place_of
return ____exports
