local ____exports = {}
local ipairs = ipairs
local math_huge = math.huge
local math_max = math.max
local math_min = math.min
local string_lower = string.lower
local table_remove = table.remove
local table_sort = table.sort
local ____question = require("resty.openclaw.core.dns.question")
local question = ____question.question
local ____entries = require("resty.openclaw.balancer.discovery.entries")
local entries_MOST_ENTRIES = ____entries.MOST_ENTRIES
local MOST_ENTRIES = entries_MOST_ENTRIES
local ____name = require("resty.openclaw.balancer.discovery.name")
local is_host = ____name.is_host
local function comes_first(left, right)
    if left.host ~= right.host then
        return left.host < right.host
    end
    local ____temp_0
    if left.port ~= right.port then
        ____temp_0 = left.port < right.port
    else
        ____temp_0 = left.weight > right.weight
    end
    return ____temp_0
end
--- The root, ".", as a target.
local function is_closed(record)
    return record.target == ""
end
local function is_usable(record)
    return is_host(record.target) and record.port > 0
end
--- The hosts with the lowest priority number, sorted, 256 at most. Empty if the records say that there is no such service. Nil and why
-- if no record can be used. Pure Lua.
local function places_of(records)
    local lowest = math_huge
    local closed = false
    for ____, record in ipairs(records) do
        if is_closed(record) then
            closed = true
        elseif is_usable(record) then
            lowest = math_min(lowest, record.priority)
        end
    end
    local places = {}
    if closed and lowest == math_huge then
        return places
    end
    if lowest == math_huge then
        return nil, "no usable SRV record"
    end
    for ____, record in ipairs(records) do
        if record.priority == lowest and is_usable(record) then
            places[#places + 1] = {
                host = string_lower(record.target),
                port = record.port,
                weight = math_max(record.weight, 1)
            }
        end
    end
    table_sort(places, comes_first)
    while #places > MOST_ENTRIES do
        table_remove(places)
    end
    return places
end
____exports.places_of = places_of
--- A question, already answered if its answer came with another one.
local function question_about(host, ____type, came_along)
    local about = question(host, ____type)
    local records = {}
    for ____, record in ipairs(came_along) do
        if record.type == ____type and string_lower(record.name) == host then
            records[#records + 1] = record
            about.seconds = math_min(about.seconds, record.ttl)
        end
    end
    if #records > 0 then
        about.records = records
        about.err = nil
    end
    return about
end
____exports.question_about = question_about
return ____exports
