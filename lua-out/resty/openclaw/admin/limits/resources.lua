local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local table_concat = table.concat
local config_names = require("resty.openclaw.config.names")
local config_names_sorted = config_names.sorted
local body = require("resty.openclaw.admin.body")
local body_read = body.read
local calls = require("resty.openclaw.admin.call")
local calls_answer = calls.answer
local calls_note = calls.note
local calls_refuse = calls.refuse
local calls_refuse_unstored = calls.refuse_unstored
local calls_those_there = calls.those_there
local patches = require("resty.openclaw.admin.limits.limit_patch")
local patches_read = patches.read
local shown = require("resty.openclaw.admin.limits.shown")
local shown_all = shown.all
local shown_limit = shown.limit
local shown_of_class = shown.of_class
local shown_of_route = shown.of_route
local function find(all, name)
    for ____, one in ipairs(all) do
        if one.name == name then
            return one
        end
    end
    return nil
end
local function names_of(all)
    local found = {}
    for ____, ____value in ipairs(all) do
        local name = ____value.name
        found[#found + 1] = name
    end
    return found
end
--- What the request is about. Ends the request if there is none such. Phases: content.
local function subject(call, limits, target)
    local ____target_0 = target
    local route = ____target_0.route
    local name = ____target_0.limit
    local class_name = ____target_0.its_class
    local limited = limits[route]
    if limited == nil and route ~= "" then
        return calls_refuse(
            call,
            404,
            "unknown_route",
            "There is no such route, or it has no limits." .. calls_those_there(config_names_sorted(limits))
        )
    end
    local limit = limited and find(
        limited:report(),
        name
    )
    if limit == nil and name ~= "" then
        return calls_refuse(
            call,
            404,
            "unknown_limit",
            "The route has no such limit." .. calls_those_there(names_of(limited:report()))
        )
    end
    local ____temp_1
    if class_name == nil then
        ____temp_1 = nil
    else
        ____temp_1 = find(limit.classes, class_name)
    end
    local its_class = ____temp_1
    if its_class == nil and class_name ~= nil then
        return calls_refuse(
            call,
            404,
            "unknown_class",
            "The limit has no rate for such a class." .. calls_those_there(names_of(limit.classes))
        )
    end
    return {
        limits = limits,
        target = target,
        limited = limited,
        limit = limit,
        its_class = its_class
    }
end
____exports.subject = subject
local function show_all(call, ____bindingPattern0)
    local limits
    limits = ____bindingPattern0.limits
    calls_answer(
        call,
        200,
        shown_all(limits)
    )
end
local function show_route(call, ____bindingPattern0)
    local limited
    local target
    target = ____bindingPattern0.target
    limited = ____bindingPattern0.limited
    calls_answer(
        call,
        200,
        shown_of_route(target.route, limited)
    )
end
--- Shows the limit or the class that the path names, as it is now.
local function show(call, ____bindingPattern0)
    local limited
    local target
    target = ____bindingPattern0.target
    limited = ____bindingPattern0.limited
    local ____target_2 = target
    local route = ____target_2.route
    local name = ____target_2.limit
    local its_class = ____target_2.its_class
    local limit = find(
        limited:report(),
        name
    )
    if its_class == nil then
        return calls_answer(
            call,
            200,
            shown_limit(route, limit)
        )
    end
    calls_answer(
        call,
        200,
        shown_of_class(
            limit.unit,
            find(limit.classes, its_class)
        )
    )
end
local function set(call, about, patch)
    local ____about_3 = about
    local target = ____about_3.target
    local limited = ____about_3.limited
    local is_changed, err = limited:change(target.limit, target.its_class, patch)
    if is_changed then
        return
    end
    if err ~= nil then
        return calls_refuse_unstored(call, err)
    end
    calls_refuse(call, 404, "no_rate", "The limit has no rate of its own: its callers have theirs by their API keys.")
end
local function note(____bindingPattern0, what, more)
    if more == nil then
        more = ""
    end
    local target
    target = ____bindingPattern0.target
    local ____target_4 = target
    local route = ____target_4.route
    local limit = ____target_4.limit
    local its_class = ____target_4.its_class
    local of_class = its_class == nil and "" or (" for class \"" .. its_class) .. "\""
    calls_note(((((((what .. " limit \"") .. limit) .. "\" of route \"") .. route) .. "\"") .. of_class) .. more)
end
--- The patch in words, for the log.
local function description(____bindingPattern0, ____bindingPattern1)
    local burst
    local amount
    amount = ____bindingPattern0.amount
    burst = ____bindingPattern0.burst
    local limit
    local target
    local limited
    limited = ____bindingPattern1.limited
    target = ____bindingPattern1.target
    limit = ____bindingPattern1.limit
    local ____limit_5 = limit
    local unit = ____limit_5.unit
    local per = ____limit_5.per
    local parts = {}
    if amount ~= nil then
        parts[#parts + 1] = (((tostring(amount) .. " ") .. unit) .. " per ") .. per
    end
    if burst ~= nil then
        parts[#parts + 1] = "burst " .. tostring(burst)
    elseif unit == "tokens" then
        local now = find(
            limited:report(),
            target.limit
        )
        local ____temp_6
        if target.its_class == nil then
            ____temp_6 = now.rate
        else
            ____temp_6 = find(now.classes, target.its_class)
        end
        local its = ____temp_6
        parts[#parts + 1] = "burst " .. tostring(its.burst)
    end
    return ": " .. table_concat(parts, ", ")
end
local function change(call, about)
    local patch, code, message = patches_read(
        body_read(call),
        about.limit.unit
    )
    if patch == nil then
        return calls_refuse(call, 400, code, message)
    end
    local ____temp_7 = about.its_class or about.limit.rate or ({})
    local delay = ____temp_7.delay
    if delay ~= nil and patch.burst ~= nil and patch.burst < delay then
        local least = ("burst must be at least the delay of nginx.conf, which is " .. tostring(delay)) .. "."
        return calls_refuse(call, 400, "bad_change", least)
    end
    set(call, about, patch)
    note(
        about,
        "changed",
        description(patch, about)
    )
    show(call, about)
end
local function forget_changes(call, about)
    set(call, about, nil)
    note(about, "took back the changes of")
    show(call, about)
end
local SHOW = "GET, HEAD"
local RATE = {allow = SHOW .. ", PUT", methods = {GET = show, HEAD = show, PUT = change}, hint = " DELETE …/changes takes back a change."}
--- The resource of each kind of path.
local RESOURCES = {
    all = {allow = SHOW, methods = {GET = show_all, HEAD = show_all}},
    route = {allow = SHOW, methods = {GET = show_route, HEAD = show_route}},
    limit = RATE,
    class = RATE,
    changes = {allow = "DELETE", methods = {DELETE = forget_changes}}
}
____exports.RESOURCES = RESOURCES
return ____exports
