local ____exports = {}
local config_names = require("resty.openclaw.config.names")
local config_names_sorted = config_names.sorted
local addresses = require("resty.openclaw.core.http.address")
local addresses_parse = addresses.parse
local calls = require("resty.openclaw.admin.call")
local calls_method_of = calls.method_of
local calls_refuse = calls.refuse
local calls_refuse_address = calls.refuse_address
local calls_those_there = calls.those_there
local paths = require("resty.openclaw.admin.upstreams.path")
local paths_read = paths.read
local ____resources = require("resty.openclaw.admin.upstreams.resources")
local resources_RESOURCES = ____resources.RESOURCES
local RESOURCES = resources_RESOURCES
--- Answers a request; `parts`: the segments of its path. Phases: content; yields.
local function answer(call, upstreams, parts)
    local target = paths_read(parts)
    if target == nil then
        return calls_refuse_address(call)
    end
    local method = calls_method_of(call, RESOURCES[target.kind])
    local name = target.upstream
    local upstream = upstreams[name]
    if upstream == nil and target.kind ~= "upstreams" then
        return calls_refuse(
            call,
            404,
            "unknown_upstream",
            "There is no such upstream." .. calls_those_there(config_names_sorted(upstreams))
        )
    end
    method(call, {upstreams = upstreams, name = name, upstream = upstream, address = (addresses_parse(target.node))})
end
____exports.answer = answer
return ____exports
