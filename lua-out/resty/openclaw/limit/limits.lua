local ____exports = {}
local pairs = pairs
local tostring = tostring
local string_gsub = string.gsub
local problem = require("resty.openclaw.config.problems")
local problem_child = problem.child
local problem_inner = problem.inner
local problem_refuse = problem.refuse
local changes = require("resty.openclaw.limit.changes")
local changes_is_changed = changes.is_changed
local changes_new = changes.new
local changes_present = changes.present
local figures = require("resty.openclaw.limit.figures")
local figures_of = figures.of
local figures_of_tokens = figures.of_tokens
local open_reservations = require("resty.openclaw.limit.open_reservations")
local open_reservations_of_zone = open_reservations.of_zone
local rates = require("resty.openclaw.limit.rate")
local rates_of = rates.of
local rates_of_tokens = rates.of_tokens
local rates_parse = rates.parse
local redis_options = require("resty.openclaw.limit.redis_options")
local redis_options_DEFAULTS = redis_options.DEFAULTS
local redis_options_key_prefix = redis_options.key_prefix
local settings = require("resty.openclaw.limit.settings")
local settings_ANSWER_TOKENS = settings.ANSWER_TOKENS
local settings_BYTES_PER_TOKEN = settings.BYTES_PER_TOKEN
local settings_check = settings.check
local settings_check_class = settings.check_class
local subjects = require("resty.openclaw.limit.subject")
local subjects_of = subjects.of
local function default_name(____bindingPattern0)
    local tokens
    local by
    by = ____bindingPattern0.by
    tokens = ____bindingPattern0.tokens
    local name = string_gsub(by, "^%$", "")
    return tokens == nil and name or name .. "_tokens"
end
--- Makes rates of tokens with these options, or of requests. The keys of buckets in the dict name the rate, so that a reload with another
-- one begins anew. Those in Redis do so only where an operator has changed it, as gateways get a new configuration one after another.
-- 
-- @param prefix ends in the separator
local function maker(options, its, prefix, separator)
    local ____options_0 = options
    local per = ____options_0.per
    local is_shared = options.store == "redis"
    local configured = its and its.burst or options.burst
    local delay = its and its.delay or options.delay
    local is_of_tokens = options.tokens ~= nil
    return function(amount, burst, is_changed)
        local its_burst = burst or configured or (is_of_tokens and amount or 0)
        local is_named = is_changed or not is_shared
        local keys = is_named and ((((((prefix .. separator) .. tostring(amount)) .. "/") .. per) .. "+") .. tostring(its_burst)) .. separator or prefix
        if is_of_tokens then
            return rates_of_tokens(keys, amount, per, its_burst)
        end
        return rates_of(
            keys,
            amount,
            per,
            its_burst,
            delay or its_burst
        )
    end
end
local function budget_of(options, route, name, registry)
    if options.tokens == nil then
        return nil
    end
    return {
        answer_tokens = options.answer_tokens or settings_ANSWER_TOKENS,
        bytes_per_token = options.bytes_per_token or settings_BYTES_PER_TOKEN,
        counters = figures_of_tokens(registry, route, name),
        notes = open_reservations_of_zone(options.zone)
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
--- Says at a reload that an operator's change is in force still, whatever nginx.conf says now.
local function note_change(rate, route, name, its_class)
    if not changes_is_changed(rate) then
        return
    end
    local of_class = its_class == nil and "" or (" for class \"" .. its_class) .. "\""
    local ____changes_present_result_5 = changes_present(rate)
    local text = ____changes_present_result_5.text
    local what = ((((((("limit \"" .. name) .. "\" of route \"") .. route) .. "\"") .. of_class) .. " is ") .. text) .. ", as an operator has set it, not as nginx.conf says"
    ngx.log(ngx.NOTICE, "limit: ", what, "; docs/admin.md says how to take that back")
end
--- `redis`: where the Redis limits of the route are counted.
local function limit_of(options, path, route, redis, registry)
    local ____options_6 = options
    local by = ____options_6.by
    local zone = ____options_6.zone
    settings_check(options, path)
    local name = options.name or default_name(options)
    local is_shared = options.store == "redis"
    local separator = is_shared and ":" or "\n"
    local prefix = is_shared and (redis_options_key_prefix(redis, route) .. name) .. ":" or ((route .. "\n") .. name) .. "\n"
    local unit = options.tokens == nil and "requests" or "tokens"
    local rate_in_memory = (((((("limit\n" .. route) .. "\n") .. name) .. "\n") .. unit) .. " per ") .. options.per
    local by_class = {}
    for its_class, its in pairs(options.class or ({})) do
        settings_check_class(
            options,
            its,
            problem_child(
                problem_child(path, "class"),
                its_class
            )
        )
        local its_prefix = (prefix .. its_class) .. separator
        local make = maker(options, its, its_prefix, separator)
        local amount = its.tokens or its.rate
        local its_name = (rate_in_memory .. "\n") .. its_class
        local its_rate = changes_new(registry.region, its_name, make, amount)
        note_change(its_rate, route, name, its_class)
        by_class[its_class] = its_rate
    end
    local amount = options.tokens or options.rate
    local make = maker(options, nil, prefix, separator)
    local ____temp_7
    if amount == nil then
        ____temp_7 = nil
    else
        ____temp_7 = changes_new(registry.region, rate_in_memory, make, amount)
    end
    local rate = ____temp_7
    if rate ~= nil then
        note_change(rate, route, name)
    end
    local dict = dict_of(options, path)
    return {
        name = name,
        subject = subjects_of(by),
        rate = rate,
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
        return limit.rate and changes_present(limit.rate)
    end
    local burst = limit.options.burst or 0
    local delay = limit.options.delay or burst
    local its_name = limit.is_shared and text or (text .. "+") .. tostring(burst)
    local rate = rates_of(
        (limit.prefix .. its_name) .. limit.separator,
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
    local ____limit_8 = limit
    local by_text = ____limit_8.by_text
    if by_text ~= nil and text ~= nil then
        local own = rate_of_text(limit, by_text, text)
        return own
    end
    local rate = limit.by_class[its_class] or limit.rate
    if rate == nil then
        return nil
    end
    local present = changes_present(rate)
    return present
end
____exports.rate_of = rate_of
--- Raises where two limits have one name, or two of requests, or of tokens, tell OpenAI's clients about themselves.
local function check_together(limits, path)
    local places = {}
    local of_openai = {}
    local inner = problem_inner(path)
    for index = 1, #limits do
        do
            local ____limits_index_9 = limits[index]
            local name = ____limits_index_9.name
            local headers = ____limits_index_9.headers
            local budget = ____limits_index_9.budget
            local earlier = places[name]
            local its_path = ((path .. "[") .. tostring(index)) .. "]"
            if earlier ~= nil then
                problem_refuse(
                    its_path .. ".name",
                    ((("another name than that of " .. inner) .. "[") .. tostring(earlier)) .. "]",
                    name
                )
            end
            places[name] = index
            if headers ~= "openai" then
                goto __continue22
            end
            local kind = budget == nil and "requests" or "tokens"
            local first = of_openai[kind]
            if first ~= nil then
                problem_refuse(
                    its_path .. ".headers",
                    ((("another value, as " .. inner) .. "[") .. tostring(first)) .. "] has it already",
                    headers
                )
            end
            of_openai[kind] = index
        end
        ::__continue22::
    end
end
--- The limits of a route. `redis`: where they are counted in Redis. Raises where they are wrong together. Phases: init.
function ____exports.make(given, path, route, redis, registry)
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
