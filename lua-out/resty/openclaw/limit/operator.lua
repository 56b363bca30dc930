local ____exports = {}
local ipairs = ipairs
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local changes = require("resty.openclaw.limit.changes")
local changes_change = changes.change
local changes_is_changed = changes.is_changed
local changes_present = changes.present
local changes_take_back = changes.take_back
local function rate_report(rate, is_of_tokens, delay)
    local ____changes_present_result_0 = changes_present(rate)
    local requests = ____changes_present_result_0.requests
    local capacity = ____changes_present_result_0.capacity
    local burst = is_of_tokens and capacity or capacity - 1
    return {
        amount = requests,
        burst = burst,
        delay = delay,
        is_changed = changes_is_changed(rate)
    }
end
local function report_of(limit)
    local ____limit_1 = limit
    local name = ____limit_1.name
    local options = ____limit_1.options
    local rate = ____limit_1.rate
    local by_class = ____limit_1.by_class
    local is_dry_run = ____limit_1.is_dry_run
    local is_of_tokens = limit.budget ~= nil
    local classes = {}
    for ____, its_class in ipairs(names_sorted(by_class)) do
        local its_delay = options.class[its_class].delay or options.delay
        local ____rate_report_result_2 = rate_report(by_class[its_class], is_of_tokens, its_delay)
        local amount = ____rate_report_result_2.amount
        local burst = ____rate_report_result_2.burst
        local delay = ____rate_report_result_2.delay
        local is_changed = ____rate_report_result_2.is_changed
        classes[#classes + 1] = {
            name = its_class,
            amount = amount,
            burst = burst,
            delay = delay,
            is_changed = is_changed
        }
    end
    return {
        name = name,
        by = options.by,
        unit = is_of_tokens and "tokens" or "requests",
        per = options.per,
        rate = rate and rate_report(rate, is_of_tokens, options.delay),
        classes = classes,
        store = options.store,
        is_dry_run = is_dry_run
    }
end
--- What the limits are like now. Phases: any.
local function report(limits)
    local found = {}
    for ____, limit in ipairs(limits) do
        found[#found + 1] = report_of(limit)
    end
    return found
end
____exports.report = report
local function find(limits, name, its_class)
    for ____, limit in ipairs(limits) do
        if limit.name == name then
            local ____temp_3
            if its_class == nil then
                ____temp_3 = limit.rate
            else
                ____temp_3 = limit.by_class[its_class]
            end
            return ____temp_3
        end
    end
    return nil
end
--- Changes the rate of a limit, or of a class of its callers, for all workers; without a patch it is as configured again. Returns false
-- if there is no such rate, or with why it was not stored. Phases: those that may yield.
local function change(limits, name, its_class, patch)
    local rate = find(limits, name, its_class)
    if rate == nil then
        return false
    end
    local ____temp_4
    if patch == nil then
        ____temp_4 = changes_take_back(rate)
    else
        ____temp_4 = changes_change(rate, patch.amount, patch.burst)
    end
    local err = ____temp_4
    return err == nil, err
end
____exports.change = change
return ____exports
