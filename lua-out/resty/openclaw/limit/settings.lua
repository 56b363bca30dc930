local ____exports = {}
local error = error
local ipairs = ipairs
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
local table_of = ____schema.table_of
local texts = require("resty.openclaw.core.text.text")
local texts_is_name = texts.is_name
local figures = require("resty.openclaw.limit.figures")
local figures_of = figures.of
local figures_of_tokens = figures.of_tokens
local rates = require("resty.openclaw.limit.rate")
local rates_UNITS = rates.UNITS
local rates_of = rates.of
local rates_of_tokens = rates.of_tokens
local rates_parse = rates.parse
local redis_options = require("resty.openclaw.limit.redis_options")
local redis_options_DEFAULTS = redis_options.DEFAULTS
local redis_options_KIND = redis_options.KIND
local redis_options_key_prefix = redis_options.key_prefix
local reservations = require("resty.openclaw.limit.reservations")
local reservations_of_zone = reservations.of_zone
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
local TOKENS = kinds_whole(1, 1000000000000)
local ANSWER_TOKENS = 1024
local BYTES_PER_TOKEN = 4
local CLASS_SCHEMA = {
    rate = optional(kinds.positive, "requests per `per`; required beside `rate`"),
    tokens = optional(TOKENS, "tokens per `per`; required beside `tokens`"),
    burst = optional(COUNT, "as `burst`"),
    delay = optional(COUNT, "as `delay`")
}
local SCHEMA = {
    name = computed(NAME, "`by`, without `$`; with `tokens` and `_tokens` after it", "the name in metrics, logs and responses"),
    by = option(subjects_KIND, "client", "whose requests are counted together: `\"client\"`, `\"identity\"`, `\"tenant\"`, `\"key\"`, `\"route\"`, or the value of a variable such as `\"$http_x_camera\"`"),
    rate = optional(kinds.positive, "requests per `per`; required without `tokens`, unless `by = \"key\"`, where it is for keys that have no `rate` themselves"),
    tokens = optional(TOKENS, "instead of `rate`: [tokens](#tokens) of language models per `per`"),
    per = option(PER, "second", "the unit of time"),
    burst = computed(COUNT, "0, or `tokens`", "how many requests more may come at once; with `tokens`, how many tokens may be used at once"),
    delay = optional(COUNT, "requests beyond so many of the burst wait until the rate allows them; without it, none waits"),
    class = optional(
        map_of(table_of(CLASS_SCHEMA)),
        "rates or tokens of callers of some classes, such as `{ vip = { rate = 100 } }`"
    ),
    answer_tokens = computed(
        kinds_whole(0, 1000000000),
        tostring(ANSWER_TOKENS),
        "with `tokens`: what is reserved for an answer whose request names no maximum"
    ),
    bytes_per_token = computed(
        kinds.positive,
        tostring(BYTES_PER_TOKEN),
        "with `tokens`: so many bytes of the body count as one token of the prompt until the node says how many it has"
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
local function default_name(____bindingPattern0)
    local tokens
    local by
    by = ____bindingPattern0.by
    tokens = ____bindingPattern0.tokens
    local name = string_gsub(by, "^%$", "")
    return tokens == nil and name or name .. "_tokens"
end
--- Raises where options of requests are given to a limit of tokens, or the other way round.
local function check_kind(options, path)
    local ____options_0 = options
    local rate = ____options_0.rate
    local tokens = ____options_0.tokens
    local by = ____options_0.by
    if tokens ~= nil then
        local function why(name)
            return problem_child(path, name) .. " is not supported with tokens"
        end
        if rate ~= nil then
            error(path .. " must have rate or tokens, not both", 0)
        end
        if options.store == "redis" then
            error(
                why("store") .. ": leave out store = \"redis\"",
                0
            )
        end
        if options.delay ~= nil then
            error(
                why("delay"),
                0
            )
        end
        if options.burst == 0 then
            problem_refuse(
                problem_child(path, "burst"),
                "a number above 0",
                0
            )
        end
        return
    end
    if rate == nil and by ~= "key" then
        error(
            problem_child(path, "rate") .. " must be a number above 0, got nothing; or give tokens",
            0
        )
    end
    for ____, name in ipairs({"answer_tokens", "bytes_per_token"}) do
        if options[name] ~= nil then
            error(
                problem_child(path, name) .. " needs tokens beside it",
                0
            )
        end
    end
end
--- Raises where the options of a class are not of the kind of the limit's.
local function check_class(options, its, path)
    local wanted, other = unpack(options.tokens == nil and ({"rate", "tokens"}) or ({"tokens", "rate"}), 1, 2)
    if its[wanted] == nil then
        problem_refuse(
            problem_child(path, wanted),
            "a number above 0",
            nil
        )
    end
    if its[other] ~= nil then
        error(
            (problem_child(path, other) .. " cannot be given, as the limit has ") .. wanted,
            0
        )
    end
    if options.tokens == nil then
        return
    end
    if its.delay ~= nil then
        error(
            problem_child(path, "delay") .. " is not supported with tokens",
            0
        )
    end
    if its.burst == 0 then
        problem_refuse(
            problem_child(path, "burst"),
            "a number above 0",
            0
        )
    end
end
--- The rate of all callers, or of a class with options of its own; nothing where there is none.
local function make_rate(options, prefix, its)
    local ____options_1 = options
    local per = ____options_1.per
    local burst = ____options_1.burst
    local delay = ____options_1.delay
    local ____temp_2
    if its == nil then
        ____temp_2 = options.tokens
    else
        ____temp_2 = its.tokens
    end
    local tokens = ____temp_2
    if tokens ~= nil then
        return rates_of_tokens(prefix, tokens, per, its and its.burst or burst or tokens)
    end
    local ____temp_5
    if its == nil then
        ____temp_5 = options.rate
    else
        ____temp_5 = its.rate
    end
    local requests = ____temp_5
    if requests == nil then
        return nil
    end
    local its_burst = its and its.burst or burst or 0
    return rates_of(
        prefix,
        requests,
        per,
        its_burst,
        its and its.delay or delay or its_burst
    )
end
local function budget_of(options, route, name, registry)
    if options.tokens == nil then
        return nil
    end
    return {
        answer_tokens = options.answer_tokens or ANSWER_TOKENS,
        bytes_per_token = options.bytes_per_token or BYTES_PER_TOKEN,
        counters = figures_of_tokens(registry, route, name),
        notes = reservations_of_zone(options.zone)
    }
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
    local ____options_10 = options
    local by = ____options_10.by
    local zone = ____options_10.zone
    check_kind(options, path)
    local name = options.name or default_name(options)
    local is_shared = options.store == "redis"
    local separator = is_shared and ":" or "\n"
    local prefix = is_shared and (redis_options_key_prefix(redis, route) .. name) .. ":" or ((route .. "\n") .. name) .. "\n"
    local by_class = {}
    for its_class, its in pairs(options.class or ({})) do
        check_class(
            options,
            its,
            problem_child(
                problem_child(path, "class"),
                its_class
            )
        )
        by_class[its_class] = make_rate(options, (prefix .. its_class) .. separator, its)
    end
    local dict = dict_of(options, path)
    return {
        name = name,
        subject = subjects_of(by),
        rate = make_rate(options, prefix),
        by_text = by == "key" and options.tokens == nil and ({}) or nil,
        options = options,
        prefix = prefix,
        separator = separator,
        by_class = by_class,
        headers = options.headers,
        is_dry_run = options.dry_run,
        is_shared = is_shared,
        on_error = options.on_error or "local",
        zone = zone,
        dict = dict,
        counters = figures_of(registry, route, name),
        budget = budget_of(options, route, name, registry),
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
    local burst = limit.options.burst or 0
    local delay = limit.options.delay or burst
    local rate = rates_of(
        (limit.prefix .. text) .. limit.separator,
        requests,
        per,
        burst,
        delay
    )
    by_text[text] = rate
    return rate
end
--- The rate of a limit for a caller of that class, whose API key may have a rate of its own; nothing if the caller is not limited.
-- Phases: any.
local function rate_of(limit, its_class, text)
    local ____limit_11 = limit
    local by_text = ____limit_11.by_text
    if by_text ~= nil and text ~= nil then
        local own = rate_of_text(limit, by_text, text)
        return own
    end
    local of_class = limit.by_class[its_class]
    return of_class or limit.rate
end
____exports.rate_of = rate_of
--- Raises where two limits have one name, or two of requests, or of tokens, tell OpenAI's clients about themselves.
local function check_together(limits, path)
    local places = {}
    local of_openai = {}
    for index = 1, #limits do
        do
            local ____limits_index_12 = limits[index]
            local name = ____limits_index_12.name
            local headers = ____limits_index_12.headers
            local budget = ____limits_index_12.budget
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
                goto __continue36
            end
            local kind = budget == nil and "requests" or "tokens"
            local first = of_openai[kind]
            if first ~= nil then
                problem_refuse(
                    its_path .. ".headers",
                    ((("another value, as " .. path) .. "[") .. tostring(first)) .. "] has it already",
                    headers
                )
            end
            of_openai[kind] = index
        end
        ::__continue36::
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
