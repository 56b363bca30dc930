local ____exports = {}
local calls = require("resty.openclaw.admin.call")
local calls_method_of = calls.method_of
local calls_refuse_address = calls.refuse_address
local paths = require("resty.openclaw.admin.limits.path")
local paths_read = paths.read
local resources = require("resty.openclaw.admin.limits.resources")
local resources_RESOURCES = resources.RESOURCES
local resources_subject = resources.subject
--- Answers a request; `parts`: the segments of its path. Phases: content; yields.
local function answer(call, limits, parts)
    local target = paths_read(parts)
    if target == nil then
        return calls_refuse_address(call)
    end
    local method = calls_method_of(call, resources_RESOURCES[target.kind])
    method(
        call,
        resources_subject(call, limits, target)
    )
end
____exports.answer = answer
return ____exports
