local ____exports = {}
local pairs = pairs
local tostring = tostring
local type = type
local string_gsub = string.gsub
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_of = kinds.of
local kinds_one_of = kinds.one_of
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_child = problem.child
local problem_refuse = problem.refuse
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local map_of = ____schema.map_of
local option = ____schema.option
local optional = ____schema.optional
local required = ____schema.required
local table_of = ____schema.table_of
local texts = require("resty.openclaw.core.text.text")
local texts_is_name = texts.is_name
local figures = require("resty.openclaw.limit.figures")
local figures_of = figures.of
local rates = require("resty.openclaw.limit.rate")
local rates_UNITS = rates.UNITS
local rates_of = rates.of
local rates_parse = rates.parse
local redis_options = require("resty.openclaw.limit.redis_options")
local redis_options_DEFAULTS = redis_options.DEFAULTS
local redis_options_KIND = redis_options.KIND
local redis_options_key_prefix = redis_options.key_prefix
local subjects = require("resty.openclaw.limit.subject")
local subjects_KIND = subjects.KIND
local subjects_of = subjects.of
local NAME = kinds_of(
    "string",
    "1 to 64 of the characters A-Z a-z 0-9 _ . -",
    function(given)
        return type(given) == "string" and texts_is_name(given)
    end
)
local PER = kinds_one_of(unpack(rates_UNITS))
local COUNT = kinds_whole(0, 1000000000)
local CLASS_SCHEMA = {
    rate = required(kinds.positive, "requests per `per`"),
    burst = optional(COUNT, "as `burst`"),
    delay = optional(COUNT, "as `delay`")
}
local SCHEMA = {
    name = computed(NAME, "`by`, without `$`", "the name in metrics, logs and responses"),
    by = option(subjects_KIND, "client", "whose requests are counted together: `\"client\"`, `\"identity\"`, `\"tenant\"`, `\"key\"`, `\"route\"`, or the value of a variable such as `\"$http_x_camera\"`"),
    rate = optional(kinds.positive, "requests per `per`; required unless `by = \"key\"`, where it is for keys that have no `rate` themselves"),
    per = option(PER, "second", "the unit of time"),
    burst = option(COUNT, 0, "how many requests more may come at once"),
    delay = optional(COUNT, "requests beyond so many of the burst wait until the rate allows them; without it, none waits"),
    class = optional(
        map_of(table_of(CLASS_SCHEMA)),
        "rates of callers of some classes, such as `{ vip = { rate = 100 } }`"
    ),
    headers = option(
        kinds_one_of("refused", "ietf", "openai"),
        "refused",
        "`RateLimit` and `RateLimit-Policy` in 429 responses, or (`\"ietf\"`) in all; `\"openai\"`: also `x-ratelimit-*` in all"
    ),
    dry_run = option(kinds.flag, false, "counts and logs requests beyond the limit, and refuses none"),
    store = option(
        kinds_one_of("dict", "redis"),
        "dict",
        "where requests are counted: `\"dict\"`, for this gateway alone, or `\"redis\"`, for all gateways together"
    ),
    on_error = computed(
        kinds_one_of("local", "open", "closed"),
        "`\"local\"`",
        "with `store = \"redis\"`: while Redis does not reply, each gateway has its part of the limit (`\"local\"`), accepts all requests (`\"open\"`), or rejects them with 503 (`\"closed\"`)"
    ),
    redis = optional(redis_options_KIND, "with `store = \"redis\"`: where Redis or Valkey is; of the limits of a route one is enough"),
    zone = option(kinds.text, "openclaw_limit", "the `lua_shared_dict` with the counts, also with `store = \"redis\"`, where it has what was last seen in Redis"),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics")
}
____exports.SCHEMA = SCHEMA
local KIND = kinds_list_of(table_of(SCHEMA))
____exports.KIND = KIND
local function default_name(by)
    local name = string_gsub(by, "^%$", "")
    return name
end
local function dict_of(options, path)
    local dict = ngx.shared[options.zone]
    if dict ~= nil then
        return dict
    end
    return problem_refuse(
        problem_child(path, "zone"),
        "the name of a lua_shared_dict; nginx/openclaw.conf declares \"openclaw_limit\"",
        options.zone
    )
