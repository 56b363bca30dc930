local ____exports = {}
local ipairs = ipairs
local string_format = string.format
local string_gsub = string.gsub
local table_concat = table.concat
local calls = require("resty.openclaw.admin.call")
local calls_answer = calls.answer
local calls_note = calls.note
local calls_refuse = calls.refuse
local calls_refuse_unstored = calls.refuse_unstored
local calls_those_there = calls.those_there
local purge_query = require("resty.openclaw.admin.cache.purge_query")
local purge_query_read = purge_query.read
local shown = require("resty.openclaw.admin.cache.shown")
local shown_all = shown.all
local shown_purged = shown.purged
local function show(call, cached)
    calls_answer(
        call,
        200,
        shown_all(cached)
    )
end
local function has(all, name)
    for ____, one in ipairs(all) do
        if one == name then
            return true
        end
    end
    return false
end
--- A name in a line of the log.
local function quoted(name)
    return ("\"" .. (string_gsub(name, "%c", "?"))) .. "\""
end
--- In words, for the log.
local function description(____bindingPattern0)
    local key
    local model
    local tenant
    local route
    route = ____bindingPattern0.route
    tenant = ____bindingPattern0.tenant
    model = ____bindingPattern0.model
    key = ____bindingPattern0.key
    local parts = {}
    if route ~= nil then
        parts[#parts + 1] = "route " .. quoted(route)
    end
    if tenant ~= nil then
        parts[#parts + 1] = "tenant " .. quoted(tenant)
    end
    if model ~= nil then
        parts[#parts + 1] = "model " .. quoted(model)
    end
    if key ~= nil then
        parts[#parts + 1] = "key " .. key
    end
    return #parts == 0 and "everything" or table_concat(parts, ", ")
end
local function note(filter, ____bindingPattern0)
    local is_all
    local generation
    generation = ____bindingPattern0.generation
    is_all = ____bindingPattern0.is_all
    local what = description(filter)
    local more = is_all and what ~= "everything" and ", and with it everything" or ""
    calls_note(string_format("purged the cache of %s%s: purge %d", what, more, generation))
end
local function purge(call, ____bindingPattern0)
    local purges
    local routes
    routes = ____bindingPattern0.routes
    purges = ____bindingPattern0.purges
    local filter, code, message = purge_query_read()
    if filter == nil then
        return calls_refuse(call, 400, code, message)
    end
    if purges == nil then
        return calls_refuse(call, 409, "purges_not_kept", "Nothing was purged: setup needs the option cache = { purges = \"/var/lib/openclaw/purges\" }, a file in which purges are kept.")
    end
    if filter.route ~= nil and not has(routes, filter.route) then
        local there = calls_those_there(routes)
        return calls_refuse(call, 404, "unknown_route", "There is no such route, or it has no cache." .. there)
    end
    local made, err = purges:add(filter)
    if made == nil then
        return calls_refuse_unstored(call, err)
    end
    note(filter, made)
    calls_answer(
        call,
        200,
        shown_purged(filter, made)
    )
end
local RESOURCE = {allow = "GET, HEAD, DELETE", methods = {GET = show, HEAD = show, DELETE = purge}}
____exports.RESOURCE = RESOURCE
return ____exports
