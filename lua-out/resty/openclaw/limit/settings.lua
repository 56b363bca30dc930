local ____exports = {}
local error = error
local ipairs = ipairs
local tostring = tostring
local type = type
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
local option = ____schema.option
local optional = ____schema.optional
local table_of = ____schema.table_of
local classes = require("resty.openclaw.core.request.classes")
local classes_map_of_classes = classes.map_of_classes
local texts = require("resty.openclaw.core.text.text")
local texts_is_name = texts.is_name
local rates = require("resty.openclaw.limit.rate")
local rates_UNITS = rates.UNITS
local redis_options = require("resty.openclaw.limit.redis_options")
local redis_options_KIND = redis_options.KIND
local subjects = require("resty.openclaw.limit.subject")
local subjects_KIND = subjects.KIND
local subjects_variable_of = subjects.variable_of
--- A word of the admin API's addresses.
local TAKEN = {changes = true}
local NAME_TEXT = "1 to 64 of the characters A-Z a-z 0-9 _ . -, and not \"changes\""
local NAME = kinds_of(
    "string",
    NAME_TEXT,
    function(given)
        return type(given) == "string" and texts_is_name(given) and TAKEN[given] == nil
    end
)
local PER = kinds_one_of(unpack(rates_UNITS))
local COUNT = kinds_whole(0, 1000000000)
local TOKENS = kinds_whole(1, 1000000000000)
--- The defaults of two options of tokens, which others must not have.
local ANSWER_TOKENS = 1024
____exports.ANSWER_TOKENS = ANSWER_TOKENS
local BYTES_PER_TOKEN = 4
____exports.BYTES_PER_TOKEN = BYTES_PER_TOKEN
--- Of a class.
local CLASS_SCHEMA = {
    rate = optional(kinds.positive, "requests in the limit's `per`; required unless the limit has `tokens`"),
    tokens = optional(TOKENS, "tokens in the limit's `per`; required if the limit has `tokens`"),
    burst = computed(COUNT, "that of the limit", "as `burst` of the limit; of a limit with `tokens` that sets none, the `tokens` of the class"),
    delay = computed(COUNT, "that of the limit", "as `delay` of the limit")
}
____exports.CLASS_SCHEMA = CLASS_SCHEMA
local SCHEMA = {
    name = computed(NAME, "`by`, without `$`; with `tokens` and `_tokens` after it", "the name in metrics, logs and responses"),
    by = option(subjects_KIND, "client", "whose requests are counted together: `\"client\"`, `\"identity\"`, `\"tenant\"`, `\"key\"`, `\"route\"`, or the value of a variable such as `\"$http_x_camera\"`"),
    rate = optional(kinds.positive, "requests per `per`; required without `tokens`, unless `by = \"key\"`, where it is for keys that have no `rate` themselves"),
    tokens = optional(TOKENS, "instead of `rate`: [tokens](#tokens) of language models per `per`"),
    per = option(PER, "second", "the unit of time"),
    burst = computed(COUNT, "0, or `tokens`", "how many requests more may come at once; with `tokens`, how many tokens may be used at once, at least 1"),
    delay = optional(COUNT, "requests beyond so many of the burst wait until the rate allows them; without it, none waits"),
    class = optional(
        classes_map_of_classes(
            table_of(CLASS_SCHEMA, "{ rate = 100 }"),
            "{ vip = { rate = 100 } }"
        ),
        "rates or tokens of callers of some classes, such as `{ vip = { rate = 100 } }`; see [A class](#a-class)"
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
        "`\"refused\"`: `RateLimit` and `RateLimit-Policy` in 429 responses; `\"ietf\"`: in all responses; `\"openai\"`: also `x-ratelimit-*` in all; some responses [have none](#answers)"
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
    redis = optional(redis_options_KIND, "with `store = \"redis\"`: where Redis or Valkey is; one Redis limit of a route needs it, `{}` is a Redis on this machine; the others may leave it out"),
    zone = option(kinds.text, "openclaw_limit", "the `lua_shared_dict` with the counts, also with `store = \"redis\"`, where it has what was last seen in Redis"),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics")
}
____exports.SCHEMA = SCHEMA
local KIND = kinds_list_of(
    table_of(SCHEMA, "{ rate = 10 }"),
    "limits, such as { { rate = 10 } }"
)
____exports.KIND = KIND
--- A delay begins within the burst.
local function check_delay(delay, burst, path)
    if burst == nil then
        burst = 0
    end
    if delay ~= nil and delay > burst then
        problem_refuse(
            problem_child(path, "delay"),
            "at most burst, which is " .. tostring(burst),
            delay
        )
    end
end
--- A budget that no token ever has room in.
local function refuse_no_burst(path)
    return problem_refuse(
        problem_child(path, "burst"),
        "a whole number from 1, with tokens",
        0
    )
end
--- Raises where options of requests are given to a limit of tokens, or the other way round. Phases: init.
local function check(options, path)
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
            refuse_no_burst(path)
        end
        return
    end
    check_delay(options.delay, options.burst, path)
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
____exports.check = check
--- The variables that the limits are by. Phases: init.
local function readings(limits)
    local found = {}
    for index, ____temp_1 in ipairs(limits) do
        local by
        by = ____temp_1.by
        local variable = subjects_variable_of(by)
        if variable ~= nil then
            found[#found + 1] = {
                option = ("limit[" .. tostring(index)) .. "].by",
                variable = variable
            }
        end
    end
    return found
end
____exports.readings = readings
--- Raises where the options of a class are not of the kind of the limit's. Phases: init.
local function check_class(options, its, path)
    local wanted, other = unpack(options.tokens == nil and ({"rate", "tokens"}) or ({"tokens", "rate"}), 1, 2)
    if its[other] ~= nil then
        local limits_of_other = other == "tokens" and "a budget of tokens" or "a limit of requests"
        error(
            (((((problem_child(path, other) .. " is for ") .. limits_of_other) .. "; this limit has ") .. wanted) .. ", so write ") .. wanted,
            0
        )
    end
    if its[wanted] == nil then
        problem_refuse(
            problem_child(path, wanted),
            "a number above 0",
            nil
        )
    end
    if options.tokens == nil then
        check_delay(its.delay, its.burst or options.burst, path)
        return
    end
    if its.delay ~= nil then
        error(
            problem_child(path, "delay") .. " is not supported with tokens",
            0
        )
    end
    if its.burst == 0 then
        refuse_no_burst(path)
    end
end
____exports.check_class = check_class
return ____exports