end
--- `redis`: where the Redis limits of the route are counted.
local function limit_of(options, path, route, redis, registry)
    local ____options_0 = options
    local by = ____options_0.by
    local per = ____options_0.per
    local burst = ____options_0.burst
    local zone = ____options_0.zone
    local name = options.name or default_name(by)
    local is_shared = options.store == "redis"
    local separator = is_shared and ":" or "\n"
    local prefix = is_shared and (redis_options_key_prefix(redis, route) .. name) .. ":" or ((route .. "\n") .. name) .. "\n"
    local requests = options.rate
    if requests == nil and by ~= "key" then
        problem_refuse(
            problem_child(path, "rate"),
            "a number above 0",
            requests
        )
    end
    local ____temp_1
    if requests == nil then
        ____temp_1 = nil
    else
        ____temp_1 = rates_of(
            prefix,
            requests,
            per,
            burst,
            options.delay or burst
        )
    end
    local rate = ____temp_1
    local by_class = {}
    for its_class, its in pairs(options.class or ({})) do
        local its_burst = its.burst or burst
        local its_delay = its.delay or options.delay or its_burst
        by_class[its_class] = rates_of(
            (prefix .. its_class) .. separator,
            its.rate,
            per,
            its_burst,
            its_delay
        )
    end
    return {
        name = name,
        subject = subjects_of(by),
        rate = rate,
        by_text = by == "key" and ({}) or nil,
        options = options,
        prefix = prefix,
        separator = separator,
        by_class = by_class,
        headers = options.headers,
        is_dry_run = options.dry_run,
        is_shared = is_shared,
        on_error = options.on_error or "local",
        zone = zone,
        dict = dict_of(options, path),
        counters = figures_of(registry, route, name),
        is_taken = false
    }
end
--- The rate of a limit by its text in an API key. Kept, as keys have few different ones.
local function rate_of_text(limit, by_text, text)
    local known = by_text[text]
    if known ~= nil then
        return known
    end
    local requests, per = rates_parse(text)
    if requests == nil then
        return limit.rate
    end
    local ____limit_options_2 = limit.options
    local burst = ____limit_options_2.burst
    local delay = ____limit_options_2.delay
    local rate = rates_of(
        (limit.prefix .. text) .. limit.separator,
        requests,
        per,
        burst,
        delay or burst
    )
    by_text[text] = rate
    return rate
end
--- The rate of a limit for a caller of that class, whose API key may have a rate of its own; nothing if the caller is not limited.
-- Phases: any.
local function rate_of(limit, its_class, text)
    local ____limit_3 = limit
    local by_text = ____limit_3.by_text
    if by_text ~= nil and text ~= nil then
        local own = rate_of_text(limit, by_text, text)
        return own
    end
    local of_class = limit.by_class[its_class]
    return of_class or limit.rate
end
____exports.rate_of = rate_of
--- Raises where two limits have one name, or both tell OpenAI's clients about themselves.
local function check_together(limits, path)
    local places = {}
    local of_openai
    for index = 1, #limits do
        do
            local ____limits_index_4 = limits[index]
            local name = ____limits_index_4.name
            local headers = ____limits_index_4.headers
            local earlier = places[name]
            local its_path = ((path .. "[") .. tostring(index)) .. "]"
            if earlier ~= nil then
                problem_refuse(
                    its_path .. ".name",
                    ((("another name than that of " .. path) .. "[") .. tostring(earlier)) .. "]",
                    name
                )
            end
            places[name] = index
            if headers ~= "openai" then
                goto __continue15
            end
            if of_openai ~= nil then
                problem_refuse(
                    its_path .. ".headers",
                    ((("another value, as " .. path) .. "[") .. tostring(of_openai)) .. "] has it already",
                    headers
                )
            end
            of_openai = index
        end
        ::__continue15::
    end
end
--- The limits of a route. `redis`: where they are counted in Redis. Raises where they are wrong together. Phases: init.
function ____exports.limits(given, path, route, redis, registry)
    local found = {}
    for index = 1, #given do
        local its_path = ((path .. "[") .. tostring(index)) .. "]"
        found[#found + 1] = limit_of(
            given[index],
            its_path,
            route,
            redis or redis_options_DEFAULTS,
            registry
        )
    end
    check_together(found, path)
    return found
end
return ____exports
