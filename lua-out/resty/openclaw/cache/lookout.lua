local ____exports = {}
local lookouts = require("resty.openclaw.core.process.lookout")
local lookouts_keep = lookouts.keep
local lookouts_new = lookouts.new
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local awaited_keys = require("resty.openclaw.cache.awaited_keys")
local awaited_keys_look = awaited_keys.look
local live_streams = require("resty.openclaw.cache.live_streams")
local live_streams_look = live_streams.look
--- How often the worker looks, while few wait: an answer of another worker goes unnoticed for so long.
local LOOK_SECONDS = 0.005
local function look(now)
    local awaits = awaited_keys_look(now)
    local reads = live_streams_look(now)
    return awaits or reads
end
local lookout = lookouts_new("route", LOOK_SECONDS, look)
--- Sees to it that the worker looks. To be called before each wait. Phases: access.
local function keep(____bindingPattern0)
    local route
    local faults
    faults = ____bindingPattern0.faults
    route = ____bindingPattern0.route
    lookouts_keep(
        lookout,
        clock_now(),
        faults,
        route
    )
end
____exports.keep = keep
return ____exports
