local ____exports = {}
local pcall = pcall
local setmetatable = setmetatable
local tostring = tostring
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local SECONDS_BETWEEN_LINES = 60
local function report(self, kind, ...)
    self.family:labels(self.plugin, kind):inc()
    local now = clock_now()
    if now < (self.next_line[kind] or 0) then
        self.unlogged[kind] = (self.unlogged[kind] or 0) + 1
        return
    end
    local unlogged = self.unlogged[kind] or 0
    local more = unlogged > 0 and (" (and " .. tostring(unlogged)) .. " times since the last line)" or ""
    self.next_line[kind] = now + SECONDS_BETWEEN_LINES
    self.unlogged[kind] = 0
    local is_logged = pcall(
        ngx.log,
        ngx.ERR,
        self.plugin,
        ": ",
        kind,
        more,
        ": ",
        ...
    )
    if not is_logged then
        ngx.log(
            ngx.ERR,
            self.plugin,
            ": ",
            kind,
            more,
            ": an error without a text"
        )
    end
end
local function report_each(self, kind, ...)
    self.next_line[kind] = nil
    self:report(kind, ...)
end
local metatable = {__index = {report = report, report_each = report_each}}
--- The faults of one plugin. Phases: init.
local function create(plugin, registry)
    local family = metric_registry_counter(registry, "openclaw_faults_total", "Faults inside the gateway, by plugin and kind.", {"plugin", "kind"})
    family.is_essential = true
    local fields = {plugin = plugin, family = family, next_line = {}, unlogged = {}}
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
