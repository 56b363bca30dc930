local ____exports = {}
local ____resource = require("resty.openclaw.admin.cache.resource")
local resource_RESOURCE = ____resource.RESOURCE
local RESOURCE = resource_RESOURCE
local calls = require("resty.openclaw.admin.call")
local calls_method_of = calls.method_of
local calls_refuse_address = calls.refuse_address
--- Answers a request; `parts`: the segments of its path. Phases: content; yields.
local function answer(call, cached, parts)
    if #parts > 0 then
        return calls_refuse_address(call)
    end
    calls_method_of(call, RESOURCE)(call, cached)
end
____exports.answer = answer
return ____exports
