local ____exports = {}
local setmetatable = setmetatable
local scanners = require("resty.openclaw.core.text.json.scanner")
local scanners_feed = scanners.feed
local scanners_is_whole = scanners.is_whole
local scanners_new = scanners.new
local ____dialects = require("resty.openclaw.inference.dialects")
local dialects_ROOT = ____dialects.ROOT
local ROOT = dialects_ROOT
local readings = require("resty.openclaw.inference.fields")
local readings_figures_of = readings.figures_of
local readings_new = readings.new
local function feed(self, memory, bytes)
    scanners_feed(self.scanner, memory, 0, bytes)
end
local function finish(self, is_whole)
    if is_whole and not scanners_is_whole(self.scanner) then
        self.problem = "it is no JSON, or ends too early"
    end
    return readings_figures_of(self.reading, 0, is_whole, false)
end
local metatable = {__index = {feed = feed, finish = finish}}
--- A reader for one answer. Phases: any.
local function create()
    local reading = readings_new()
    local made = {
        is_stream = false,
        reading = reading,
        scanner = scanners_new(ROOT, reading)
    }
    return setmetatable(made, metatable)
end
____exports.new = create
return ____exports
