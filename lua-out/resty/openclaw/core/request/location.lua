local ____exports = {}
local tonumber = tonumber
local ffi = require("ffi")
local ffi_cast = ffi.cast
local request_head = require("resty.openclaw.core.request.request_head")
local request_head_present = request_head.present
--- A number that stands for the location of the request at hand, or for the `if` in it, as long as the worker lives. Nothing where that cannot be
-- told. Phases: any.
local function number()
    local head = request_head_present()
    local ____temp_0
    if head == nil then
        ____temp_0 = nil
    else
        ____temp_0 = tonumber(ffi_cast("uintptr_t", head.location_conf))
    end
    return ____temp_0
end
____exports.number = number
return ____exports
