local ____exports = {}
local json = require("resty.openclaw.core.text.json")
--- A number, or null if there is none, or JSON cannot express it.
local function number(value)
    if value == nil or value ~= value or value == math.huge or value == -math.huge then
        return "null"
    end
    return string.format("%.14g", value)
end
--- One node.
function ____exports.node(report)
    return string.format(
        "{\"address\":%s,\"state\":%s,\"reason\":%s,\"seconds_left\":%s,\"weight\":%s,\"drain\":%s,\"in_flight\":%s,\"effective_weight\":%s,\"service_seconds\":%s,\"concurrency\":%s,\"changed\":%s}",
        json.text(report.address),
        json.text(report.state),
        report.reason == nil and "null" or json.text(report.reason),
        number(report.seconds_left),
        number(report.weight),
        tostring(report.drain),
        number(report.in_flight),
        number(report.effective_weight),
        number(report.service_seconds),
        number(report.concurrency),
        tostring(report.changed)
    )
end
--- A node that was removed.
function ____exports.removed(address)
    return string.format(
        "{\"address\":%s,\"removed\":true}",
        json.text(address)
    )
end
local function removed_field(addresses)
    if addresses == nil then
        return ""
    end
    local texts = {}
    for ____, address in ipairs(addresses) do
        texts[#texts + 1] = json.text(address)
    end
    return (",\"removed\":[" .. table.concat(texts, ",")) .. "]"
end
--- The fields of an upstream, without the braces. `is_degraded`, and the addresses of nodes that an operator removed, are left out if
-- the upstream does not provide them.
function ____exports.upstream(reports, is_degraded, addresses)
    local nodes = {}
    for ____, report in ipairs(reports) do
        nodes[#nodes + 1] = ____exports.node(report)
    end
    local degraded = is_degraded == nil and "" or ("\"degraded\":" .. tostring(is_degraded)) .. ","
    return (((degraded .. "\"nodes\":[") .. table.concat(nodes, ",")) .. "]") .. removed_field(addresses)
end
return ____exports
