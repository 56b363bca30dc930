local ____exports = {}
local ffi = require("ffi")
ffi.cdef("extern const char ngx_posted_delayed_events;")
local function delayed_events()
    return ffi.C.ngx_posted_delayed_events
end
local has_delayed_events = pcall(delayed_events)
local SECONDS = has_delayed_events and 0 or 0.001
--- Goes on when all who wait have had their turn. Phases: those that may yield.
function ____exports.pass()
    ngx.sleep(SECONDS)
end
return ____exports
