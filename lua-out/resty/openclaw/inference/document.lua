local ____exports = {}
local ____dialects = require("resty.openclaw.inference.dialects")
local ROOT = ____dialects.ROOT
local readings = require("resty.openclaw.inference.fields")
local scanners = require("resty.openclaw.inference.scanner")
local function feed(self, memory, bytes)
    scanners.feed(self.scanner, memory, 0, bytes)
end
local function finish(self, is_whole)
    if is_whole and not scanners.is_whole(self.scanner) then
        self.problem = "it is no JSON, or ends too early"
    end
    return readings.figures_of(self.reading, 0, is_whole, false)
end
local metatable = {__index = {feed = feed, finish = finish}}
--- A reader for one answer. Phases: any.
local function create()
    local reading = readings.new()
    local made = {
        is_stream = false,
        reading = reading,
        scanner = scanners.new(ROOT, reading)
    }
    return setmetatable(made, metatable)
end
____exports.new = create
return ____exports
